/** Databases that cannot be opened: every verb says which file it is, what is wrong with it, and what to do. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { runCommand, startServer } from '../kit/server.ts';
import { addAccounts } from './data-folder.ts';

const ACCOUNTS = 'accounts.db';
const REMEDY = 'restore it from a backup, or let "brevduva check --repair" save what is readable in it';
const META = join('shard-00', 'meta.db');
const isRoot = process.getuid?.() === 0;

let data = '';
beforeEach(async () => {
  data = join(mkdtempSync(join(tmpdir(), 'brevduva-unopened-')), 'data');
  await addAccounts(data, ['ann@example.com']);
});
afterEach(() => rmSync(join(data, '..'), { recursive: true, force: true }));

async function assertSaid(words: RegExp): Promise<void> {
  for (const args of [['check'], ['account', 'list']]) {
    const { code, stdout, stderr } = await runCommand([...args, '--data', data]);
    assert.equal(code, 1, stdout + stderr);
    assert.match(stderr, words);
    assert.doesNotMatch(stderr, /\n\s+at |while it was asked/);
  }
  await assert.rejects(startServer({ data }), words);
}

describe('a database that cannot be opened', () => {
  for (const file of [ACCOUNTS, META]) {
    it(`${file} is something else`, { timeout: 30_000 }, async () => {
      writeFileSync(join(data, file), Buffer.alloc(20_000, 'not a database'));
      await assertSaid(new RegExp(`${file} is not a database; ${REMEDY}`));
    });

    it(`${file} is a folder`, { timeout: 30_000 }, async () => {
      rmSync(join(data, file));
      mkdirSync(join(data, file));
      await assertSaid(/cannot be opened: \S+ is not a file/);
    });
  }

  it('accounts.db is cut', { timeout: 30_000 }, async () => {
    truncateSync(join(data, ACCOUNTS), 5000);
    await assertSaid(new RegExp(`accounts\\.db was cut: its last \\d+ octets are missing; ${REMEDY}`));
  });

  it('the log is a folder', { timeout: 30_000 }, async () => {
    mkdirSync(join(data, `${META}-wal`));
    await assertSaid(/meta\.db cannot be opened: meta\.db-wal is not a file/);
  });

  it('a database is of a disk that is read-only', {
    timeout: 30_000,
    skip: isRoot ? false : 'needs root',
  }, async () => {
    const { size } = statSync(join(data, META));
    assert.ok(size > 0);
    const shard = join(data, 'shard-00');
    execFileSync('mount', ['--bind', shard, shard]);
    try {
      execFileSync('mount', ['-o', 'remount,bind,ro', shard]);
      await assertSaid(/shard-00.*(read-only|readonly)/is);
    } finally {
      execFileSync('umount', ['--lazy', shard]);
    }
  });
});
