/**
 * `accounts.db` lost, older than the mail beside it, or another folder's: nobody may be given a number under which
 * somebody else's mail is kept. Serving, adding and checking refuse, with what was found and what to do; `check --repair`
 * gives every account its mail back.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ImapClient } from '../imap-client.ts';
import { openTestDomain } from '../kit/domain.ts';
import { startTestImap } from '../kit/imap.ts';
import { runCommand, startServer } from '../kit/server.ts';
import { PASSWORD } from './data-folder.ts';

const ANN = 'ann@example.com';
const BOB = 'bob@example.com';
const CARL = 'carl@example.com';

let root = '';
let data = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'brevduva-accounts-'));
  data = join(root, 'data');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Accounts, each with a message that names its owner. */
async function addWithMail(addresses: readonly string[], shards = 1): Promise<void> {
  const kit = await openTestDomain({ data, shards });
  for (const address of addresses) await kit.addAccount(address, PASSWORD);
  await kit.close();
  const imap = await startTestImap({ data });
  for (const address of addresses) {
    (await ImapClient.signIn(imap.port, address, PASSWORD)).close();
    await imap.addMessage(address, 'INBOX', {
      bytes: Buffer.from(`Subject: for ${address}\r\n\r\nhello\r\n`),
    });
  }
  await imap.close();
}

async function remove(address: string): Promise<void> {
  const { code, stderr } = await runCommand(['account', 'remove', address, '--yes', '--data', data]);
  assert.equal(code, 0, stderr);
}

/** `accounts.db` as it is now, to be put back later. */
function keepAccounts(): void {
  assert.ok(!existsSync(join(data, 'accounts.db-wal')), 'the store was closed');
  cpSync(join(data, 'accounts.db'), join(root, 'accounts.db'));
}

function putBackAccounts(): void {
  cpSync(join(root, 'accounts.db'), join(data, 'accounts.db'));
}

/** Everybody says no, with these facts, and leaves the files alone. */
async function assertRefused(...facts: readonly RegExp[]): Promise<void> {
  const before = readdirSync(data).filter((name) => name.startsWith('accounts'));
  const add = ['account', 'add', 'mallory@example.com', '--password-stdin'];
  for (const args of [['check'], ['account', 'list'], add]) {
    const { code, stdout, stderr } = await runCommand([...args, '--data', data], `${PASSWORD}\n`);
    assert.equal(code, 1, `${args}: ${stdout}${stderr}`);
    for (const fact of facts) assert.match(stderr, fact, `${args}`);
    assert.doesNotMatch(stderr, /\n\s+at /, 'no stack');
  }
  await assert.rejects(startServer({ data }), (error: Error) =>
    facts.every((fact) => fact.test(error.message)),
  );
  assert.deepEqual(
    readdirSync(data).filter((name) => name.startsWith('accounts')),
    before,
  );
}

async function repair(): Promise<string> {
  const { code, stdout, stderr } = await runCommand(['check', '--repair', '--data', data]);
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /no problems/);
  return stderr;
}

async function subjectsOf(address: string, password = PASSWORD): Promise<string[]> {
  const imap = await startTestImap({ data });
  try {
    const client = await ImapClient.signIn(imap.port, address, password);
    await client.ok('EXAMINE INBOX');
    const { untagged } = await client.ok('UID FETCH 1:* (ENVELOPE)');
    client.close();
    return untagged.map((line) => /"(for [^"]*)"/.exec(line)?.[1] ?? line);
  } finally {
    await imap.close();
  }
}

async function setPassword(address: string): Promise<void> {
  const args = ['account', 'passwd', address, '--password-stdin', '--data', data];
  assert.equal((await runCommand(args, `${PASSWORD}\n`)).code, 0);
}

const REMEDY = /Put back the accounts\.db .*brevduva check --repair/s;

