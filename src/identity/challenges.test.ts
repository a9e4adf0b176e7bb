import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Challenges } from './challenges.ts';

const NOW = 1_800_000_000_000;

test('a challenge is good for its purpose, for five minutes, and where the key is the same', () => {
  const challenges = new Challenges('key');
  const made = challenges.make('signing in', NOW).toString('base64url');
  assert.equal(challenges.madeMs(made, 'signing in', NOW + 299_999), NOW);
  assert.equal(new Challenges('key').madeMs(made, 'signing in', NOW), NOW, 'another process');
  assert.equal(challenges.madeMs(made, 'signing in', NOW + 300_000), undefined);
  assert.equal(challenges.madeMs(made, 'something else', NOW), undefined);
  assert.equal(new Challenges('other').madeMs(made, 'signing in', NOW), undefined);
  const octets = Buffer.from(made, 'base64url');
  for (let at = 0; at < octets.length; at += 5) {
    const bent = Buffer.from(octets);
    bent[at] = (bent[at] ?? 0) ^ 1;
    assert.equal(challenges.madeMs(bent.toString('base64url'), 'signing in', NOW), undefined, String(at));
  }
  for (const none of ['', 'x', `${made}AA`, '!'.repeat(64)])
    assert.equal(challenges.madeMs(none, 'signing in', NOW), undefined);
  assert.notEqual(challenges.make('signing in', NOW).toString('base64url'), made);
});
