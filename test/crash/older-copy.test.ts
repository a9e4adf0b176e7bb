/**
 * A store that is older than what it acknowledged: put back from a copy, whole or in part, or robbed of its log. The next
 * start sees it, says so, and gives nobody a UID, a modseq, a UIDVALIDITY or an id that a client has in its cache already;
 * `check` names the loss until somebody takes note of it.
 */
import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createLog } from '../../src/base/log.ts';
import { ImapClient } from '../imap-client.ts';
import { startTestImap } from '../kit/imap.ts';
import { type CommandResult, runCommand, startServer, type TestServer } from '../kit/server.ts';
import { addAccounts, PASSWORD } from './data-folder.ts';

const ANN = 'ann@example.com';
const CONFIG = { 'log.level': 'warn', 'listen.pop3s': '', 'listen.imaps': '' };
/** Of a store that is not what it was. */
const NOTICE = /the store is not what it was|missing from the store/;
const META = join('shard-00', 'meta.db');

let root = '';
let data = '';
let backup = '';
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'brevduva-older-'));
  data = join(root, 'data');
  backup = join(root, 'backup');
  await addAccounts(data, [ANN]);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

type End = (server: TestServer) => Promise<unknown>;
const stopped: End = (server) => server.stop();
const killed: End = (server) => server.kill9();
/** As `stopped`, in this process: for what is done before, and after it was seen once how a server does it. */
const inProcess: End = async () => {};

/** Everything that a client may have kept. */
interface Numbers {
  readonly uidValidity: number;
  readonly uid: number;
  readonly modseq: number;
  /** Of a mailbox that was made just now. */
  readonly newUidValidity: number;
}

/** Runs a server, adds `count` messages and a mailbox, and ends it. */
async function work(count: number, end: End): Promise<{ readonly numbers: Numbers; readonly log: string }> {
  if (end === inProcess) {
    const lines: string[] = [];
    const log = createLog({ level: 'warn', write: (line: string) => lines.push(line) });
    const imap = await startTestImap({ data, log, mayBeDamaged: true });
    const numbers = await workOn(imap.port, count);
    await imap.close();
    return { numbers, log: lines.join('') };
  }
  const server = await startServer({ data, config: CONFIG });
  const numbers = await workOn(server.port('imap'), count);
  await end(server);
  return { numbers, log: server.log };
}

async function workOn(port: number, count: number): Promise<Numbers> {
  const client = await ImapClient.signIn(port, ANN, PASSWORD);
  let uid = 0;
  for (let n = 0; n < count; n++) uid = Number(/APPENDUID \d+ (\d+)/.exec((await append(client)).text)?.[1]);
  const name = `made-${Math.random().toString(36).slice(2)}`;
  await client.ok(`CREATE ${name}`);
  const made = await client.ok(`STATUS ${name} (UIDVALIDITY)`);
  const { untagged } = await client.ok('SELECT INBOX (CONDSTORE)');
  const fetched = await client.ok(`UID FETCH ${uid} (MODSEQ)`);
  client.close();
  return {
    uidValidity: numberIn(untagged, /UIDVALIDITY (\d+)/),
    uid,
    modseq: numberIn(fetched.untagged, /MODSEQ \((\d+)\)/),
    newUidValidity: numberIn(made.untagged, /UIDVALIDITY (\d+)/),
  };
}

/** What `work` leaves behind that is stopped in order, and no process for it. */
async function fill(count: number): Promise<void> {
  const imap = await startTestImap({ data });
  const client = await ImapClient.signIn(imap.port, ANN, PASSWORD);
  for (let n = 0; n < count; n++) await append(client);
  await client.ok('CREATE made-first');
  client.close();
  await imap.close();
}

function append(client: ImapClient) {
  const message = 'Subject: hello\r\n\r\nhello\r\n';
  return client.ok(`APPEND INBOX {${message.length}+}\r\n${message}`);
}

function numberIn(lines: readonly string[], pattern: RegExp): number {
  const found = pattern.exec(lines.join('\n'))?.[1];
  assert.ok(found, `${pattern} in ${lines.join('\n')}`);
  return Number(found);
}

/** A client that was there before cannot take anything new for what it has. */
function assertAhead(now: Numbers, before: Numbers): void {
  assert.equal(now.uidValidity, before.uidValidity, 'nobody downloads everything again');
  assert.ok(now.uid > before.uid, `UID ${now.uid} after ${before.uid}`);
  assert.ok(now.modseq > before.modseq, `modseq ${now.modseq} after ${before.modseq}`);
  assert.ok(now.newUidValidity > before.newUidValidity, 'UIDVALIDITY of new mailboxes');
}

const check = (...args: readonly string[]): Promise<CommandResult> =>
  runCommand(['check', ...args, '--data', data]);

async function assertCheckIsClean(): Promise<void> {
  const { code, stdout, stderr } = await check();
  assert.equal(code, 0, stdout + stderr);
}

