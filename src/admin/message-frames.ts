/**
 * Messages in a row on the control socket, each a JSON head and its octets in chunks, so that neither side holds more
 * than a chunk:
 *
 *     u32 length of head, head, { u32 length of chunk, chunk }, u32 0      or instead of the last: u32 2^32-1, u32, reason
 *
 * Numbers are little-endian. A stream that ends anywhere but between two messages is broken and says so.
 */
const MAX_HEAD_BYTES = 1024 * 1024;
const MAX_CHUNK_BYTES = 16 * 1024 * 1024;
const FAILED = 0xffff_ffff;
/** Small messages travel together. */
const WRITE_BYTES = 256 * 1024;

export interface Framed {
  readonly head: unknown;
  chunks(): AsyncIterable<Buffer>;
}

interface Unframed {
  readonly head: object;
  chunks(): Iterable<Buffer> | AsyncIterable<Buffer>;
}

export class FrameError extends Error {
  override readonly name = 'FrameError';
}

export async function* encodeMessages(
  messages: Iterable<Unframed> | AsyncIterable<Unframed>,
): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  const put = (bytes: Buffer): void => {
    waiting.push(bytes);
    waitingBytes += bytes.length;
  };
  const take = (): Buffer => {
    const out = Buffer.concat(waiting);
    waiting = [];
    waitingBytes = 0;
    return out;
  };
  for await (const message of messages) {
    const head = Buffer.from(JSON.stringify(message.head));
    put(u32(head.length));
    put(head);
    try {
      for await (const chunk of message.chunks()) {
        if (chunk.length === 0) continue;
        put(u32(chunk.length));
        put(chunk);
        if (waitingBytes >= WRITE_BYTES) yield take();
      }
      put(u32(0));
    } catch (error) {
      const reason = Buffer.from((error as Error).message);
      put(u32(FAILED));
      put(u32(reason.length));
      put(reason);
    }
    if (waitingBytes >= WRITE_BYTES) yield take();
  }
  if (waitingBytes > 0) yield take();
}

/** The chunks of a message that were not taken are passed over when the next one is asked for. */
export async function* decodeMessages(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Framed> {
  const reader = new Reader(bytes);
  while (await reader.hasMore()) {
    const length = await reader.u32();
    if (length > MAX_HEAD_BYTES) throw new FrameError('the head of a message is too long');
    const head: unknown = JSON.parse((await reader.exactly(length)).toString('utf8'));
    const state = { isDone: false };
    yield { head, chunks: () => chunksOf(reader, state) };
    if (state.isDone) continue;
    try {
      for await (const _ of chunksOf(reader, state));
    } catch (error) {
      if (!state.isDone) throw error;
    }
  }
}

async function* chunksOf(reader: Reader, state: { isDone: boolean }): AsyncGenerator<Buffer> {
  while (!state.isDone) {
    const length = await reader.u32();
    if (length === 0) {
      state.isDone = true;
      return;
    }
    if (length === FAILED) {
      const reason = await reader.exactly(Math.min(await reader.u32(), MAX_HEAD_BYTES));
      state.isDone = true;
      throw new Error(reason.toString('utf8'));
    }
    if (length > MAX_CHUNK_BYTES) throw new FrameError('a chunk is too long');
    yield await reader.exactly(length);
  }
}

class Reader {
  readonly #source: AsyncIterator<Uint8Array>;
  #buffered: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async hasMore(): Promise<boolean> {
    while (this.#buffered.length === 0) if (!(await this.#fill())) return false;
    return true;
  }

  async u32(): Promise<number> {
    return (await this.exactly(4)).readUInt32LE(0);
  }

  async exactly(length: number): Promise<Buffer> {
    if (this.#buffered.length < length) await this.#gather(length);
    const out = this.#buffered.subarray(0, length);
    this.#buffered = this.#buffered.subarray(length);
    return out;
  }

  async #gather(length: number): Promise<void> {
    const parts = [this.#buffered];
    let have = this.#buffered.length;
    while (have < length) {
      const next = await this.#source.next();
      if (next.done === true) throw new FrameError('the stream of messages ends in the middle of one');
      parts.push(asBuffer(next.value));
      have += next.value.length;
    }
    this.#buffered = Buffer.concat(parts);
  }

  async #fill(): Promise<boolean> {
    const next = await this.#source.next();
    if (next.done === true) return false;
    this.#buffered = asBuffer(next.value);
    return true;
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function u32(n: number): Buffer {
  const out = Buffer.allocUnsafe(4);
  out.writeUInt32LE(n, 0);
  return out;
}
