import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeMessages, encodeMessages, FrameError } from './message-frames.ts';

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const MESSAGES = [
  { head: { n: 1 }, chunks: () => [Buffer.from('hello '), Buffer.from('world')] },
  { head: { n: 2, text: 'ü' }, chunks: () => [] },
  { head: { n: 3 }, chunks: () => [Buffer.alloc(300_000, 0x78)] },
  {
    head: { n: 4 },
    *chunks() {
      yield Buffer.from('half');
      throw new Error('the rest is missing');
    },
  },
  { head: { n: 5 }, chunks: () => [Buffer.from('last')] },
];

async function encoded(): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of encodeMessages(MESSAGES)) parts.push(part);
  return Buffer.concat(parts);
}

test('messages come back however the stream is cut, and a broken one costs only itself', async () => {
  const bytes = await encoded();
  for (const size of [1_000_000, 65_536, 97]) {
    const seen: unknown[] = [];
    for await (const { head, chunks } of decodeMessages(cut(bytes, size))) {
      const parts: Buffer[] = [];
      try {
        for await (const chunk of chunks()) parts.push(chunk);
        seen.push([head, Buffer.concat(parts).length]);
      } catch (error) {
        seen.push([head, (error as Error).message]);
      }
    }
    const lengths = [11, 0, 300_000, 'the rest is missing', 4];
    assert.deepEqual(
      seen,
      MESSAGES.map(({ head }, i) => [head, lengths[i]]),
    );
  }
});

test('octets that nobody takes are passed over', async () => {
  const heads: unknown[] = [];
  for await (const { head } of decodeMessages(cut(await encoded(), 1000))) heads.push(head);
  assert.deepEqual(
    heads,
    MESSAGES.map(({ head }) => head),
  );
});

test('a stream that ends inside a message says so', async () => {
  const bytes = await encoded();
  for (const length of [2, 10, 20, bytes.length - 1]) {
    await assert.rejects(async () => {
      for await (const _ of decodeMessages(cut(bytes.subarray(0, length), 50)));
    }, FrameError);
  }
});
