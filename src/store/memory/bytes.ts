/**
 * Octets of messages. An upload collects them, emails refer to them, and they are gone with the last email that does:
 * the garbage collector counts.
 */
import { EMPTY } from '../../base/bytes.ts';
import { type StagedBlob, type Staging, StoreError } from '../../mailbox/port/store.ts';

const SLICE_BYTES = 256 * 1024;

export class MemoryBlob implements StagedBlob {
  readonly bytes: Buffer;
  #state: 'waiting' | 'used' | 'given up' = 'waiting';

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get sizeBytes(): number {
    return this.bytes.length;
  }

  read(from: number, to: number): Buffer {
    return this.bytes.subarray(from, to);
  }

  get isGivenUp(): boolean {
    return this.#state === 'given up';
  }

  use(): void {
    this.#state = 'used';
  }

  /** An email that has them keeps them. */
  giveUp(): void {
    if (this.#state === 'waiting') this.#state = 'given up';
  }
}

export class MemoryUpload implements Staging {
  #pieces: Buffer[] = [];
  #isEnded = false;
  #blob: MemoryBlob | undefined;

  write(chunk: Uint8Array): undefined {
    this.#assertOpen();
    this.#pieces.push(Buffer.from(chunk));
  }

  async finish(): Promise<StagedBlob> {
    this.#assertOpen();
    this.#isEnded = true;
    this.#blob = new MemoryBlob(Buffer.concat(this.#pieces));
    this.#pieces = [];
    return this.#blob;
  }

  abort(): void {
    this.#isEnded = true;
    this.#pieces = [];
    this.#blob?.giveUp();
  }

  #assertOpen(): void {
    if (this.#isEnded) throw new StoreError('closed', 'the upload has ended');
  }
}

/** An email's octets: those of its own, perhaps none, then the shared ones. */
export interface EmailBytes {
  readonly prefix: Buffer;
  readonly blob: MemoryBlob;
}

/** Clipped to what there is. */
export function cut({ prefix, blob }: EmailBytes, start: number, end: number): Buffer {
  const shared = blob.bytes.subarray(
    Math.max(0, start - prefix.length),
    Math.max(0, start - prefix.length, end - prefix.length),
  );
  const own = start < prefix.length ? prefix.subarray(start, Math.max(start, end)) : EMPTY;
  return own.length === 0 ? shared : Buffer.concat([own, shared]);
}

export function* slices(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) yield bytes.subarray(at, at + SLICE_BYTES);
}
