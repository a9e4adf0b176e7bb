import assert from 'node:assert/strict';
import { test } from 'node:test';
import { suggestionsFor } from './suggestions.ts';

const p = (name: string | null, email: string) => ({ name, email });
const ME = p('Me', 'me@example.com');
const MAILS = [
  { from: [p('Anna Berg', 'anna@example.org')], to: [ME] },
  { from: [p('Anna Berg', 'anna@example.org')], to: [ME] },
  { from: [ME], to: [p(null, 'annika@example.org')], cc: [p('Olof Ek', 'olof.ek@example.org')] },
  { from: [p('Noise', 'noreply@example.net')], to: [p('Stranger', 'stranger@example.net')] },
];
const ask = (typed: string, chosen = [p(null, 'x@example.org')]) =>
  suggestionsFor(typed, MAILS, { me: ['ME@example.com'], chosen }).map(({ email }) => email);

test('people are found by the beginnings of their names and addresses, those one writes to first', () => {
  assert.deepEqual(ask('an'), ['annika@example.org', 'anna@example.org']);
  assert.deepEqual(ask('berg an'), ['anna@example.org']);
  assert.deepEqual(ask('olof.e'), ['olof.ek@example.org']);
  assert.deepEqual(ask('nna'), []);
  assert.deepEqual(ask(''), []);
  assert.deepEqual(ask('strang'), [], 'whom a stranger writes to is nobody one knows');
  assert.deepEqual(ask('an', [p(null, 'ANNA@example.org')]), ['annika@example.org']);
});
