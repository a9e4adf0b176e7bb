import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FLAG } from '../mail/flags.ts';
import {
  decodeFolder,
  encodeFolder,
  parseKeywords,
  parseSubscriptions,
  readMarks,
  writeMarks,
} from './maildir-form.ts';

describe('marks in file names', () => {
  const names = parseKeywords('0 $label1\n1 Work\nbroken\n99 far\n');
  const rows: readonly (readonly [string, number, readonly string[]])[] = [
    ['1.a.host:2,', 0, []],
    ['1.a.host', 0, []],
    ['1.a.host:2,DFRST', 31, []],
    ['1.a.host;2,S', FLAG.Seen, []],
    ['1.a.host,S=10:2,FPSab', FLAG.Flagged | FLAG.Seen, ['$Forwarded', '$label1', 'Work']],
    ['1.a.host:2,Sz', FLAG.Seen, []],
    ['1.a.host:1,S', 0, []],
  ];
  for (const [file, flags, keywords] of rows) {
    test(file, () => assert.deepEqual(readMarks(file, names), { flags, keywords }));
  }
  test('written in ASCII order', () => {
    const marks = { flags: 31, keywords: ['Work', '$Forwarded', 'unknown'] };
    assert.equal(writeMarks(marks, ['$label1', 'work']), ':2,DFPRSTb');
  });
});

describe('folder names', () => {
  for (const name of ['Work', 'Work/2024', 'Entwürfe/Jürgen', 'a.b/c', 'A&B', '.x', 'INBOX/Sub', '日本']) {
    test(`${name} comes back`, () => assert.equal(decodeFolder(encodeFolder(name), '.'), name));
  }
  test('no modified UTF-7 is UTF-8', () => assert.equal(decodeFolder('R&D', '.'), 'R&D'));
});

describe('subscriptions', () => {
  const rows: readonly (readonly [string, string, readonly string[]])[] = [
    ['Dovecot version 2', 'V\t2\n\nINBOX\nWork\t2024\n', ['INBOX', 'Work/2024']],
    ['Dovecot version 1', 'inbox\nWork.2024\nEntw&APw-rfe\n', ['INBOX', 'Work/2024', 'Entwürfe']],
    ['fs layout', 'Work/2024\n', ['Work/2024']],
    ['Courier', 'INBOX\nINBOX.Work\n', ['INBOX', 'Work']],
  ];
  for (const [name, content, expected] of rows) {
    test(name, () => assert.deepEqual([...parseSubscriptions(content)], expected));
  }
});
