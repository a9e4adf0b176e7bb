import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Account } from './account.ts';

const SESSION = {
  address: 'anna@example.org',
  hostname: 'mail.example.org',
  isOwnDevice: true,
  preferences: {},
};

function answering(...answers: readonly (Response | Error)[]): Account {
  const left = [...answers];
  return new Account(async () => {
    const next = left.shift();
    if (next instanceof Response) return next;
    throw next ?? new Error('asked too often');
  });
}

test('who is signed in', async () => {
  const account = answering(
    Response.json(SESSION),
    new TypeError('no network'),
    new Response(null, { status: 204 }),
  );
  assert.equal(account.now.value.state, 'unknown');
  await account.look();
  assert.deepEqual(account.now.value, { state: 'in', session: SESSION });
  await account.look();
  assert.equal(account.now.value.state, 'in', 'no network is no reason to sign out');
  await account.look();
  assert.equal(account.now.value.state, 'out');
});

test('what keeps somebody out', async () => {
  const credentials = { address: 'a@example.org', password: 'x', isOwnDevice: false };
  for (const [answer, fault] of [
    [new Response('', { status: 401 }), 'wrong'],
    [new Response('', { status: 429 }), 'tooMany'],
    [new Response('', { status: 403 }), 'notAllowed'],
    [new Response('', { status: 500 }), 'failed'],
    [new TypeError('no network'), 'unreachable'],
    [Response.json(SESSION), undefined],
  ] as const)
    assert.equal(await answering(answer).signIn(credentials), fault);
});

test('who has failed too often is told until when', async () => {
  const headers = { 'retry-after': '90' };
  const account = answering(new Response('', { status: 429, headers }), new Response('', { status: 401 }));
  const credentials = { address: 'a@example.org', password: 'x', isOwnDevice: false };
  const nowMs = Date.now();
  assert.equal(await account.signIn(credentials), 'tooMany');
  const waitMs = (account.openAtMs ?? 0) - nowMs;
  assert.ok(waitMs >= 90_000 && waitMs < 100_000, String(waitMs));
  assert.equal(await account.signIn(credentials), 'wrong');
  assert.equal(account.openAtMs, undefined);
});

test('a session that ended elsewhere says so, once', async () => {
  const account = answering(Response.json(SESSION));
  await account.look();
  account.ended();
  assert.deepEqual(account.now.value, { state: 'out', why: 'ended' });
});
