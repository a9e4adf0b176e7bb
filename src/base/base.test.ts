import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Deadline, DeadlineExceeded } from './deadline.ts';
import { BoundedQueue, GateFull, Mutex, Semaphore } from './gate.ts';
import { createLog } from './log.ts';
import { Metrics } from './metrics.ts';
import { Secret } from './secret.ts';

test('a deadline is one budget over all phases', async () => {
  let now = 100;
  const deadline = Deadline.after(50, () => now);
  assert.equal(deadline.atMost(80), 50);
  now = 140;
  assert.equal(deadline.remainingMs, 10);
  assert.equal(deadline.atMost(5), 5);
  now = 151;
  assert.equal(deadline.isOver, true);
  assert.equal(deadline.remainingMs, 0);
  assert.throws(() => deadline.check('handshake'), DeadlineExceeded);
  await assert.rejects(deadline.bound(new Promise(() => {}), 'handshake'), /handshake: out of time/);
});

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

test('metrics count per registry and bound their labels', () => {
  const metrics = new Metrics();
  const logins = metrics.counter('logins_total', 'Sign-ins by outcome.', 'outcome');
  logins.add(2, 'ok');
  logins.add(1, 'refused');
  metrics.observe('sessions', 'Open sessions.', () => 7);
  assert.equal(metrics.value('logins_total', 'ok'), 2);
  assert.match(metrics.text(), /logins_total\{outcome="ok"\} 2\n/);
  assert.match(metrics.text(), /sessions 7\n/);
  for (let i = 0; i < 1000; i++) logins.add(1, `made up ${i}`);
  assert.ok(metrics.text().split('\n').length < 220);
  assert.equal(metrics.value('logins_total', 'other') > 700, true);
  assert.throws(() => metrics.counter('sessions', ''), /twice/);
});
