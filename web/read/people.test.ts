import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameOf, recipientsOf, wholeOf } from './people.ts';

const person = (name: string | null, email = 'a@example.org') => ({ name, email });

test('names', () => {
  assert.equal(nameOf(person('Anna Berg')), 'Anna Berg');
  assert.equal(nameOf(person(null)), 'a@example.org');
  assert.equal(nameOf(person(' \u202E ')), 'a@example.org');
  assert.equal(wholeOf(person('Anna')), 'Anna <a@example.org>');
  assert.equal(wholeOf(person('')), 'a@example.org');
});

test('to whom it goes, in short', () => {
  const me = ['me@example.org'];
  const rows = [
    [['me@example.org'], 'me'],
    [['b@example.org', 'ME@example.org'], 'me, b@example.org'],
    [['1', '2', '3', '4', '5'], '1, 2, 3 +2'],
    [[], ''],
  ] as const;
  for (const [emails, expected] of rows)
    assert.equal(
      recipientsOf(
        emails.map((email) => person(null, email)),
        me,
        'me',
      ),
      expected,
    );
  assert.equal(recipientsOf([person('Berg, Anna'), person('Olof Ek')], me, 'me'), 'Anna, Olof');
});
