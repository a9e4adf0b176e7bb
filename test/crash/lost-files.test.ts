/**
 * Files that are deleted, replaced, cut or moved under a running server. It notices before it acknowledges anything more,
 * saves what it can still reach, says what happened, and ends. Whatever was acknowledged is there after the next start.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ImapClient } from '../imap-client.ts';
import { runCommand, startServer, type TestServer } from '../kit/server.ts';
import { addAccounts, PASSWORD } from './data-folder.ts';

const ANN = 'ann@example.com';
const CONFIG = { 'log.level': 'warn', 'listen.pop3s': '', 'listen.imaps': '', 'listen.lmtp': '' };

let root = '';
let data = '';
let shard = '';
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'brevduva-lost-'));
  data = join(root, 'data');
  shard = join(data, 'shard-00');
  await addAccounts(data, [ANN]);
  execFileSync('chmod', ['-R', 'go=', data]);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

interface Sabotage {
  readonly name: string;
  readonly act: () => void;
  /** What the server says of it. */
  readonly says: RegExp;
  /** Before the next start. */
  readonly mend?: () => void;
  /** No program could save what was acknowledged. */
  readonly isLost?: boolean;
}

const meta = (): string => join(shard, 'meta.db');
const log = (): string => join(shard, 'meta.db-wal');
const away = (): string => join(root, 'away');

const SABOTAGES: readonly Sabotage[] = [
  {
    name: 'the database is deleted',
    act: () => rmSync(meta()),
    says: /meta\.db was deleted while it was in use; it is back with all that was acknowledged/,
  },
  {
    name: 'the log is deleted',
    act: () => rmSync(log()),
    says: /meta\.db-wal was deleted while it was in use; all that was acknowledged is in the database now/,
  },
  {
    name: 'database and log are deleted',
    act: () => {
      rmSync(meta());
      rmSync(log());
    },
    says: /meta\.db was deleted while it was in use; it is back/,
  },
  {
    name: 'the database is moved away',
    act: () => renameSync(meta(), away()),
    says: /meta\.db was deleted while it was in use; it is back/,
  },
  {
    name: 'the log is moved away',
    act: () => renameSync(log(), away()),
    says: /meta\.db-wal was moved away or replaced by another file/,
  },
  {
    name: 'the log is replaced by an older copy of it',
    act: () => {
      cpSync(log(), away());
      renameSync(away(), log());
    },
    says: /meta\.db-wal was deleted while it was in use; all that was acknowledged is in the database now/,
  },
  {
    name: 'the database is replaced by another file',
    act: () => {
      cpSync(meta(), away());
      renameSync(away(), meta());
    },
    says: /meta\.db was replaced by another file .* what was acknowledged is in \S+meta\.db\.saved-\S+: put that in its place/,
    mend: () => {
      const saved = readdirSync(shard).find((name) => name.startsWith('meta.db.saved-')) ?? '';
      renameSync(join(shard, saved), meta());
    },
  },
  {
    name: 'an older copy is written over the database',
    act: () => writeFileSync(meta(), readFileSync(meta())),
    says: /meta\.db was written by another program while it was in use; put a whole backup/,
  },
  {
    name: 'the log is cut',
    act: () => truncateSync(log(), 4152),
    says: /meta\.db-wal was cut while it was in use; put a whole backup/,
    isLost: true,
  },
  {
    name: 'the shard is moved away',
    act: () => renameSync(shard, away()),
    says: /the folder \S+shard-00 was moved or deleted while it was in use; .* put the folder back/,
    mend: () => renameSync(away(), shard),
  },
  {
    name: 'the whole folder is moved away',
    act: () => renameSync(data, away()),
    says: /the folder \S+ was moved or deleted while it was in use; .* put the folder back/,
    mend: () => {
      rmSync(data, { recursive: true, force: true });
      renameSync(away(), data);
    },
  },
  {
    name: 'the whole folder is replaced by a copy',
    act: () => {
      cpSync(data, away(), { recursive: true, filter: (source) => !source.endsWith('.sock') });
      renameSync(data, join(root, 'first'));
      renameSync(away(), data);
    },
    says: /the folder \S+ was moved or deleted while it was in use/,
    mend: () => {
      rmSync(data, { recursive: true });
      renameSync(join(root, 'first'), data);
    },
  },
  {
    name: 'the accounts are deleted',
    act: () => rmSync(join(data, 'accounts.db')),
    says: /accounts\.db was deleted while it was in use; it is back/,
  },
  {
    name: 'the log of the accounts is deleted',
    act: () => rmSync(join(data, 'accounts.db-wal')),
    says: /accounts\.db-wal was deleted while it was in use; all that was acknowledged is in the database/,
  },
  {
    name: 'the folder of large messages is deleted',
    act: () => rmSync(join(shard, 'segments'), { recursive: true }),
    says: /the folder \S+segments was deleted, moved or replaced while it was in use/,
    isLost: true,
  },
];

