import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoredCredential } from '../../mailbox/model/credential.ts';
import { type AccountRecord, asAccountId } from '../../mailbox/model/model.ts';
import type { SignedIn } from '../session-routes.ts';
import { isProof, makeProof } from './proof.ts';

function who(account: number, session: number, secret = '$argon2id$one'): SignedIn {
  const credential: StoredCredential = { id: session, kind: 'web-session', secret: 'x', createdMs: 0 };
  const password: StoredCredential = { id: 1, kind: 'password', secret, createdMs: 0 };
  const record: AccountRecord = {
    ...{ id: asAccountId(account), address: 'ann@example.org', createdMs: 0, settings: {} },
    shard: 0,
    credentials: secret === '' ? [credential] : [password, credential],
  };
  return { record, credential };
}

test('a proof is good for ten minutes, for its session and its password', () => {
  const made = makeProof(who(1, 5), 1000);
  assert.ok(made);
  assert.equal(made.untilMs, 601_000);
  assert.ok(isProof(who(1, 5), made.proof, 600_999));
  const others: [SignedIn, number, string?][] = [
    [who(1, 5), 601_000],
    [who(1, 6), 2000],
    [who(2, 5), 2000],
    [who(1, 5, '$argon2id$two'), 2000],
    [who(1, 5, ''), 2000],
    [who(1, 5), 2000, made.proof.replace(/^\d+/, String(made.untilMs + 1))],
    [who(1, 5), 2000, ''],
    [who(1, 5), 2000, `${made.proof}x`],
    [who(1, 5), 2000, made.proof.slice(0, -1)],
  ];
  for (const [one, nowMs, other] of others) {
    const text: string = other ?? made.proof;
    assert.equal(isProof(one, text, nowMs), false, text);
  }
  const far = makeProof(who(1, 5), 10_000_000);
  assert.equal(
    isProof(who(1, 5), far?.proof ?? '', 1000),
    false,
    'no clock that was wrong makes one that lasts',
  );
  assert.equal(makeProof(who(1, 5, ''), 1000), undefined);
});
