/**
 * Several wakes in one run of promise jobs: none of them is lost, whatever the order.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Input } from './input.ts';
import { LIMITS_AFTER_LOGIN } from './wire/frame-event.ts';
import { Framer } from './wire/framer.ts';

/** An input over reads that the test completes one by one. */
function inputOverReads() {
  const reads: PromiseWithResolvers<Buffer | undefined>[] = [];
  const stream = {
    read() {
      const read = Promise.withResolvers<Buffer | undefined>();
      reads.push(read);
      return read.promise;
    },
  };
  const input = new Input(stream, new Framer(LIMITS_AFTER_LOGIN, () => 'buffer'));
  const give = (text: string | undefined): void => {
    reads.at(-1)?.resolve(text === undefined ? undefined : Buffer.from(text));
  };
  return { input, reads, give };
}

/** Everything that can happen without the outside world has happened. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('what wakes a session', () => {
  it('octets whose wake meets one by a hint are read', async () => {
    const { input, give } = inputOverReads();
    const next = input.nextEvent();
    await settled();
    give('a1 NOOP\r\n');
    input.hint();
    await settled();
    assert.equal(input.isWaiting, false);
    assert.equal((await next)?.kind, 'frame');
  });

  it('the end of the connection meets a hint', async () => {
    const { input, give } = inputOverReads();
    const next = input.nextLine();
    await settled();
    give(undefined);
    input.hint();
    await settled();
    assert.equal(input.isWaiting, false);
    assert.equal(await next, undefined);
  });

  it('a hint and half a line: the hint is told, the line is read when it is whole', async () => {
    const { input, give } = inputOverReads();
    const first = input.lineOrWake(60_000);
    await settled();
    give('DO');
    input.hint();
    assert.equal(await first, 'hint');
    const second = input.lineOrWake(60_000);
    await settled();
    give('NE\r\n');
    input.hint();
    await settled();
    const event = await second;
    const line = event === 'hint' ? await input.lineOrWake(60_000) : event;
    assert.ok(typeof line === 'object' && line.kind === 'line');
    assert.equal(line.bytes.toString(), 'DONE');
  });

  it('hints before the wait are told in IDLE and forgotten between commands', async () => {
    const { input, give } = inputOverReads();
    input.hint();
    assert.equal(await input.lineOrWake(60_000), 'hint');
    input.hint();
    const next = input.nextEvent();
    await settled();
    give('a1 IDLE\r\n');
    assert.equal((await next)?.kind, 'frame');
    const idle = input.lineOrWake(1);
    assert.equal(await idle, 'timeout');
  });

  it('one read is under way at most', async () => {
    const { input, reads, give } = inputOverReads();
    const first = input.lineOrWake(60_000);
    await settled();
    input.hint();
    await first;
    const second = input.lineOrWake(60_000);
    await settled();
    assert.equal(reads.length, 1);
    give('DONE\r\n');
    assert.equal(typeof (await second), 'object');
  });
});
