/**
 * Writes one pack, in a thread that may wait for the disk. It has its name when it is whole and on the disk, its entry in the
 * folder with it; before that it is a file that the next start deletes.
 */
import { closeSync, fdatasyncSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { encodeRecipes, type Recipe } from './entry.ts';
import {
  BLOCK_BYTES,
  CHAIN_BYTES,
  encodeFooter,
  encodeFrame,
  encodeHeader,
  encodeIndex,
  HEADER_BYTES,
  type IndexEntry,
  packName,
  UNFINISHED,
} from './format.ts';
import { removeFile } from './pack-folder.ts';

/** What is said of a blob when it is added. */
export type EntryFacts = Pick<IndexEntry, 'blob' | 'account' | 'sizeBytes' | 'crc32'>;

interface Block {
  readonly account: number;
  readonly entries: {
    readonly facts: EntryFacts;
    readonly offset: number;
    readonly parts: readonly number[];
  }[];
  readonly pieces: Buffer[];
  rawBytes: number;
}

export interface PackTarget {
  /** The folder. */
  readonly packs: string;
  /** Breaks the promise; for the test that proves that the power-cut test sees it. */
  readonly isUnsynced?: boolean;
}

export class PackWriter {
  readonly #directory: string;
  readonly #isUnsynced: boolean;
  readonly #pack: number;
  readonly #fd: number;
  readonly #entries: IndexEntry[] = [];
  /** Of an account, and of parts, which are nobody's. */
  #mail: Block | undefined;
  #parts: Block | undefined;
  #at = HEADER_BYTES;
  #rawBytes = 0;

  constructor({ packs: directory, isUnsynced }: PackTarget, pack: number, createdMs: number) {
    this.#directory = directory;
    this.#isUnsynced = isUnsynced === true;
    this.#pack = pack;
    removeFile(this.#unfinished);
    this.#fd = openSync(this.#unfinished, 'wx', 0o600);
    this.#write(encodeHeader({ pack, createdMs }), 0);
  }

  /** What is in the file, without what waits for its frame. */
  get fileBytes(): number {
    return this.#at;
  }

  /** `rest`: the octets without the parts. */
  add(facts: EntryFacts, recipes: readonly Recipe[], rest: Buffer): void {
    const head = encodeRecipes(recipes);
    const parts = recipes.map(({ part }) => part);
    if (head.length + rest.length > BLOCK_BYTES) this.addChain(facts, parts, [head, rest]);
    else this.#addToBlock(facts, parts, [head, rest]);
  }

  /** An entry that is there already, head and all. */
  addWhole(facts: EntryFacts, parts: readonly number[], pieces: readonly Buffer[]): void {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (length > BLOCK_BYTES) this.addChain(facts, parts, pieces);
    else this.#addToBlock(facts, parts, pieces);
  }

  /** Of any length; the pieces are taken as they come. */
  addChain(facts: EntryFacts, parts: readonly number[], pieces: Iterable<Buffer>): void {
    const frame = this.#at;
    const raw = Buffer.allocUnsafe(CHAIN_BYTES);
    let used = 0;
    for (const piece of pieces) {
      for (let from = 0; from < piece.length; ) {
        const count = piece.copy(raw, used, from);
        from += count;
        used += count;
        if (used === CHAIN_BYTES) {
          this.#writeFrame(raw);
          used = 0;
        }
      }
    }
    if (used > 0) this.#writeFrame(raw.subarray(0, used));
    this.#entries.push({ ...facts, frame, offset: 0, parts });
  }

  /** On the disk, under its name. */
  finish(): readonly IndexEntry[] {
    if (this.#mail) this.#writeBlock(this.#mail);
    if (this.#parts) this.#writeBlock(this.#parts);
    const index = this.#at;
    const rawBytes = this.#rawBytes;
    this.#writeFrame(encodeIndex(this.#entries));
    this.#write(encodeFooter({ index, entries: this.#entries.length, rawBytes }), this.#at);
    if (!this.#isUnsynced) fdatasyncSync(this.#fd);
    closeSync(this.#fd);
    renameSync(this.#unfinished, join(this.#directory, packName(this.#pack)));
    if (this.#isUnsynced) return this.#entries;
    const folder = openSync(this.#directory, 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
    return this.#entries;
  }

  abandon(): void {
    closeSync(this.#fd);
    removeFile(this.#unfinished);
  }

  get #unfinished(): string {
    return join(this.#directory, packName(this.#pack) + UNFINISHED);
  }

  #addToBlock(facts: EntryFacts, parts: readonly number[], pieces: readonly Buffer[]): void {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    let block = facts.account === 0 ? this.#parts : this.#mail;
    const isFull = block !== undefined && block.rawBytes + length > BLOCK_BYTES;
    if (block !== undefined && (isFull || block.account !== facts.account)) {
      this.#writeBlock(block);
      block = undefined;
    }
    block ??= { account: facts.account, entries: [], pieces: [], rawBytes: 0 };
    block.entries.push({ facts, offset: block.rawBytes, parts });
    block.pieces.push(...pieces);
    block.rawBytes += length;
    if (facts.account === 0) this.#parts = block;
    else this.#mail = block;
  }

  #writeBlock({ entries, pieces }: Block): void {
    const frame = this.#at;
    this.#writeFrame(Buffer.concat(pieces));
    for (const { facts, offset, parts } of entries) this.#entries.push({ ...facts, frame, offset, parts });
  }

  #writeFrame(raw: Buffer): void {
    const frame = encodeFrame(raw);
    this.#write(frame, this.#at);
    this.#at += frame.length;
    this.#rawBytes += raw.length;
  }

  #write(bytes: Buffer, position: number): void {
    for (let done = 0; done < bytes.length; )
      done += writeSync(this.#fd, bytes, done, bytes.length - done, position + done);
  }
}
