/**
 * A backup of a server of one process and of several, while people write and mail is packed; and what comes out of it. Nothing that was acknowledged
 * before it began is missing, and nobody is given a number that somebody may know for something else.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { BackupReport } from '../../src/backup/make-backup.ts';
import { ImapClient } from '../imap-client.ts';
import { type Answer, JmapClient } from '../kit/jmap.ts';
import { runCommand, startServer, type TestServer } from '../kit/server.ts';
import { append, furnish, letter, mailOf, PASSWORD, PEOPLE, seenBy, settingsOf } from './house.ts';

const root = mkdtempSync(join(tmpdir(), 'brevduva-backup-'));
after(() => rmSync(root, { recursive: true, force: true }));
const [ANN, BOB] = PEOPLE;
const CONFIG = { 'auth.plaintext': 'always', 'log.level': 'warn' };
const WRITERS = 4;

interface Writer {
  readonly mailbox: string;
  /** Hashes of what was acknowledged so far. */
  readonly done: readonly string[];
  stop(): Promise<void>;
}

/** Appends until it is told to stop. */
function write(server: TestServer, person: string, name: string): Writer {
  let isStopped = false;
  const done: string[] = [];
  const work = async (): Promise<void> => {
    const client = await ImapClient.signIn(server.port('imap'), person, PASSWORD);
    await client.ok(`CREATE ${name}`);
    for (let n = 0; !isStopped; n++) {
      const text = letter(`${name}-${n}`, n % 7 === 0 ? 90_000 : 500);
      await append(client, name, text);
      done.push(createHash('sha256').update(text).digest('hex'));
      if (n % 5 === 4) await client.ok(`SELECT ${name}`);
      if (n % 5 === 4) await client.ok('STORE 1 +FLAGS (\\Flagged)');
    }
    client.close();
  };
  const working = work();
  return {
    ...{ mailbox: name, done },
    async stop() {
      isStopped = true;
      await working;
    },
  };
}

async function backUp(server: TestServer, set: string, ...more: string[]): Promise<BackupReport> {
  const { code, stdout, stderr } = await server.cli(['backup', set, '--json', ...more]);
  assert.equal(code, 0, stdout + stderr);
  return JSON.parse(stdout) as BackupReport;
}

async function jmapOf(server: TestServer, person: string): Promise<JmapClient> {
  const base = `http://127.0.0.1:${server.port('http')}`;
  const { primaryAccounts } = await new JmapClient(base, person, PASSWORD, '').session();
  return new JmapClient(base, person, PASSWORD, Object.values(primaryAccounts)[0] as string);
}

async function statesOf(jmap: JmapClient): Promise<readonly (readonly [string, string])[]> {
  const states: [string, string][] = [];
  for (const type of ['Email', 'Mailbox', 'Thread'])
    states.push([type, ((await jmap.call(`${type}/get`, { ids: [] })) as Answer).state]);
  return states;
}