describe('files that go under a running server', () => {
  for (const sabotage of SABOTAGES) {
    it(sabotage.name, { timeout: 60_000 }, async () => {
      const server = await startServer({ data, config: CONFIG });
      const client = await ImapClient.signIn(server.port('imap'), ANN, PASSWORD);
      const promised: string[] = [];
      for (let n = 0; n < 5; n++) promised.push(await append(client, `before-${n}`));
      promised.push(await append(client, 'large', 100_000));
      sabotage.act();
      await assertEnds(server, client, promised);
      assert.match(server.log, sabotage.says);
      assert.doesNotMatch(server.log, /nobody foresaw|unhandled/i);
      sabotage.mend?.();
      if (!sabotage.isLost) await assertAllThere(promised);
    });
  }

  it('one that is idle notices by itself', { timeout: 60_000 }, async () => {
    const server = await startServer({ data, config: CONFIG });
    const client = await ImapClient.signIn(server.port('imap'), ANN, PASSWORD);
    const promised = [await append(client, 'one')];
    rmSync(meta());
    await client.ended().catch(() => {});
    assert.equal(await server.stop(), 1);
    await assertAllThere(promised);
  });

  it('one that is stopped before it has noticed saves all the same', { timeout: 60_000 }, async () => {
    const server = await startServer({ data, config: CONFIG });
    const client = await ImapClient.signIn(server.port('imap'), ANN, PASSWORD);
    const promised = [await append(client, 'one')];
    rmSync(meta());
    rmSync(log());
    assert.equal(await server.stop(), 1);
    client.close();
    await assertAllThere(promised);
  });

  it('a large message is not promised in a file that was deleted', { timeout: 60_000 }, async () => {
    const server = await startServer({ data, config: CONFIG });
    const client = await ImapClient.signIn(server.port('imap'), ANN, PASSWORD);
    const promised = [await append(client, 'first', 100_000)];
    for (const name of readdirSync(join(shard, 'segments'))) rmSync(join(shard, 'segments', name));
    const bytes = message('second', 100_000);
    let refusals = 0;
    // One for each file that was open, and then there are new ones.
    for (let isKept = false; !isKept; refusals++) {
      const { status, text } = await client.command(`APPEND INBOX {${bytes.length}+}\r\n${bytes}`);
      isKept = status === 'OK';
      if (!isKept) assert.match(`${status} ${text}`, /^NO \[UNAVAILABLE\]/);
      assert.ok(refusals < 5);
    }
    assert.ok(refusals > 1);
    promised[0] = 'second';
    client.close();
    assert.equal(await server.stop(), 0);
    await assertAllThere(promised);
  });

  it('delayed flags are not promised in a journal that was deleted', { timeout: 60_000 }, async () => {
    const server = await startServer({ data, config: { ...CONFIG, 'store.flags': 'delayed' } });
    const client = await ImapClient.signIn(server.port('imap'), ANN, PASSWORD);
    for (let n = 0; n < 20; n++) await append(client, `m${n}`);
    await client.ok('SELECT INBOX');
    for (let uid = 1; uid <= 20; uid++) {
      if (uid === 5) rmSync(join(shard, 'flags.journal'));
      await client.ok(`UID STORE ${uid} +FLAGS.SILENT (\\Flagged)`);
    }
    await server.kill9();
    const again = await startServer({ data, config: CONFIG });
    const reader = await ImapClient.signIn(again.port('imap'), ANN, PASSWORD);
    await reader.ok('SELECT INBOX');
    const { untagged } = await reader.ok('UID SEARCH FLAGGED');
    // What waited in the deleted file itself, at most the 50 ms before, cannot be saved from a kill.
    const kept =
      untagged
        .find((line) => line.startsWith('SEARCH'))
        ?.split(' ')
        .slice(1)
        .map(Number) ?? [];
    for (let uid = 5; uid <= 20; uid++) assert.ok(kept.includes(uid), `${uid} in ${kept}`);
    reader.close();
    await again.stop();
  });
});

function message(name: string, sizeBytes: number): string {
  return `Subject: ${name}\r\n\r\n${'The pigeon carries on.\r\n'.repeat(Math.ceil(sizeBytes / 24))}`;
}

async function append(client: ImapClient, name: string, sizeBytes = 100): Promise<string> {
  const bytes = message(name, sizeBytes);
  await client.ok(`APPEND INBOX {${bytes.length}+}\r\n${bytes}`);
  return name;
}

/** Whatever is promised while it ends counts. */
async function assertEnds(server: TestServer, client: ImapClient, promised: string[]): Promise<void> {
  try {
    for (let n = 0; n < 200; n++) {
      const name = `after-${n}`;
      const bytes = message(name, 100);
      const { status } = await client.command(`APPEND INBOX {${bytes.length}+}\r\n${bytes}`);
      if (status === 'OK') promised.push(name);
      await sleep(50);
    }
    assert.fail('it goes on as if nothing had happened');
  } catch (error) {
    assert.match(String(error), /closed the connection/);
  }
  client.close();
  assert.equal(await server.stop(), 1, 'it ended by itself');
}

async function assertAllThere(promised: readonly string[]): Promise<void> {
  assert.ok(existsSync(meta()));
  const server = await startServer({ data, config: CONFIG });
  const client = await ImapClient.signIn(server.port('imap'), ANN, PASSWORD);
  await client.ok('SELECT INBOX');
  const { untagged } = await client.ok('UID FETCH 1:* (ENVELOPE)');
  const found = new Set(untagged.map((line) => /ENVELOPE \(NIL "([^"]+)"/.exec(line)?.[1]));
  for (const name of promised) assert.ok(found.has(name), `${name} was acknowledged; ${server.log}`);
  client.close();
  await server.stop();
  assert.doesNotMatch(server.log, /missing from the store/);
  const { stdout } = await runCommand(['check', '--data', data]);
  assert.doesNotMatch(stdout, /^problem: (?!ann@example\.com, INBOX, UID 1: )/m);
}