/** Refused as it is, and not touched. */
async function assertUnopened(words: RegExp): Promise<void> {
  const files = [META, `${META}-wal`].map((name) => join(data, name));
  const before = files.map((path) => readFileSync(path));
  await assert.rejects(startServer({ data, config: CONFIG }), words);
  const { code, stderr } = await check('--repair');
  assert.equal(code, 1);
  assert.match(stderr, words);
  assert.deepEqual(
    files.map((path) => readFileSync(path)),
    before,
  );
}

/** Said once at the start, and by `check` until a repair takes note of it. */
async function assertLossIsTold(log: string): Promise<void> {
  assert.match(
    log,
    /shard-00\/meta\.db is older than what was acknowledged until .*changes or more are missing/,
  );
  const { code, stdout } = await check();
  assert.equal(code, 1);
  assert.match(stdout, /^problem: shard-00\/meta\.db: found at the start of .* or more are missing/m);
  const repaired = await check('--repair');
  assert.equal(repaired.code, 0, repaired.stdout);
  assert.match(repaired.stdout, /^repaired: shard-00\/meta\.db: found at the start of/m);
  await assertCheckIsClean();
}

describe('an older copy that was put back', () => {
  for (const end of [stopped, killed]) {
    it(`the whole folder, the server was ${end === stopped ? 'stopped' : 'killed'}`, {
      timeout: 60_000,
    }, async () => {
      await fill(2);
      cpSync(data, backup, { recursive: true, preserveTimestamps: true });
      const { numbers } = await work(5, end);
      rmSync(data, { recursive: true });
      cpSync(backup, data, { recursive: true, preserveTimestamps: true });
      const after = await work(1, stopped);
      assert.match(after.log, /this data folder is a copy .*UIDs and modseqs jump ahead/);
      assertAhead(after.numbers, numbers);
      await assertCheckIsClean();
      const again = await work(1, inProcess);
      assert.equal(again.numbers.uid, after.numbers.uid + 1, 'once');
      assert.doesNotMatch(again.log, NOTICE);
    });
  }

  it('the whole folder, renamed to and fro', { timeout: 60_000 }, async () => {
    await fill(2);
    cpSync(data, backup, { recursive: true });
    const { numbers } = await work(5, inProcess);
    rmSync(data, { recursive: true });
    renameSync(backup, data);
    assertAhead((await work(1, inProcess)).numbers, numbers);
  });

  for (const end of [stopped, killed]) {
    it(`the database alone, the server was ${end === stopped ? 'stopped' : 'killed'}`, {
      timeout: 60_000,
    }, async () => {
      await fill(2);
      cpSync(join(data, META), backup);
      const { numbers } = await work(5, end);
      rmSync(join(data, `${META}-wal`), { force: true });
      cpSync(backup, join(data, META));
      const after = await work(1, stopped);
      assertAhead(after.numbers, numbers);
      await assertLossIsTold(after.log);
    });
  }

  it('the database alone, beside the log of a crash', { timeout: 60_000 }, async () => {
    await fill(2);
    cpSync(join(data, META), backup);
    const { numbers } = await work(5, inProcess);
    await work(1, killed);
    cpSync(backup, join(data, META));
    await assertUnopened(/do not belong together, the database is older than its log/);
    renameSync(join(data, `${META}-wal`), join(root, 'away'));
    const after = await work(1, inProcess);
    assertAhead(after.numbers, numbers);
    await assertLossIsTold(after.log);
  });

  it('the log of a crash alone', { timeout: 60_000 }, async () => {
    await work(5, killed);
    cpSync(join(data, `${META}-wal`), backup);
    await work(1, inProcess);
    await work(1, inProcess);
    cpSync(backup, join(data, `${META}-wal`));
    await assertUnopened(/do not belong together, the log is older than its database/);
    rmSync(join(data, `${META}-wal`));
    await assertCheckIsClean();
  });

  it('a shard, moved back', { timeout: 60_000 }, async () => {
    await fill(2);
    const shard = join(data, 'shard-00');
    renameSync(shard, backup);
    cpSync(backup, shard, { recursive: true });
    const { numbers } = await work(5, inProcess);
    rmSync(shard, { recursive: true });
    renameSync(backup, shard);
    const after = await work(1, inProcess);
    assertAhead(after.numbers, numbers);
    await assertLossIsTold(after.log);
  });

  it('a copy from a running server, with its log', { timeout: 60_000 }, async () => {
    const server = await startServer({ data, config: CONFIG });
    const client = await ImapClient.signIn(server.port('imap'), ANN, PASSWORD);
    for (let n = 0; n < 3; n++) await append(client);
    cpSync(join(data, 'shard-00'), backup, { recursive: true });
    for (let n = 0; n < 3; n++) await append(client);
    client.close();
    await server.kill9();
    rmSync(join(data, 'shard-00'), { recursive: true });
    renameSync(backup, join(data, 'shard-00'));
    const after = await work(1, inProcess);
    assert.ok(after.numbers.uid > 7, `UID ${after.numbers.uid}`);
    await assertLossIsTold(after.log);
  });

  it('without the witness', { timeout: 60_000 }, async () => {
    const { numbers } = await work(2, inProcess);
    rmSync(join(data, 'witness'));
    const after = await work(1, inProcess);
    assert.match(after.log, /the witness says nothing of this shard/);
    assertAhead(after.numbers, numbers);
    await assertCheckIsClean();
  });

  it('QRESYNC tells what the copy does not have', { timeout: 60_000 }, async () => {
    await fill(2);
    cpSync(data, backup, { recursive: true });
    const { numbers } = await work(3, inProcess);
    rmSync(data, { recursive: true });
    cpSync(backup, data, { recursive: true });
    const server = await startServer({ data, config: CONFIG });
    const client = await ImapClient.signIn(server.port('imap'), ANN, PASSWORD);
    await client.ok('ENABLE QRESYNC');
    const known = `${numbers.uidValidity} ${numbers.modseq} 1:${numbers.uid}`;
    const { untagged } = await client.ok(`SELECT INBOX (QRESYNC (${known}))`);
    assert.ok(untagged.includes('VANISHED (EARLIER) 3:5'), untagged.join('\n'));
    assert.ok(numberIn(untagged, /HIGHESTMODSEQ (\d+)/) > numbers.modseq);
    client.close();
    await server.stop();
  });
});

