import assert from 'node:assert/strict';
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
