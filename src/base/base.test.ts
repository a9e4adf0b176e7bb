import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { BoundedQueue, GateFull, Mutex, Semaphore } from './gate.ts';
import { createLog } from './log.ts';
import { LruMap } from './lru.ts';
import { Secret } from './secret.ts';

test('a mutex serves in order, one at a time', async () => {
  const mutex = new Mutex();
  const seen: string[] = [];
  const work = (name: string) => async () => {
    seen.push(`${name} in`);
    await Promise.resolve();
    seen.push(`${name} out`);
  };
  await Promise.all([mutex.run(work('a')), mutex.run(work('b')), mutex.run(work('c'))]);
  assert.deepEqual(seen, ['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
});

test('a failure gives the permit back, a full waiting room refuses', async () => {
  const gate = new Semaphore(1, 1);
  await assert.rejects(
    gate.run(() => {
      throw new Error('no');
    }),
    /no/,
  );
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = gate.run(() => promise);
  const second = gate.run(() => 2);
  await assert.rejects(
    gate.run(() => 3),
    GateFull,
  );
  resolve();
  await first;
  assert.equal(await second, 2);
});

test('a bounded queue holds the producer back', async () => {
  const queue = new BoundedQueue<number>(2);
  const produced: number[] = [];
  const producer = (async () => {
    for (let i = 0; i < 100; i++) {
      await queue.push(i);
      produced.push(i);
    }
    queue.close();
  })();
  await new Promise(setImmediate);
  assert.equal(produced.length, 2);
  const taken: number[] = [];
  for (let item = await queue.shift(); item !== undefined; item = await queue.shift()) taken.push(item);
  await producer;
  assert.deepEqual(
    taken,
    Array.from({ length: 100 }, (_, i) => i),
  );
  assert.equal(queue.offer(1), false);
});

test('a full map forgets what was not used for longest, and strangers who fill it are cheap', () => {
  const map = new LruMap<string, number>(3);
  for (const [key, value] of Object.entries({ a: 1, b: 2, c: 3 })) map.set(key, value);
  assert.equal(map.get('a'), 1);
  map.set('b', 20);
  map.set('d', 4);
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((key) => map.get(key)),
    [1, 20, undefined, 4],
  );
  assert.equal(map.delete('b'), true);
  assert.equal(map.delete('b'), false);
  map.set('e', 5);
  assert.equal(map.size, 3);
  assert.deepEqual(
    ['a', 'd', 'e'].map((key) => map.get(key)),
    [1, 4, 5],
  );

  const sizes = [1000, 30_000].map((capacity) => {
    const full = new LruMap<number, number>(capacity);
    const startMs = performance.now();
    for (let i = 0; i < 200_000; i++) full.set(i, i);
    assert.equal(full.size, capacity);
    return performance.now() - startMs;
  });
  // Linear in the capacity it took a hundred times as long.
  assert.ok((sizes[1] as number) < 20 * (sizes[0] as number) + 1000, sizes.join());
});

test('a secret never prints', () => {
  const secret = new Secret('hunter2');
  const shown = [String(secret), JSON.stringify({ secret }), inspect({ secret }), `${secret}`];
  for (const text of shown) assert.ok(!text.includes('hunter2') && text.includes('****'), text);
  assert.equal(secret.reveal(), 'hunter2');
  assert.equal(secret.equals(new Secret('hunter2')), true);
  assert.equal(secret.equals(new Secret('hunter3')), false);
});

test('log lines are JSON with the fields of every parent, secrets as stars', () => {
  const lines: string[] = [];
  const log = createLog({ level: 'info', write: (line) => void lines.push(line) }).child({
    protocol: 'imap',
  });
  log.debug({}, 'not shown');
  log.warn({ password: new Secret('x'), err: new Error('broken') }, 'it happened');
  assert.equal(lines.length, 1);
  const line = JSON.parse(lines[0] as string);
  assert.equal(line.level, 'warn');
  assert.equal(line.protocol, 'imap');
  assert.equal(line.password, '****');
  assert.equal(line.message, 'it happened');
  assert.match(line.err.stack, /broken/);
});

test('lines for a person quote what a client could use to forge one', () => {
  const lines: string[] = [];
  const log = createLog({ isPretty: true, write: (line) => void lines.push(line) });
  log.info({ mailbox: 'a\nERROR b', account: 'alice@example.com' }, 'created');
  assert.match(
    lines.join(''),
    /^\S+ INFO {2}created {2}mailbox="a\\nERROR b" {2}account=alice@example.com\n$/,
  );
});
