import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openMaildirSource } from './maildir-source.ts';

const folder = mkdtempSync(join(tmpdir(), 'brevduva-maildir-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('a link that leads nowhere is named, and the mail around it is read', () => {
  for (const part of ['cur', 'new', 'tmp', '.Work/cur', '.Work/new'])
    mkdirSync(join(folder, part), { recursive: true });
  writeFileSync(join(folder, 'cur', '1.host:2,S'), 'A: b\n\nx\n');
  writeFileSync(join(folder, '.Work', 'new', '2.host'), 'A: b\n\nx\n');
  symlinkSync('1.host:2,S', join(folder, 'cur', '3.host:2,'));
  symlinkSync('nowhere', join(folder, 'cur', '4.host:2,'));
  symlinkSync('5.host', join(folder, '.Work', 'new', '5.host'));
  symlinkSync('nowhere', join(folder, '.Gone'));
  symlinkSync('.Circle', join(folder, '.Circle'));
  const { folders, skipped } = openMaildirSource(folder);
  const found = folders.map((one) => [one.name, one.open().messages.length]);
  assert.deepEqual(found, [
    ['INBOX', 2],
    ['Work', 1],
  ]);
  assert.deepEqual(skipped, [
    { where: join(folder, 'cur', '4.host:2,'), why: 'it is a link to nothing' },
    { where: join(folder, '.Work', 'new', '5.host'), why: 'it is a link to nothing' },
  ]);
});

test('what is no file, or leads out of the Maildir, is named and passed over', () => {
  const odd = join(folder, 'odd');
  for (const part of ['cur', 'new', '.Work/cur', '.Linked', 'elsewhere/new'])
    mkdirSync(join(odd, 'mail', part), { recursive: true });
  mkdirSync(join(odd, 'private', 'cur'), { recursive: true });
  const at = (name: string): string => join(odd, 'mail', name);
  writeFileSync(join(odd, 'private', 'cur', 'key'), 'A: b\n\nsecret\n');
  writeFileSync(at('cur/1.host:2,S'), 'A: b\n\nx\n');
  writeFileSync(at('elsewhere/new/9.host'), 'A: b\n\nx\n');
  symlinkSync('../elsewhere/new/9.host', at('cur/2.host:2,S'));
  symlinkSync(join(odd, 'private', 'cur', 'key'), at('cur/3.host:2,S'));
  symlinkSync('../../../private/cur/key', at('.Work/cur/4.host:2,S'));
  symlinkSync('../../private/cur', at('.Linked/cur'));
  symlinkSync('../private', at('.Private'));
  symlinkSync('../private', at('Plain'));
  symlinkSync('../private/cur/key', at('.dovecot.sieve'));
  symlinkSync('/dev/zero', at('dovecot-keywords'));
  symlinkSync('../private/cur/key', at('courierimapsubscribed'));
  for (const pipe of ['cur/5.host:2,S', 'dovecot-uidlist', 'subscriptions'])
    execFileSync('mkfifo', [at(pipe)]);
  const { folders, skipped } = openMaildirSource(at(''));
  const found = folders.map((one) => [one.name, one.open().messages.map(({ where }) => where)]);
  assert.deepEqual(found, [
    ['INBOX', [at('cur/1.host:2,S'), at('cur/2.host:2,S')]],
    ['Work', []],
  ]);
  const out = 'it is a link that leads out of what is imported; import what it leads to by itself';
  const named = skipped.map(({ where, why }) => [where.slice(at('').length + 1), why]).sort();
  assert.deepEqual(named, [
    ['.Linked/cur', out],
    ['.Private', out],
    ['.Work/cur/4.host:2,S', out],
    ['Plain', out],
    ['courierimapsubscribed', out],
    ['cur/3.host:2,S', out],
    ['cur/5.host:2,S', 'it is neither a file nor a folder'],
    ['dovecot-keywords', 'it is neither a file nor a folder'],
    ['dovecot-uidlist', 'it is neither a file nor a folder'],
    ['subscriptions', 'it is neither a file nor a folder'],
  ]);
});

test('a file that became a link that leads out is not read', () => {
  const root = join(folder, 'changed');
  mkdirSync(join(root, 'mail', 'cur'), { recursive: true });
  writeFileSync(join(root, 'key'), 'secret');
  const file = join(root, 'mail', 'cur', '1.host:2,');
  writeFileSync(file, 'A: b\n\nx\n');
  const [message] = openMaildirSource(join(root, 'mail')).folders[0]?.open().messages ?? [];
  rmSync(file);
  symlinkSync('../../key', file);
  assert.throws(() => message?.load(), /leads out of what is imported/);
});
