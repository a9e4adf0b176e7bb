/** Calls of a client that goes away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '../../base/log.ts';
import { runCalls } from './dispatch.ts';
import { LIMITS } from './limits.ts';
import type { Method } from './method.ts';

test('of a client that is gone no more is done, but for what belongs to what was done', async () => {
  const gone = new AbortController();
  const done: string[] = [];
  const method = (name: string, act: Method['run']): [string, Method] => [
    name,
    { name, capability: 'c', run: async (args, call) => (done.push(name), act(args, call)) },
  ];
  const methods = new Map([
    method('Sent/set', async (_, call) => {
      call.afterwards('Email/set', {});
      gone.abort();
      return {};
    }),
    method('Email/set', async () => ({})),
    method('Late/set', async () => ({})),
  ]);
  const calls = ['Sent/set', 'Late/set'].map((name) => ({ name, args: {}, id: name }));
  const around = { gone: gone.signal, sessionState: 's', more: {}, limits: LIMITS, log: silentLog };
  const request = { using: new Set(['c']), calls, createdIds: undefined };
  assert.equal(await runCalls(request, methods, around as never), undefined);
  assert.deepEqual(done, ['Sent/set', 'Email/set']);
});
