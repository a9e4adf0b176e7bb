/**
 * A server that sends is killed again and again, at any moment: between accepting and sending, in the middle of a message, between the
 * next server's word and the row that says so, in a delivery, in a report. In the end everything that was accepted is with the next server
 * or in the mailbox or reported; nothing of ours is there twice.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startDns } from '../kit/dns.ts';
import { openTestDomain } from '../kit/domain.ts';
import { entry } from '../kit/entry.ts';
import { type NextHop, startNextHop } from '../kit/next-hop.ts';
import { zoneFor } from '../kit/queue.ts';
import { runs } from '../kit/runs.ts';
import { Random, seedOf } from './random.ts';

const SEED = seedOf('BREVDUVA_TEST_SEED');
const ROUNDS = runs(6);
const PER_ROUND = 60;

interface Sender {
  readonly child: ChildProcess;
  readonly accepted: Set<number>;
  said: string;
}

function startSender(args: readonly (string | number)[], accepted: Set<number>): Sender {
  const script = entry('test/crash/queue-sender.ts');
  const child = spawn(process.execPath, [script, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const sender: Sender = { child, accepted, said: '' };
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    sender.said += chunk;
    for (const [, n] of sender.said.matchAll(/^accepted (\d+)$/gm)) accepted.add(Number(n));
  });
  return sender;
}

async function until(what: string, holds: () => boolean, ms = 60_000): Promise<void> {
  for (const untilMs = performance.now() + ms; !holds(); await pause(5))
    assert.ok(performance.now() < untilMs, `waited in vain for ${what}`);
}

describe('a server that sends', () => {
  it(`loses nothing and doubles nothing when it is killed (${ROUNDS} times, BREVDUVA_TEST_SEED=${SEED})`, async () => {
    const data = mkdtempSync(join(tmpdir(), 'brevduva-queue-kill-'));
    const random = new Random(SEED);
    const behaviour = (event: string) => {
      if (/^RCPT.*<no/.test(event)) return '550 5.1.1 no such user';
      return /^RCPT/.test(event) && random.chance(0.1) ? '450 4.2.0 later' : undefined;
    };
    const hop = await startNextHop({ behaviour });
    const dns = await startDns({ zone: zoneFor('example.org') });
    const accepted = new Set<number>();
    let next = 0;
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const sender = startSender([data, hop.port, dns.port, PER_ROUND, next], accepted);
        const exited = once(sender.child, 'exit');
        const goal = next + random.integer(0, PER_ROUND - 1);
        await until('it to accept', () => accepted.has(goal) || sender.child.exitCode !== null);
        await pause(random.integer(0, 60));
        sender.child.kill('SIGKILL');
        await exited;
        next += PER_ROUND;
      }
      const last = startSender([data, hop.port, dns.port, 0, next], accepted);
      const exited = once(last.child, 'exit');
      await until('the queue to be empty', () => last.said.includes('empty'), 90_000);
      assert.equal((await exited)[0], 0);
      await settle(data, hop, accepted);
    } finally {
      await hop.close();
      await dns.close();
      rmSync(data, { recursive: true, force: true });
    }
  });
});

async function settle(data: string, hop: NextHop, accepted: ReadonlySet<number>): Promise<void> {
  assert.ok(accepted.size > ROUNDS);
  const kit = await openTestDomain({ data });
  const numbersIn = (texts: readonly string[]) =>
    texts.map((text) => Number(/message (\d+)\./.exec(text)?.[1]));
  const bo = (await kit.messagesOf('bo@example.com')).map(String);
  const reports = (await kit.messagesOf('anna@example.com')).map(String);
  await kit.close();
  const delivered = numbersIn(bo);
  assert.equal(new Set(delivered).size, delivered.length, 'a message is in the mailbox twice');
  const arrived = new Map<number, Set<string>>();
  for (const { data: text, recipients } of hop.mails) {
    const [n] = numbersIn([text]) as [number];
    assert.ok(text.endsWith(`message ${n}.\r\n`), 'half a message has arrived');
    if (recipients.some(({ address }) => address === `r${n}@example.org`))
      arrived.set(n, (arrived.get(n) ?? new Set()).add(text));
  }
  const told = new Map<string, number>();
  for (const report of reports)
    for (const [, address = ''] of report.matchAll(/^Final-Recipient: rfc822; (\S+)\r$/gm))
      told.set(address, (told.get(address) ?? 0) + 1);
  for (const n of accepted) {
    assert.ok(delivered.includes(n), `message ${n} was accepted and is not in the mailbox`);
    assert.equal(arrived.get(n)?.size, 1, `message ${n} has not arrived, or not as it was`);
    if (n % 5 === 0)
      assert.equal(told.get(`no${n}@example.org`), 1, `what became of message ${n} was not told once`);
  }
}