describe('accounts that do not fit the mail', () => {
  it('a lost accounts.db', { timeout: 60_000 }, async () => {
    await addWithMail([ANN, BOB]);
    rmSync(join(data, 'accounts.db'));
    await assertRefused(
      /accounts\.db is missing, and shard-00 holds mail of 2 accounts: ann@\S+, bob@/,
      REMEDY,
    );
    const said = await repair();
    assert.match(said, /mended: shard-00 holds the mail of ann@example\.com, account 1, which/);
    await assert.rejects(subjectsOf(ANN), /was refused/, 'no password fits');
    await setPassword(BOB);
    assert.deepEqual(await subjectsOf(BOB), [`for ${BOB}`]);
    await addWithMail([CARL]);
    assert.deepEqual(await subjectsOf(CARL), [`for ${CARL}`]);
  });

  it('an empty accounts.db, also with several shards', { timeout: 60_000 }, async () => {
    await addWithMail([ANN, BOB, CARL], 2);
    truncateSync(join(data, 'accounts.db'));
    await assertRefused(
      /accounts\.db is missing, and shard-00 .*: ann@\S+, carl@.*shard-01 .*: bob@/s,
      REMEDY,
    );
    await repair();
    for (const address of [ANN, BOB, CARL]) await setPassword(address);
    for (const address of [ANN, BOB, CARL]) assert.deepEqual(await subjectsOf(address), [`for ${address}`]);
  });

  it('one from before an account was made', { timeout: 60_000 }, async () => {
    await addWithMail([ANN]);
    keepAccounts();
    await addWithMail([BOB]);
    putBackAccounts();
    await assertRefused(/shard-00 holds the mail of bob@example\.com, account 2, which/, REMEDY);
    await repair();
    assert.deepEqual(await subjectsOf(ANN), [`for ${ANN}`], 'with her password');
    await setPassword(BOB);
    assert.deepEqual(await subjectsOf(BOB), [`for ${BOB}`]);
  });

  it('one from before an account was removed', { timeout: 60_000 }, async () => {
    await addWithMail([ANN, BOB]);
    keepAccounts();
    await remove(BOB);
    putBackAccounts();
    await assertRefused(/account 2 was removed from shard-00, and accounts\.db has it as bob@/, REMEDY);
    await repair();
    await assert.rejects(subjectsOf(BOB), /was refused/);
    assert.deepEqual(await subjectsOf(ANN), [`for ${ANN}`]);
  });

  it('one from before a password was changed', { timeout: 60_000 }, async () => {
    await addWithMail([ANN]);
    keepAccounts();
    const args = ['account', 'passwd', ANN, '--password-stdin', '--data', data];
    assert.equal((await runCommand(args, 'another-password\n')).code, 0);
    putBackAccounts();
    await assertRefused(/accounts\.db is missing the last 1 changes of accounts/, REMEDY);
    await repair();
    assert.deepEqual(await subjectsOf(ANN), [`for ${ANN}`]);
  });

  it('one of the same numbers for other people', { timeout: 60_000 }, async () => {
    await addWithMail([ANN, BOB]);
    keepAccounts();
    rmSync(data, { recursive: true });
    await addWithMail([BOB, ANN]);
    putBackAccounts();
    await assertRefused(
      /shard-00 belongs to the data folder \w{32}, accounts\.db to \w{32}/,
      /from one backup/,
    );
    const { code, stderr } = await runCommand(['check', '--repair', '--data', data]);
    assert.equal(code, 1, 'no program can tell these apart');
    assert.match(stderr, /from one backup/);
  });

  it("shards in each other's place", { timeout: 60_000 }, async () => {
    await addWithMail([ANN, BOB], 2);
    renameSync(join(data, 'shard-00'), join(data, 'shard-xx'));
    renameSync(join(data, 'shard-01'), join(data, 'shard-00'));
    renameSync(join(data, 'shard-xx'), join(data, 'shard-01'));
    await assertRefused(/shard-00 is number 1 of 2 shards, and stands as 0 of 2/);
  });

  it("of a version that kept no names: whatever has mail gets a name that is nobody's", {
    timeout: 60_000,
  }, async () => {
    const archive = join(import.meta.dirname, '..', 'upgrade', 'data-0.1.tar.gz');
    execFileSync('tar', ['-C', root, '-xzf', archive]);
    data = join(root, 'clean');
    rmSync(join(data, 'accounts.db'));
    await assertRefused(/accounts\.db is missing, and shard-01 holds mail of 1 account[:;\s]/, REMEDY);
    await repair();
    const { stdout } = await runCommand(['account', 'list', '--data', data]);
    assert.match(stdout, /^account-1@recovered\.invalid .*145 /m);
  });

  it('a new account is above every number that a shard has seen', { timeout: 60_000 }, async () => {
    await addWithMail([ANN, BOB]);
    await remove(BOB);
    rmSync(join(data, 'accounts.db'));
    await repair();
    const kit = await openTestDomain({ data });
    const { id } = await kit.addAccount(CARL, PASSWORD);
    await kit.close();
    assert.equal(id, 3, 'two was somebody else');
  });
});
