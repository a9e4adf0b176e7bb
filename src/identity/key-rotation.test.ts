import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { changedKeys, type DomainKey } from '../mailbox/model/domains.ts';
import { APART_MS, newPair, RETIRING_MS, type Sight, sameKey, signingKeys, step } from './key-rotation.ts';

const aKey = (selector: string, rest: Partial<DomainKey> = {}): DomainKey => ({
  ...{ selector, algorithm: selector.endsWith('e') ? 'ed25519' : 'rsa', privateKey: `secret of ${selector}` },
  ...{ record: `v=DKIM1; p=${selector}`, state: 'waiting', sinceMs: 0, ...rest },
});

/** Keys after looks: at which minute, and what is seen then. */
function after(
  keys: readonly DomainKey[],
  looks: readonly (readonly [number, Record<string, Sight>])[],
): DomainKey[] {
  let now = keys;
  for (const [minute, sights] of looks) {
    const { change } = step(now, new Map(Object.entries(sights)), minute * 60_000);
    now = changedKeys(now, change);
  }
  return [...now];
}

const states = (keys: readonly DomainKey[]): string =>
  keys.map(({ selector, state }) => `${selector} ${state}`).join(', ');

describe('a new key', () => {
  const both = [aKey('1r', { state: 'active' }), aKey('2r')];
  const rows: readonly (readonly [string, readonly (readonly [number, Record<string, Sight>])[], string])[] =
    [
      [
        'is not published',
        [
          [0, { '2r': 'absent' }],
          [90, { '2r': 'absent' }],
        ],
        '1r active, 2r waiting',
      ],
      ['is seen once', [[0, { '2r': 'shown' }]], '1r active, 2r waiting'],
      [
        'is seen twice in a short time',
        [
          [0, { '2r': 'shown' }],
          [59, { '2r': 'shown' }],
        ],
        '1r active, 2r waiting',
      ],
      [
        'is seen twice an hour apart',
        [
          [0, { '2r': 'shown' }],
          [60, { '2r': 'shown' }],
        ],
        '1r retiring, 2r active',
      ],
      [
        'is seen often',
        [
          [0, { '2r': 'shown' }],
          [30, { '2r': 'shown' }],
          [61, { '2r': 'shown' }],
        ],
        '1r retiring, 2r active',
      ],
      [
        'is gone in between',
        [
          [0, { '2r': 'shown' }],
          [30, { '2r': 'absent' }],
          [61, { '2r': 'shown' }],
        ],
        '1r active, 2r waiting',
      ],
      [
        'becomes another one',
        [
          [0, { '2r': 'shown' }],
          [61, { '2r': 'other' }],
        ],
        '1r active, 2r waiting',
      ],
      [
        'cannot be asked for in between',
        [
          [0, { '2r': 'shown' }],
          [30, { '2r': 'unknown' }],
          [61, { '2r': 'shown' }],
        ],
        '1r retiring, 2r active',
      ],
      [
        'is not looked at',
        [
          [0, { '2r': 'shown' }],
          [61, {}],
        ],
        '1r active, 2r waiting',
      ],
    ];
  for (const [what, looks, expected] of rows)
    test(what, () => assert.equal(states(after(both, looks)), expected));

  test('signs at first sight where nothing does, each algorithm by itself', () => {
    const keys = after([aKey('1r'), aKey('1e')], [[0, { '1r': 'shown', '1e': 'absent' }]]);
    assert.equal(states(keys), '1e waiting, 1r active');
    assert.deepEqual(
      signingKeys(keys).map(({ selector }) => selector),
      ['1r'],
    );
    const other = after([aKey('1r', { state: 'active' }), aKey('1e')], [[0, { '1e': 'shown' }]]);
    assert.equal(states(other), '1e active, 1r active');
  });
});

test('an old key retires for a week, gives its secret away, and is forgotten when its record is gone', () => {
  const keys = [aKey('1r', { state: 'active' }), aKey('2r', { seenMs: 0 })];
  const changed = after(keys, [[60, { '2r': 'shown' }]]);
  assert.deepEqual(changed[0], aKey('1r', { state: 'retiring', sinceMs: APART_MS }));
  assert.deepEqual(changed[1], aKey('2r', { state: 'active', sinceMs: APART_MS }));
  const week = RETIRING_MS / 60_000;
  assert.equal(states(after(changed, [[week, {}]])), '1r retiring, 2r active');
  const retired = after(changed, [[week + 60, {}]]);
  assert.deepEqual(
    retired[0],
    aKey('1r', { state: 'retired', sinceMs: RETIRING_MS + APART_MS, privateKey: '' }),
  );
  assert.equal(states(after(retired, [[week + 61, { '1r': 'shown' }]])), '1r retired, 2r active');
  assert.equal(states(after(retired, [[week + 61, { '1r': 'unknown' }]])), '1r retired, 2r active');
  assert.equal(states(after(retired, [[week + 61, { '1r': 'absent' }]])), '2r active');
});

test('what is told is what happened', () => {
  const { news } = step(
    [aKey('1r', { state: 'active' }), aKey('2r', { seenMs: 0 })],
    new Map([['2r', 'shown']]),
    APART_MS,
  );
  assert.deepEqual(news, [
    { selector: '2r', what: 'signs' },
    { selector: '1r', what: 'retires' },
  ]);
});

test('a pair has selectors of its own', async () => {
  const makeKey = async (algorithm: string) => ({ privateKey: algorithm, record: algorithm });
  const at = Date.parse('2026-11-27T00:00:00Z');
  const first = await newPair([], makeKey, at);
  assert.deepEqual(
    first.map(({ selector, algorithm }) => [selector, algorithm]),
    [
      ['b202611r', 'rsa'],
      ['b202611e', 'ed25519'],
    ],
  );
  const second = await newPair(first, makeKey, at);
  assert.deepEqual(
    second.map(({ selector }) => selector),
    ['b202611r2', 'b202611e2'],
  );
});

test('a record is the same however it is written (RFC 6376 §3.6.1)', () => {
  const record = 'v=DKIM1; k=rsa; p=ABC+/=';
  for (const published of ['p=ABC+/=', 'v=DKIM1;k=rsa;t=s;p=AB C+/=', ' p = ABC+/= ; v=DKIM1 '])
    assert.ok(sameKey(record, published), published);
  for (const published of ['', 'v=DKIM1; p=', 'v=DKIM1; k=ed25519; p=ABC+/=', 'v=DKIM1; p=ABC'])
    assert.ok(!sameKey(record, published), published);
});
