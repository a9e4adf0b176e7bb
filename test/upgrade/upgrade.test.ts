/**
 * A data folder of an older version opens as it is: every message with its UID, UIDVALIDITY and POP3 name, nothing for
 * `check` to complain of, however often the upgrade is killed.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { problemsIn } from '../crash/data-folder.ts';
import { Random, seedOf } from '../crash/random.ts';
import { ImapClient } from '../imap-client.ts';
import { listeningAt } from '../kit/listeners.ts';
import { runCommand, spawnMain, startServer } from '../kit/server.ts';
import { type Census, takeCensus } from './census.ts';

const SEED = seedOf('BREVDUVA_TEST_SEED');
const KILLS = 12;
const VERSIONS = ['0.1'];
const QUIET = ['--no-demo', ...['--set', 'listen.imap=127.0.0.1:0'], ...listeningAt('', ['imap'])];

interface Fixture {
  readonly password: string;
  readonly accounts: readonly string[];
  readonly expected: Readonly<Record<'clean' | 'killed', Census>>;
}

for (const version of VERSIONS) {
  const fixture = JSON.parse(
    readFileSync(join(import.meta.dirname, `data-${version}.json`), 'utf8'),
  ) as Fixture;
  describe(`a data folder of version ${version}`, () => {
    for (const kind of ['clean', 'killed'] as const) {
      it(`after a server that was ${kind === 'clean' ? 'stopped' : 'killed'}`, { timeout: 60_000 }, () =>
        inFolder(version, kind, async (data) => {
          assert.deepEqual(await census(data, fixture), fixture.expected[kind]);
          const { code, stdout, stderr } = await runCommand(['check', '--data', data]);
          assert.equal(code, 0, stdout + stderr);
          assert.match(stdout, /^checked 3 accounts, .*: no problems$/m);
          assert.equal(stderr, '', 'nothing is taken for a loss');
          assert.deepEqual(await census(data, fixture), fixture.expected[kind], 'nor at the second start');
          await goesOn(data, fixture, kind);
        }),
      );
    }

    it(`killed at any moment of the upgrade (BREVDUVA_TEST_SEED=${SEED})`, { timeout: 120_000 }, () =>
      inFolder(version, 'killed', async (data) => {
        const random = new Random(SEED);
        for (let n = 0; n < KILLS; n++) {
          // A server goes on with the facts of old messages after it is ready.
          const child = spawnMain(
            n % 2 === 0 ? ['check', '--data', data] : ['serve', '--data', data, ...QUIET],
          );
          const exited = new Promise((resolve) => child.once('exit', resolve));
          child.stderr?.resume();
          await Promise.race([sleep(random.integer(150, 1500)), exited]);
          child.kill('SIGKILL');
          await exited;
        }
        assert.deepEqual(await problemsIn(data), []);
        const found = await census(data, fixture);
        assert.deepEqual(messagesIn(found), messagesIn(fixture.expected.killed));
      }),
    );
  });
}

async function inFolder(version: string, kind: string, run: (data: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'brevduva-upgrade-'));
  try {
    execFileSync('tar', ['-C', folder, '-xzf', join(import.meta.dirname, `data-${version}.tar.gz`)]);
    execFileSync('chmod', ['-R', 'go=', folder]);
    await run(join(folder, kind));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function census(data: string, { accounts, password }: Fixture): Promise<Census> {
  const server = await startServer({ data, config: { 'log.level': 'warn' } });
  try {
    return await takeCensus({ imap: server.port('imap'), pop3: server.port('pop3') }, accounts, password);
  } finally {
    assert.equal(await server.stop(), 0);
    assert.doesNotMatch(server.log, /is not what it was|is missing/);
  }
}

/** The next message gets the UID that was announced. */
async function goesOn(data: string, { password }: Fixture, kind: string): Promise<void> {
  const server = await startServer({ data });
  try {
    const client = await ImapClient.signIn(server.port('imap'), 'ann@example.com', password);
    const { text } = await client.ok('APPEND Work/2026 {3+}\r\nhey');
    assert.match(text, new RegExp(`APPENDUID \\d+ ${kind === 'clean' ? 131 : 132}\\]`));
    client.close();
  } finally {
    await server.stop();
  }
}

/** Without the numbers that an unclean stop moves on. */
function messagesIn(census: Census): unknown {
  return Object.entries(census).map(([account, { mailboxes, subscribed, pop3 }]) => [
    account,
    subscribed,
    pop3,
    Object.entries(mailboxes).map(([name, { uidValidity, messages }]) => [name, uidValidity, messages]),
  ]);
}
