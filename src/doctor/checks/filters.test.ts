/** What the doctor makes of filters: tables of sights and verdicts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer } from '../../dns/answer.ts';
import type { World } from '../world.ts';
import { filters, judgeList } from './filters.ts';

const found = (...records: string[]) =>
  ({ kind: 'found', records, isSecure: false }) as unknown as Answer<'A'>;
const none = { kind: 'nxdomain', isSecure: false } as unknown as Answer<'A'>;
const silent = { kind: 'timeout', detail: 'no answer in time' } as unknown as Answer<'A'>;

test('lists are told by their own entries (RFC 5782 §5)', () => {
  const rows = [
    [1, found('127.0.0.2'), none, 'ok'],
    [1, found('127.0.0.2'), found('127.0.0.2'), 'fail'],
    [1, found('127.255.255.254'), none, 'fail'],
    [1, none, none, 'warn'],
    [1, silent, silent, 'warn'],
    [-1, none, none, 'ok'],
    [-1, silent, silent, 'warn'],
  ] as const;
  for (const [weight, always, never, verdict] of rows)
    assert.equal(judgeList('a.example', weight, { always, never }).verdict, verdict);
});

test('nothing is said of what is not asked, and rspamd is asked whether it is there', async () => {
  const worldOf = (url: string, lists: string, status: number) =>
    ({
      config: { rspamd: { url, controllerUrl: '' }, dnsbl: { lists } },
      dns: { ask: async () => none },
      web: async () => ({ kind: 'answered', status, body: 'pong' }),
    }) as unknown as World;
  const verdicts = async (...of: Parameters<typeof worldOf>) =>
    (await filters.run(worldOf(...of))).map(({ verdict }) => verdict);
  assert.deepEqual(await verdicts('', '', 200), []);
  assert.deepEqual(await verdicts('http://127.0.0.1:11333', 'a.example', 200), ['ok', 'warn']);
  assert.deepEqual(await verdicts('http://127.0.0.1:11333', 'not-a-list', 502), ['fail', 'fail']);
});
