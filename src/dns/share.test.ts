import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dns } from './answer.ts';
import { DnsShare } from './share.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Answers when it is told to. */
function slowDns() {
  const asked: string[] = [];
  const open: (() => void)[] = [];
  const ask = (name: string): Promise<unknown> => {
    asked.push(name);
    return new Promise<unknown>((resolve) => open.push(() => resolve({ kind: 'nodata', isSecure: false })));
  };
  const answer = async (count = 1): Promise<void> => {
    for (const done of open.splice(0, count)) done();
    await turn();
  };
  return { asked, answer, dns: { ask } as Dns };
}

const OPTIONS = { atOnce: 3, perAsker: 2, mostWaiting: 4, maxWaitMs: 10_000 };

test('no asker has all places, and they take turns', async () => {
  const { asked, answer, dns } = slowDns();
  const share = new DnsShare(dns, OPTIONS);
  const asking: Promise<unknown>[] = [];
  const ask = (who: string, name: string): void => void asking.push(share.of(who).ask(name, 'TXT'));
  for (const name of ['a1', 'a2', 'a3', 'a4', 'a5']) ask('a', name);
  for (const name of ['b1', 'b2', 'b3']) ask('b', name);
  ask('c', 'c1');
  await turn();
  assert.deepEqual(asked, ['a1', 'a2', 'b1']);
  await answer();
  assert.deepEqual(asked.slice(3), ['b2']);
  for (let i = 0; i < 8; i++) await answer();
  assert.deepEqual(asked.slice(3).sort(), ['a3', 'a4', 'a5', 'b2', 'b3', 'c1']);
  assert.ok(asked.indexOf('c1') < asked.indexOf('a5'));
  await Promise.all(asking);
});

test('who is over the bound, or waits too long, is told that it was not asked', async () => {
  const { asked, answer, dns } = slowDns();
  const share = new DnsShare(dns, { ...OPTIONS, maxWaitMs: 30 });
  const flood = Array.from({ length: 7 }, (_, i) => share.of('a').ask(`a${i}`, 'TXT'));
  assert.equal((await flood[6])?.kind, 'busy', 'at once');
  assert.equal((await flood[5])?.kind, 'busy', 'after a while');
  assert.deepEqual(asked, ['a0', 'a1']);
  const other = share.of('b').ask('b0', 'TXT');
  await turn();
  assert.deepEqual(asked, ['a0', 'a1', 'b0'], 'nobody else has waited');
  await answer(3);
  assert.equal((await other).kind, 'nodata');
  assert.equal((await Promise.all(flood)).filter(({ kind }) => kind === 'nodata').length, 2);
});
