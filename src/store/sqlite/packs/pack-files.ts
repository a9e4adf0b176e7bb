/**
 * Packs opened for reading, and what their frames hold. A few descriptors and the frames that were read last are kept: messages
 * that are read one after the other share them.
 *
 * Reads are synchronous: a frame is 256 KB at most, from cached pages it is there sooner than the thread pool would answer, and
 * from a cold disk it takes as long as a page of the database does.
 */
import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError } from '../../../mailbox/port/store.ts';
import { wordsOf } from '../fault-words.ts';
import {
  CODEC_RAW,
  decodeFooter,
  decodeFrame,
  decodeFrameHead,
  decodeHeader,
  decodeIndex,
  FOOTER_BYTES,
  FRAME_HEAD_BYTES,
  type FrameHead,
  HEADER_BYTES,
  type IndexEntry,
  PACK_NAME,
  type PackFooter,
  type PackHeader,
  packName,
} from './format.ts';

const MAX_OPEN = 64;
const MAX_HEADS = 4096;
/** Of a shard: what a page of messages is in. */
const MAX_FRAME_BYTES = 4 * 1024 * 1024;
/** A buffer that is smaller may be part of another. */
const OWN_BYTES = 64 * 1024;

export interface PackFacts extends PackHeader, PackFooter {
  readonly fileBytes: number;
}

/** Numbers of the packs in a folder, ascending; none where there is no folder. */
export function packsIn(directory: string): readonly number[] {
  let names: readonly string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return names
    .filter((name) => PACK_NAME.test(name))
    .map((name) => Number.parseInt(name, 16))
    .sort((a, b) => a - b);
}

/**
 * Gives memory back at once. To wait for the collector until there is some for the next frame costs as much as opening it: each page of
 * new memory is made when it is first touched.
 */
function release(raw: Buffer): void {
  if (raw.length >= OWN_BYTES) (raw.buffer as ArrayBuffer).transfer(0);
}

export class PackFiles {
  readonly #directory: string;
  /** By number, in the order of last use. */
  readonly #open = new Map<number, number>();
  readonly #frames = new Map<string, Buffer>();
  readonly #heads = new Map<string, FrameHead>();
  #frameBytes = 0;
  #scratch = Buffer.alloc(0);

  constructor(directory: string) {
    this.#directory = directory;
  }

