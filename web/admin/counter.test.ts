import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counter } from './counter.ts';

interface Asked {
  readonly what: string;
  readonly body: { readonly [name: string]: unknown };
}

const json = (status: number, value: unknown): Response =>
  new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json' } });

function counterWith(answer: (asked: Asked) => Response | undefined) {
  const asked: Asked[] = [];
  const state = { nowMs: 0, ended: 0 };
  const counter = new Counter({
    fetch: (async (path: string, init: RequestInit) => {
      const one = { what: path.replace('/web/admin/', ''), body: JSON.parse(String(init.body)) };
      asked.push(one);
      const response = answer(one);
      if (response === undefined) throw new TypeError('no network');
      return response;
    }) as typeof fetch,
    nowMs: () => state.nowMs,
    onSignedOut: () => state.ended++,
  });
  return { counter, asked, state };
}

test('what is dangerous waits for the password, and goes on with it for as long as it counts', async () => {
  const { counter, asked, state } = counterWith(({ what, body }) => {
    if (what === 'prove')
      return body.password === 'right'
        ? json(200, { proof: 'p', untilMs: 600_000 })
        : json(401, { error: 'bad-credentials' });
    return body.proof === 'p' ? new Response(null, { status: 204 }) : json(403, { error: 'prove' });
  });
  const done = counter.ask('account/remove', { address: 'a' });
  await new Promise(setImmediate);
  assert.equal(counter.wantsPassword, true);
  assert.deepEqual(await counter.prove('wrong'), { code: 'bad-credentials' });
  assert.equal(counter.wantsPassword, true, 'it may be typed again');
  assert.equal(await counter.prove('right'), undefined);
  assert.deepEqual(await done, { value: undefined });
  assert.equal(counter.wantsPassword, false);
  assert.deepEqual(await counter.ask('account/remove', { address: 'b' }), { value: undefined });
  assert.deepEqual(asked.at(-1)?.body, { address: 'b', proof: 'p' });
  state.nowMs = 595_000;
  const late = counter.ask('account/remove', { address: 'c' });
  await new Promise(setImmediate);
  assert.equal(counter.wantsPassword, true, 'one that ends on the way is none');
  counter.cancel();
  assert.deepEqual(await late, { fault: { code: 'prove' } });
});

test('a second question takes the place of the first', async () => {
  const { counter } = counterWith(() => json(403, { error: 'prove' }));
  const first = counter.ask('a');
  await new Promise(setImmediate);
  const second = counter.ask('b');
  assert.deepEqual(await first, { fault: { code: 'prove' } });
  counter.cancel();
  assert.deepEqual(await second, { fault: { code: 'prove' } });
});

test('what goes wrong is told apart; whoever is no administrator any more sees the counter close', async () => {
  let next: Response | undefined;
  const { counter, state } = counterWith(() => next);
  assert.deepEqual(await counter.ask('a'), { fault: { code: 'unreachable' } });
  next = json(409, { error: 'exists', why: 'there is one' });
  assert.deepEqual(await counter.ask('a'), { fault: { code: 'exists', why: 'there is one' } });
  next = new Response('Something went wrong', { status: 500 });
  assert.deepEqual(await counter.ask('a'), { fault: { code: 'failed' } });
  next = json(404, { error: 'nonexistent', why: 'no such account' });
  await counter.ask('a');
  assert.equal(counter.isOpen.value, true);
  next = new Response('There is nothing here.\n', { status: 404, headers: { 'content-type': 'text/plain' } });
  await counter.ask('a');
  assert.equal(counter.isOpen.value, false);
  next = json(401, { error: 'signed-out' });
  await counter.ask('a');
  assert.equal(state.ended, 1);
});