for (const workers of [1, 3]) {
  describe(`a backup of ${workers} processes`, () => {
    const data = join(root, `data${workers}`);
    const set = join(root, `set${workers}`);
    const restored = join(root, `restored${workers}`);

    before(async () => {
      const server = await startServer({ data, workers, config: CONFIG });
      await furnish(server);
      await server.cli(['compact']);
      await server.stop();
    });

    it('comes back as it was, and ahead of what anybody has seen', { timeout: 300_000 }, async () => {
      let server = await startServer({ data, workers, config: CONFIG });
      const first = await backUp(server, set);
      assert.ok(first.copiedObjects > 0);
      const [mail, settings] = [await seenBy(server, ANN), await settingsOf(server)];
      const second = await backUp(server, set);
      // Databases may be the same or not; nothing else is copied again.
      assert.ok(second.copiedObjects <= workers + 3, JSON.stringify(second));
      // What clients see afterwards is not in the backup.
      const client = await ImapClient.signIn(server.port('imap'), ANN, PASSWORD);
      for (let n = 0; n < 5; n++) await append(client, 'INBOX', letter(`later${n}`));
      client.close();
      const jmap = await jmapOf(server, ANN);
      const states = await statesOf(jmap);
      const later = await seenBy(server, ANN);
      assert.equal(await server.stop(), 0);

      const result = await runCommand(['restore', set, '--data', restored]);
      assert.equal(result.code, 0, result.stdout + result.stderr);
      assert.match(result.stdout, /restored \d{8}T\d{6}Z.*: 3 accounts/);
      assert.match(result.stdout, /: no problems/);
      server = await startServer({ data: restored, workers, config: CONFIG });
      try {
        assert.doesNotMatch(server.log, /not what it was|missing/);
        const now = await seenBy(server, ANN);
        assert.deepEqual(mailOf(now), mailOf(mail));
        assert.deepEqual(await settingsOf(server), settings);
        for (const [name, { uidNext, modseq }] of later) {
          assert.ok((now.get(name)?.uidNext ?? 0) > uidNext, `${name}: UIDNEXT`);
          assert.ok((now.get(name)?.modseq ?? 0n) > modseq, `${name}: HIGHESTMODSEQ`);
        }
        const again = await jmapOf(server, ANN);
        for (const [type, sinceState] of states) {
          const [answer] = await again.calls([[`${type}/changes`, { sinceState }]]);
          assert.deepEqual([answer?.[0], answer?.[1].type], ['error', 'cannotCalculateChanges'], type);
        }
        const recovered = await server.cli(['account', 'recover', ANN, '--all']);
        assert.equal(recovered.code, 0, recovered.stdout + recovered.stderr);
      } finally {
        await server.stop();
      }
    });

    it('is whole while people write and mail is packed', { timeout: 300_000 }, async () => {
      const server = await startServer({ data, workers, config: CONFIG });
      const writers = Array.from({ length: WRITERS }, (_, n) =>
        write(server, PEOPLE[n % PEOPLE.length] as string, `w${workers}-${n}`),
      );
      const client = await ImapClient.signIn(server.port('imap'), BOB, PASSWORD);
      const known = letter('known-before', 100_000);
      await append(client, 'INBOX', known);
      client.close();
      const packing = (async () => {
        for (let n = 0; n < 3; n++) assert.equal((await server.cli(['compact'])).code, 0);
      })();
      const reports: BackupReport[] = [];
      let acknowledged: readonly (readonly [string, readonly string[]])[] = [];
      for (let n = 0; n < 3; n++) {
        acknowledged = writers.map(({ mailbox, done }) => [mailbox, [...done]] as const);
        reports.push(await backUp(server, set, '--keep', '2'));
      }
      await packing;
      for (const writer of writers) await writer.stop();
      assert.deepEqual(
        reports.flatMap(({ problems }) => problems),
        [],
      );
      const check = await server.cli(['check']);
      assert.equal(check.code, 0, check.stdout);
      assert.equal(await server.stop(), 0);
      const verified = await runCommand(['backup', set, '--verify']);
      assert.equal(verified.code, 0, verified.stdout);
      assert.match(verified.stdout, /^read 2 snapshots/m);
      const to = join(root, `busy${workers}`);
      const result = await runCommand(['restore', set, '--data', to, '--json']);
      assert.equal(result.code, 0, result.stdout + result.stderr);
      const { check: verdict, id } = JSON.parse(result.stdout);
      assert.equal(id, reports.at(-1)?.id);
      assert.equal(verdict.problems, 0);
      const again = await startServer({ data: to, workers, config: CONFIG });
      try {
        const all = await Promise.all(PEOPLE.map((person) => seenBy(again, person)));
        assert.equal(all[1]?.get('INBOX')?.messages.length, 5);
        for (const [mailbox, hashes] of acknowledged) {
          const seen = all
            .find((mail) => mail.has(mailbox))
            ?.get(mailbox)
            ?.messages.map(({ hash }) => hash);
          assert.ok(hashes.length > 0 && hashes.every((hash, at) => seen?.[at] === hash), mailbox);
        }
      } finally {
        await again.stop();
      }
    });
  });
}
