import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Outbox, StreamClosed } from './outbox.ts';
import { SendMemory } from './send-memory.ts';

describe('memory for what is sent', () => {
  test('is used again when it has left, and not before', () => {
    const left: (() => void)[] = [];
    const memory = new SendMemory();
    const lent = memory.lend((sent) => left.push(sent));
    const first = lent.allocate(1000);
    const second = lent.allocate(1000);
    assert.equal(first.buffer, second.buffer, 'small ones share a block');
    assert.equal(second.byteOffset, first.byteOffset + 1000);
    lent.written();
    const meanwhile = memory.lend(() => {}).allocate(1000);
    assert.notEqual(meanwhile.buffer, first.buffer);
    for (const sent of left) sent();
    assert.equal(memory.lend(() => {}).allocate(1000).buffer, first.buffer);
  });

  test('what is allocated after `written` is in another block', () => {
    const lent = new SendMemory().lend(() => {});
    const before = lent.allocate(10);
    lent.written();
    assert.notEqual(lent.allocate(10).buffer, before.buffer);
  });

  test('has any length', () => {
    const lent = new SendMemory().lend(() => {});
    for (const length of [0, 1, 200_000, 100_000, 256 * 1024, 5_000_000])
      assert.equal(lent.allocate(length).length, length);
  });
});

describe('what an outbox says of what was taken', () => {
  class Socket {
    readonly takes: (() => void)[] = [];
    cork(): void {}
    uncork(): void {}
    write(_bytes: Buffer, taken?: () => void): void {
      if (taken) this.takes.push(taken);
    }
  }
  const options = { writeTimeoutMs: 1000, nowMs: () => 0 };
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  test('each push when its last octet has left', async () => {
    const socket = new Socket();
    const outbox = new Outbox(socket, options);
    const told: string[] = [];
    outbox.push([], () => told.push('nothing'));
    assert.deepEqual(told, ['nothing']);
    outbox.push(Buffer.alloc(600 * 1024), () => told.push('first'));
    outbox.push([], () => told.push('behind it'));
    outbox.push(Buffer.alloc(10), () => told.push('second'));
    await turn();
    socket.takes.shift()?.();
    assert.deepEqual(told, ['nothing'], 'a part of it is under way');
    socket.takes.shift()?.();
    assert.deepEqual(told, ['nothing', 'first', 'behind it', 'second']);
  });

  test('nothing of a connection that breaks', async () => {
    const socket = new Socket();
    const outbox = new Outbox(socket, options);
    outbox.push(Buffer.alloc(10), () => assert.fail('it was not taken'));
    await turn();
    outbox.fail(new StreamClosed('gone'));
    socket.takes.shift()?.();
  });
});
