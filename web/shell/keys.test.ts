import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandOf, listedKeys } from './keys.ts';

const key = (name: string, atMs = 0) => ({ key: name, atMs, isModified: false, isText: false });

test('single keys, and two after each other', () => {
  assert.equal(commandOf(key('e'), undefined).command, 'archive');
  const { waiting, command } = commandOf(key('g'), undefined);
  assert.equal(command, undefined);
  assert.equal(commandOf(key('a', 500), waiting).command, 'goArchive');
  assert.equal(commandOf(key('a', 5000), waiting).command, 'replyAll', 'too late to belong together');
  assert.equal(commandOf(key('e', 500), waiting).command, 'archive');
  assert.deepEqual(commandOf(key('q'), undefined), {});
});

test('who types, or means the browser, is left alone', () => {
  assert.deepEqual(commandOf({ ...key('e'), isText: true }, undefined), {});
  assert.deepEqual(commandOf({ ...key('a'), isModified: true }, undefined), {});
});

test('each command is listed once', () => {
  const rows = listedKeys((command) => command !== 'write');
  assert.deepEqual(rows.find(({ command }) => command === 'open')?.keys, ['o', 'Enter']);
  assert.equal(rows.filter(({ command }) => command === 'write').length, 0);
  assert.equal(new Set(rows.map(({ command }) => command)).size, rows.length);
});
