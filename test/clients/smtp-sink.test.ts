/**
 * Postfix's own test server as the next hop, which refuses, defers, hangs and drops at whichever command it is told to: what the queue does
 * with each, and that a message comes once when the hop is well again.
 */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { FAST, openQueue, type QueueKit, TEXT, zoneFor } from '../kit/queue.ts';
import { needs, start } from './program.ts';

const LONG = `${TEXT}.\r\n..\r\n${'a line of a long letter\r\n'.repeat(20_000)}`;

describe('smtp-sink', { ...needs('smtp-sink'), timeout: 240_000 }, () => {
  let folder: string;
  let port: number;
  let sink: ChildProcess | undefined;
  let queue: QueueKit;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'brevduva-sink-'));
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    port = (probe.address() as { port: number }).port;
    probe.close();
    await once(probe, 'close');
  });
  afterEach(async () => {
    await queue?.close();
    await stop();
    forget();
  });
  after(() => rmSync(folder, { recursive: true }));

  async function stop(): Promise<void> {
    if (sink === undefined) return;
    const ended = once(sink, 'exit');
    sink.kill('SIGKILL');
    await ended;
    sink = undefined;
  }

  /** With these options; what it takes is a file each. */
  async function serve(...options: readonly string[]): Promise<void> {
    await stop();
    const user = process.getuid?.() === 0 ? ['-u', 'root'] : [];
    sink = start('smtp-sink', [...user, '-d', 'taken.', ...options, `127.0.0.1:${port}`, '100'], {
      cwd: folder,
    });
    sink.stdout?.resume();
    sink.stderr?.resume();
    for (const endMs = performance.now() + 20_000; performance.now() < endMs; await pause(20)) {
      const socket = connect(port, '127.0.0.1');
      const isThere = await once(socket, 'connect').then(
        () => true,
        () => false,
      );
      socket.destroy();
      if (isThere) return;
    }
    throw new Error('smtp-sink does not begin');
  }

  /** Transactions that came to their end. */
  const taken = (): string[] =>
    readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), 'latin1'))
      .filter((text) => /^X-Rcpt-Args:/m.test(text) && text.includes('Hello.'));

  async function open(): Promise<void> {
    const schedule = { ...FAST, giveUpMs: 120_000, giveUpReportsMs: 120_000 };
    queue = await openQueue({ zone: zoneFor('example.org'), port, schedule });
  }

  /** The message waits, and this was said of it. */
  async function waits(said: RegExp): Promise<void> {
    for (const endMs = performance.now() + 30_000; performance.now() < endMs; await pause(50)) {
      const [waiting] = await queue.kit.domain.store.outgoing.list(0, 10, queue.sender.id);
      const [first] = waiting?.recipients ?? [];
      assert.equal(first?.state, 'waiting');
      if (said.test(first?.lastReply ?? '')) return;
    }
    assert.fail('it was not tried');
  }

  const forget = (): void => {
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
  };

  it('takes what it is given, with few words and with many', async () => {
    await open();
    for (const options of [[], ['-p'], ['-8', '-E', '-N'], ['-e']]) {
      await serve(...options);
      await queue.send(['bo@example.org'], { text: LONG });
      await queue.empty();
      const [text, ...more] = taken();
      assert.deepEqual(more, [], options.join(' '));
      assert.match(text ?? '', /Hello\.\r?\n\.\r?\n\.\.\r?\n/, options.join(' '));
      forget();
    }
  });

  const passing: readonly (readonly [what: string, options: readonly string[], said: RegExp])[] = [
    ['defers the sender', ['-r', 'MAIL'], /^450 4\.3\.0/],
    ['defers the recipient', ['-r', 'RCPT'], /^450 4\.3\.0/],
    ['defers DATA', ['-r', 'DATA'], /^450 4\.3\.0/],
    ['defers the message', ['-r', '.'], /^450 4\.3\.0/],
    ['is about to go', ['-Q', 'RCPT'], /421/],
    ['drops at the recipient', ['-q', 'RCPT'], /./],
    ['drops at DATA', ['-q', 'DATA'], /./],
    ['drops at the dot', ['-q', '.'], /./],
    ['hangs at DATA', ['-w', '60'], /./],
    ['refuses whoever connects', ['-f', 'CONNECT'], /./],
  ];
  for (const [what, options, said] of passing)
    it(`that ${what}: the message waits, and comes once when the hop is well`, async () => {
      await open();
      await serve(...options);
      await queue.send(['bo@example.org'], { text: LONG });
      await waits(said);
      await stop();
      forget();
      await serve();
      await queue.empty(60_000);
      assert.equal(taken().length, 1);
    });

  const lasting: readonly (readonly [what: string, options: readonly string[], said: RegExp])[] = [
    ['refuses the sender', ['-f', 'MAIL'], /500 5\.3\.0/],
    ['refuses the recipient', ['-f', 'RCPT', '-B', '550 5.1.1 nobody here'], /550 5\.1\.1 nobody here/],
    ['refuses DATA', ['-f', 'DATA'], /500 5\.3\.0/],
    ['refuses the message', ['-f', '.'], /500 5\.3\.0/],
    ['refuses in the middle of the message and reads no more', ['-A', '0'], /550 /],
  ];
  for (const [what, options, said] of lasting)
    it(`that ${what}: its sender is told, and it is not tried again`, async () => {
      await open();
      await serve(...options);
      const id = await queue.send(['bo@example.org'], { text: LONG });
      await queue.empty(30_000);
      const [report, ...more] = (await queue.kit.messagesOf('anna@example.com')).map(String);
      assert.deepEqual(more, []);
      assert.match(report ?? '', said);
      const tries = (await queue.events(id)).filter((text) => /bo@example\.org/.test(text));
      // Who closes the connection behind a refusal may be too fast for us to hear it the first time.
      if (!options.includes('-A')) assert.ok(tries.length <= 2, tries.join('\n'));
    });
});
