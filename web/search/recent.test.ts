import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentSearches } from './recent.ts';

test('the newest first, each once, only so many, and garbage is nothing', () => {
  const kept = new Map([['searches', '{"not": "a list"}']]);
  const storage = {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  };
  const recent = new RecentSearches('anna@example.org', storage);
  for (const query of ['a', ' b ', 'a', '', 'x'.repeat(300)]) recent.add(query);
  assert.deepEqual(recent.all.value, ['a', 'b']);
  assert.deepEqual(new RecentSearches('anna@example.org', storage).all.value, ['a', 'b']);
  assert.deepEqual(new RecentSearches('bo@example.org', storage).all.value, []);
  for (let i = 0; i < 20; i++) recent.add(`query ${i}`);
  assert.equal(recent.all.value.length, 8);
  recent.forget();
  assert.equal(kept.size, 0);
  const nowhere = new RecentSearches('anna@example.org', undefined);
  nowhere.add('a');
  assert.deepEqual(nowhere.all.value, ['a']);
});
