/**
 * Segments opened for reading. A few descriptors are kept open, the least recently used goes first; one in use is
 * closed by its last user, so a segment may be deleted while somebody still reads from it.
 */
import { close, openSync, read, readSync } from 'node:fs';
import { type Allocate, StoreError } from '../../mailbox/port/store.ts';
import { wordsOf } from './fault-words.ts';
import type { Segments } from './segments.ts';

const MAX_OPEN = 64;
/**
 * Up to this a read does not go through the thread pool: from cached pages it is done in less time than the way there
 * and back takes, and from a cold disk it waits as long as the database's own reads of a smaller message do.
 */
const READ_AT_ONCE_BYTES = 256 * 1024;

interface OpenFile {
  readonly segment: number;
  readonly fd: number;
  users: number;
  isEvicted: boolean;
}

export interface SegmentReader extends Disposable {
  /** Exactly `length` bytes, or `damaged`. */
  read(position: number, length: number, allocate?: Allocate): Promise<Buffer>;
}

export class SegmentFiles {
  readonly #segments: Segments;
  /** In the order of last use. */
  readonly #open = new Map<number, OpenFile>();

  constructor(segments: Segments) {
    this.#segments = segments;
  }

  /** `what` is named when bytes are missing. Dispose it. */
  open(segment: number, what: string): SegmentReader {
    const file = this.#acquire(segment, what);
    return {
      read: (position, length, allocate = Buffer.allocUnsafeSlow) =>
        readFully(file.fd, position, allocate(length), `${what}: ${this.#segments.path(segment)}`),
      [Symbol.dispose]: () => {
        file.users--;
        if (file.isEvicted && file.users === 0) close(file.fd);
      },
    };
  }

  /** The segment is deleted: an open descriptor would keep its room on the disk. */
  forget(segment: number): void {
    const file = this.#open.get(segment);
    if (file) this.#evict(file);
  }

  close(): void {
    for (const file of [...this.#open.values()]) this.#evict(file);
  }

  #acquire(segment: number, what: string): OpenFile {
    let file = this.#open.get(segment);
    if (file === undefined) {
      file = { segment, fd: this.#openFile(segment, what), users: 0, isEvicted: false };
    } else {
      this.#open.delete(segment);
    }
    this.#open.set(segment, file);
    file.users++;
    if (this.#open.size > MAX_OPEN) this.#evict(this.#open.values().next().value as OpenFile);
    return file;
  }

  #openFile(segment: number, what: string): number {
    try {
      return openSync(this.#segments.path(segment), 'r');
    } catch (error) {
      const isGone = (error as NodeJS.ErrnoException).code === 'ENOENT';
      const path = this.#segments.path(segment);
      throw new StoreError(isGone ? 'damaged' : 'io', `${what}: ${path}: ${wordsOf(error as Error)}`, {
        cause: error,
      });
    }
  }

  #evict(file: OpenFile): void {
    this.#open.delete(file.segment);
    file.isEvicted = true;
    if (file.users === 0) close(file.fd);
  }
}

function readFully(fd: number, position: number, buffer: Buffer, what: string): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const { length } = buffer;
  const cutOff = (): void => reject(new StoreError('damaged', `${what}: bytes are missing from its segment`));
  const fail = (error: unknown): void => reject(readError(error as NodeJS.ErrnoException, what));
  if (length <= READ_AT_ONCE_BYTES) {
    try {
      if (readAtOnce(fd, buffer, position)) resolve(buffer);
      else cutOff();
    } catch (error) {
      fail(error);
    }
    return promise;
  }
  const step = (done: number): void => {
    if (done === length) {
      resolve(buffer);
      return;
    }
    read(fd, buffer, done, length - done, position + done, (error, count) => {
      if (error) fail(error);
      else if (count === 0) cutOff();
      else step(done + count);
    });
  };
  step(0);
  return promise;
}

/** A sector that the disk cannot read is lost; everything else is about the file, and may be mended. */
function readError(error: NodeJS.ErrnoException, what: string): StoreError {
  return new StoreError(error.code === 'EIO' ? 'damaged' : 'io', `${what}: ${wordsOf(error)}`, {
    cause: error,
  });
}

/** False when the file ends before the buffer is full. */
function readAtOnce(fd: number, buffer: Buffer, position: number): boolean {
  for (let done = 0; done < buffer.length; ) {
    const count = readSync(fd, buffer, done, buffer.length - done, position + done);
    if (count === 0) return false;
    done += count;
  }
  return true;
}