  path(pack: number): string {
    return join(this.#directory, packName(pack));
  }

  /** What is in a frame: until another one is asked for, when its memory may be taken. Throws `damaged`, also when the file is gone. */
  frame(pack: number, offset: number): Buffer {
    const key = `${pack} ${offset}`;
    const known = this.#frames.get(key);
    if (known !== undefined) {
      this.#frames.delete(key);
      this.#frames.set(key, known);
      return known;
    }
    const head = this.#keptHead(pack, offset);
    const stored = this.#stored(pack, offset, head);
    const raw = this.#named(pack, () => decodeFrame(head, stored));
    this.#keep(key, raw);
    return raw;
  }

  /**
   * What a frame holds from `from` on, as much as `target` takes. Of one that was kept as it came no more than that is read, and it is
   * not compared with its checksum, as nothing is that is in a segment: the check looks at whole messages.
   */
  copy(pack: number, offset: number, from: number, target: Buffer): void {
    const head = this.#keptHead(pack, offset);
    if (head.codec === CODEC_RAW) this.#read(pack, offset + FRAME_HEAD_BYTES + from, target.length, target);
    else this.frame(pack, offset).copy(target, 0, from, from + target.length);
  }

  /** How much a frame holds, and where the one behind it begins; that is found out without opening it. */
  extent(pack: number, offset: number): { readonly rawBytes: number; readonly next: number } {
    const { rawBytes, storedBytes } = this.#keptHead(pack, offset);
    return { rawBytes, next: offset + FRAME_HEAD_BYTES + storedBytes };
  }

  #keptHead(pack: number, offset: number): FrameHead {
    const key = `${pack} ${offset}`;
    const known = this.#heads.get(key);
    if (known !== undefined) return known;
    if (this.#heads.size >= MAX_HEADS) this.#heads.clear();
    const head = this.head(pack, offset);
    this.#heads.set(key, head);
    return head;
  }

  head(pack: number, offset: number): FrameHead {
    const head = this.#read(pack, offset, FRAME_HEAD_BYTES);
    return this.#named(pack, () => decodeFrameHead(head));
  }

  facts(pack: number): PackFacts {
    const fileBytes = fstatSync(this.#descriptor(pack)).size;
    const header = this.#read(pack, 0, HEADER_BYTES);
    const footer = this.#read(pack, Math.max(0, fileBytes - FOOTER_BYTES), FOOTER_BYTES);
    return this.#named(pack, () => ({ ...decodeHeader(header, pack), ...decodeFooter(footer), fileBytes }));
  }

  index(pack: number): readonly IndexEntry[] {
    const { index, entries: count } = this.facts(pack);
    const head = this.head(pack, index);
    const stored = this.#read(pack, index + FRAME_HEAD_BYTES, head.storedBytes);
    const entries = this.#named(pack, () => decodeIndex(decodeFrame(head, stored)));
    if (entries.length !== count) throw new StoreError('damaged', `${this.path(pack)}: entries are missing`);
    return entries;
  }

  /** The pack is deleted: an open descriptor would keep its room on the disk. */
  forget(pack: number): void {
    const fd = this.#open.get(pack);
    this.#open.delete(pack);
    if (fd !== undefined) closeSync(fd);
    for (const [key, raw] of this.#frames) if (key.startsWith(`${pack} `)) this.#drop(key, raw);
    for (const key of this.#heads.keys()) if (key.startsWith(`${pack} `)) this.#heads.delete(key);
  }

  close(): void {
    for (const pack of [...this.#open.keys()]) this.forget(pack);
  }

  #keep(key: string, frame: Buffer): void {
    for (const [oldest, raw] of this.#frames) {
      if (this.#frameBytes + frame.length <= MAX_FRAME_BYTES) break;
      this.#drop(oldest, raw);
    }
    this.#frames.set(key, frame);
    this.#frameBytes += frame.length;
  }

  #drop(key: string, raw: Buffer): void {
    this.#frames.delete(key);
    this.#frameBytes -= raw.length;
    release(raw);
  }

  /** What is decompressed from it is kept, and not this; so it needs no memory of its own. */
  #stored(pack: number, offset: number, head: FrameHead): Buffer {
    const { storedBytes, rawBytes } = head;
    const position = offset + FRAME_HEAD_BYTES;
    if (storedBytes === rawBytes) return this.#read(pack, position, storedBytes);
    if (this.#scratch.length < storedBytes) this.#scratch = Buffer.allocUnsafeSlow(storedBytes);
    return this.#read(pack, position, storedBytes, this.#scratch.subarray(0, storedBytes));
  }

  /** Not of the shared pool: it may be kept, and handed out, for long. */
  #read(
    pack: number,
    position: number,
    length: number,
    bytes: Buffer = Buffer.allocUnsafeSlow(length),
  ): Buffer {
    const fd = this.#descriptor(pack);
    try {
      for (let done = 0; done < length; ) {
        const count = readSync(fd, bytes, done, length - done, position + done);
        if (count === 0) throw new StoreError('damaged', `${this.path(pack)} ends too soon`);
        done += count;
      }
    } catch (error) {
      throw this.#failure(pack, error);
    }
    return bytes;
  }

  #descriptor(pack: number): number {
    let fd = this.#open.get(pack);
    if (fd === undefined) {
      try {
        fd = openSync(this.path(pack), 'r');
      } catch (error) {
        throw this.#failure(pack, error);
      }
    } else {
      this.#open.delete(pack);
    }
    this.#open.set(pack, fd);
    for (const [oldest, old] of this.#open) {
      if (this.#open.size <= MAX_OPEN) break;
      this.#open.delete(oldest);
      closeSync(old);
    }
    return fd;
  }

  #named<T>(pack: number, work: () => T): T {
    try {
      return work();
    } catch (error) {
      const { message, code } = error as StoreError;
      throw new StoreError(code, `${this.path(pack)}: ${message}`, { cause: error });
    }
  }

  /** A file that is gone, and a sector that the disk cannot read, are lost; all else may be mended. */
  #failure(pack: number, error: unknown): StoreError {
    if (error instanceof StoreError) return error;
    const { code } = error as NodeJS.ErrnoException;
    const isLost = code === 'ENOENT' || code === 'EIO';
    return new StoreError(isLost ? 'damaged' : 'io', `${this.path(pack)}: ${wordsOf(error as Error)}`, {
      cause: error,
    });
  }
}
