import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ShardPlaces } from './shard-places.ts';

test('accounts are spread, and follow those of their domain that are in one place', () => {
  const places = new ShardPlaces(3, []);
  const names = ['a@example.com', 'b@example.com', 'c@example.com', 'd@example.com'];
  assert.deepEqual(
    names.map((name) => places.take(name)),
    [0, 1, 2, 0],
  );
  const there = [
    ...[1, 1, 1].map((shard, n) => ({ address: `${n}@example.org`, shard })),
    ...[0, 2].map((shard, n) => ({ address: `${n}@example.net`, shard })),
    { address: 'one@example.com', shard: 1 },
  ];
  const grown = new ShardPlaces(3, there);
  assert.equal(grown.take('new@example.org'), 1, 'with the others');
  assert.equal(grown.take('new@example.net'), 0, 'the emptiest');
  assert.equal(grown.take('two@example.com'), 2, 'one is no company');
});
