import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PushHere } from './push-here.ts';

const OLD = Buffer.from('old key of the server');
const NEW = Buffer.from('a new one, with ?>~ in it');

/** A browser whose subscription was made with the old key, at a server that has this one. */
function here(serverKey: Buffer) {
  const facts = new Map<string, unknown>([['push', { id: 'p1', endpoint: 'https://push.example/old' }]]);
  const calls: unknown[] = [];
  const done: string[] = [];
  const subscriptionTo = (endpoint: string, key: Buffer) => ({
    endpoint,
    options: { applicationServerKey: new Uint8Array(key).buffer },
    toJSON: () => ({ endpoint, keys: { p256dh: 'k', auth: 'a' } }),
    unsubscribe: async () => {
      done.push(`left ${endpoint}`);
      return true;
    },
  });
  const pushManager = {
    getSubscription: async () => subscriptionTo('https://push.example/old', OLD),
    subscribe: async ({ applicationServerKey }: { readonly applicationServerKey: string }) => {
      done.push('subscribed');
      return subscriptionTo('https://push.example/new', Buffer.from(applicationServerKey, 'base64url'));
    },
  };
  const push = new PushHere({
    client: {
      session: async () => ({
        capabilities: {
          'urn:ietf:params:jmap:webpush-vapid': { applicationServerKey: serverKey.toString('base64url') },
        },
      }),
      call: (_: string, args: Record<string, unknown>) => {
        calls.push(args);
        const result = Promise.resolve({ updated: { p1: null }, created: { here: { id: 'p2' } } });
        return { result, ref: () => ({}) };
      },
    } as never,
    keeping: {
      fact: async (name: string) => facts.get(name),
      keepFact: async (name: string, value: unknown) => void facts.set(name, value),
    } as never,
    registration: async () => ({ pushManager }) as never,
    permission: { now: () => 'granted', ask: async () => 'granted' },
    nowMs: () => 0,
  });
  return { push, facts, calls, done };
}

test('a subscription of the key that the server has is renewed', async () => {
  const { push, facts, done } = here(OLD);
  await push.renew();
  assert.deepEqual([done, facts.get('push')], [[], { id: 'p1', endpoint: 'https://push.example/old' }]);
});

test('where the server has another key, one of that takes its place', async () => {
  const { push, facts, calls, done } = here(NEW);
  await push.renew();
  assert.deepEqual(done, ['left https://push.example/old', 'subscribed']);
  assert.deepEqual(facts.get('push'), { id: 'p2', endpoint: 'https://push.example/new' });
  assert.ok(calls.some((args) => JSON.stringify(args) === '{"destroy":["p1"]}'));
});