describe('a log that lost what was acknowledged', () => {
  const robberies: readonly (readonly [string, (wal: string) => void])[] = [
    ['is deleted', (wal) => rmSync(wal)],
    ['is empty', (wal) => truncateSync(wal)],
    ['is cut in the middle', (wal) => truncateSync(wal, Math.floor(readFileSync(wal).length / 2))],
    ['lost its last page', (wal) => truncateSync(wal, readFileSync(wal).length - 4096)],
    ['has a flipped bit', (wal) => flip(wal, Math.floor(readFileSync(wal).length / 2))],
    ['has a flipped bit in its header', (wal) => flip(wal, 20)],
    ['is another file', (wal) => writeFileSync(wal, Buffer.alloc(50_000, 'not a log'))],
  ];
  for (const [name, rob] of robberies) {
    it(name, { timeout: 60_000 }, async () => {
      await fill(2);
      const { numbers } = await work(5, killed);
      rob(join(data, `${META}-wal`));
      const after = await work(1, inProcess);
      assertAhead(after.numbers, numbers);
      await assertLossIsTold(after.log);
    });
  }

  it('of the very first start: nothing begins anew beside what was there', { timeout: 60_000 }, async () => {
    rmSync(data, { recursive: true });
    const server = await startServer({ data, config: CONFIG });
    await server.kill9();
    rmSync(join(data, `${META}-wal`));
    await assert.rejects(startServer({ data, config: CONFIG }), /meta\.db is empty, and it was not: its log/);
    const { code, stderr } = await check();
    assert.equal(code, 1);
    assert.match(stderr, /meta\.db is empty, and it was not/);
  });

  it('of accounts.db', { timeout: 60_000 }, async () => {
    const server = await startServer({ data, config: CONFIG });
    const added = await server.cli(
      ['account', 'add', 'bob@example.com', '--password-stdin'],
      `${PASSWORD}\n`,
    );
    assert.equal(added.code, 0, added.stderr);
    await server.kill9();
    rmSync(join(data, 'accounts.db-wal'));
    await assert.rejects(
      startServer({ data, config: CONFIG }),
      /shard-00 holds the mail of bob@example\.com/,
    );
  });
});

describe('a store that lost nothing', () => {
  for (const end of [stopped, killed]) {
    it(`goes on with the next numbers after it was ${end === stopped ? 'stopped' : 'killed'}`, {
      timeout: 60_000,
    }, async () => {
      const first = await work(3, end);
      const second = await work(1, end);
      const third = await work(1, end);
      assert.deepEqual(
        [first, second, third].map(({ numbers }) => numbers.uid),
        [3, 4, 5],
      );
      assert.doesNotMatch(second.log + third.log, NOTICE);
      await assertCheckIsClean();
    });
  }
});

describe('a second server', () => {
  it('is refused when LOCK was deleted, and when accounts.db is another file as well', {
    timeout: 60_000,
  }, async () => {
    await work(1, inProcess);
    const server = await startServer({ data, config: CONFIG });
    try {
      for (const name of ['LOCK', 'LOCK.pid']) rmSync(join(data, name));
      await assert.rejects(startServer({ data, config: CONFIG }), /is in use by/);
      assert.ok(existsSync(join(data, 'LOCK')), 'a new one');
      cpSync(join(data, 'accounts.db'), backup);
      const shard = await startServer({ data: foreign(), config: CONFIG }).catch((error: Error) => error);
      assert.match(String(shard), /is in use by/);
      const client = await ImapClient.signIn(server.port('imap'), ANN, PASSWORD);
      await append(client);
      client.close();
    } finally {
      await server.stop();
    }
    await assertCheckIsClean();
  });

  /** Another folder whose shard is the one that is served. */
  function foreign(): string {
    const other = join(root, 'other');
    cpSync(data, other, { recursive: true, filter: (source) => !/shard-00$|-wal$|sock$/.test(source) });
    cpSync(backup, join(other, 'accounts.db'));
    symlinkSync(join(data, 'shard-00'), join(other, 'shard-00'));
    return other;
  }
});

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] as number) ^ 4;
  writeFileSync(path, bytes);
}
