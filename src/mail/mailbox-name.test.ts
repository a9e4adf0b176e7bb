import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/kit/runs.ts';
import {
  ancestors,
  checkNewMailboxName,
  isChildOf,
  lastSegment,
  MailboxNameError,
  matchesPattern,
  normalizeMailboxName,
  parentName,
} from './mailbox-name.ts';

test('accepted names and their canonical form', () => {
  const rows: [string, string][] = [
    ['inbox', 'INBOX'],
    ['InBoX', 'INBOX'],
    ['inbox/Work', 'INBOX/Work'],
    ['Inboxes', 'Inboxes'],
    ['Work/inbox', 'Work/inbox'],
    // Thunderbird appends the delimiter, Apple Mail with a path prefix puts it in front.
    ['Archive/', 'Archive'],
    ['/Archive', 'Archive'],
    ['/inbox/', 'INBOX'],
    // Two spellings of one letter are one name (RFC 5198 §3).
    ['Entwu\u0308rfe', 'Entw\u00fcrfe'],
    ['.', '.'],
    ['a/../b', 'a/../b'],
    ['a*b%', 'a*b%'],
    [' a ', ' a '],
    [Array(32).fill('a').join('/'), Array(32).fill('a').join('/')],
    ['ä'.repeat(127), 'ä'.repeat(127)],
  ];
  for (const [name, expected] of rows) assert.equal(normalizeMailboxName(name), expected);
});

test('refused names, each with a reason a person understands', () => {
  const rows: [string, RegExp][] = [
    ['', /empty/],
    ['/', /empty/],
    ['//', /empty/],
    ['a//b', /empty level/],
    ['a//', /empty level/],
    ['a\0b', /control/],
    ['a\r\nb', /control/],
    ['a\x7f', /control/],
    ['a\u0085', /control/],
    ['a\u2028b', /control/],
    ['\ud800', /Unicode/],
    ['a'.repeat(256), /255 bytes/],
    ['ä'.repeat(128), /255 bytes/],
    [Array(6).fill('a'.repeat(200)).join('/'), /1000 bytes/],
    [Array(33).fill('a').join('/'), /32 levels/],
    ['a'.repeat(1_000_000), /too long/],
  ];
  for (const [name, reason] of rows) {
    assert.throws(
      () => normalizeMailboxName(name),
      (e: Error) => e instanceof MailboxNameError && reason.test(e.message),
      `${JSON.stringify(name.slice(0, 40))} -> ${reason}`,
    );
  }
});

test('new names have no wildcards', () => {
  checkNewMailboxName('a/b');
  for (const name of ['a*', '%', 'x/%/y']) assert.throws(() => checkNewMailboxName(name), MailboxNameError);
});

test('hierarchy', () => {
  assert.equal(parentName('a/b/c'), 'a/b');
  assert.equal(parentName('a'), undefined);
  assert.deepEqual(ancestors('a/b/c'), ['a', 'a/b']);
  assert.deepEqual(ancestors('a'), []);
  assert.ok(isChildOf('a/b', 'a'));
  assert.ok(isChildOf('a/b/c', 'a'));
  assert.ok(!isChildOf('ab', 'a'));
  assert.ok(!isChildOf('a', 'a'));
  assert.equal(lastSegment('a/b/c'), 'c');
  assert.equal(lastSegment('a'), 'a');
});

test('LIST patterns (RFC 9051 §6.3.9)', () => {
  const rows: [string, string, boolean][] = [
    ['*', 'a/b/c', true],
    ['%', 'a', true],
    ['%', 'a/b', false],
    ['%/%', 'a/b', true],
    ['%/%', 'a', false],
    ['a/*', 'a', false],
    ['a/*', 'a/b/c', true],
    ['a*', 'a', true],
    ['a/%', 'a/b', true],
    ['a/%', 'a/b/c', false],
    ['*b', 'a/b', true],
    ['%b', 'a/b', false],
    ['*/c', 'a/b/c', true],
    ['%*', 'a/b', true],
    ['*%', 'a/b', true],
    ['%%', 'ab', true],
    ['%%', 'a/b', false],
    ['inbox', 'INBOX', true],
    ['InBox/%', 'INBOX/a', true],
    ['inb%', 'INBOX', false],
    ['INB%', 'INBOX', true],
    ['work', 'Work', false],
    ['a.c', 'abc', false],
    ['', 'a', false],
    ['a%c*e', 'abcd/e', true],
    ['a%c*e', 'ab/cd/e', false],
    ['%a%a%', 'xaya', true],
    ['Entwu\u0308rfe', 'Entw\u00fcrfe', true],
  ];
  for (const [pattern, name, expected] of rows) {
    assert.equal(matchesPattern(pattern, name), expected, `${pattern} ~ ${name}`);
  }
});

/** The definition, word for word and exponential. */
function matchesSlowly(pattern: string, name: string): boolean {
  if (pattern === '') return name === '';
  const c = pattern.charAt(0);
  if (c !== '*' && c !== '%') return name.startsWith(c) && matchesSlowly(pattern.slice(1), name.slice(1));
  if (matchesSlowly(pattern.slice(1), name)) return true;
  return name !== '' && (c === '*' || name.charAt(0) !== '/') && matchesSlowly(pattern, name.slice(1));
}

test('property: patterns mean what the definition says', () => {
  const letters = (alphabet: string[]) =>
    fc.array(fc.constantFrom(...alphabet), { maxLength: 8 }).map((list) => list.join(''));
  fc.assert(
    fc.property(letters(['a', 'b', '/', '*', '%']), letters(['a', 'b', '/']), (pattern, name) => {
      assert.equal(matchesPattern(pattern, name), matchesSlowly(pattern, name));
    }),
    { numRuns: runs(3000) },
  );
});

test('a hostile pattern costs its length times the name, not more', () => {
  const name = 'a'.repeat(1000);
  assert.equal(matchesPattern(`${'%a*a'.repeat(200)}b`, name), false);
  assert.equal(matchesPattern('*a'.repeat(500), name), true);
  assert.equal(matchesPattern('*'.repeat(5000), name), false);
});

test('property: normalizing twice changes nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      let once: string;
      try {
        once = normalizeMailboxName(text);
      } catch (e) {
        assert.ok(e instanceof MailboxNameError);
        return;
      }
      assert.equal(normalizeMailboxName(once), once);
    }),
  );
});
