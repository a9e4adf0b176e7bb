/**
 * Bytes on their way in. Up to 64 KB they stay in memory and become a row of the transaction that uses them: atomic
 * with it, and one sync for both. Above, they go to a segment as they come, in blocks, and are synced when `finish`
 * resolves. An upload for accounts of several shards is written to each of them.
 *
 * The checksum is computed while the bytes pass; it is what `verify` compares with years later.
 */
import { crc32 } from 'node:zlib';
import { EMPTY } from '../../base/bytes.ts';
import { type StagedBlob, type Staging, StoreError } from '../../mailbox/port/store.ts';
import type { PackedBytes, PartPlaces } from './packs/packed-bytes.ts';
import type { SegmentFiles } from './segment-files.ts';
import type { Extent, Segments, SegmentWriter } from './segments.ts';

export const MAX_INLINE_BYTES = 64 * 1024;
/** Two such blocks an upload: one is filled while the other is written. */
const BLOCK_BYTES = 128 * 1024;

/** Blocks that are kept for the next uploads: making one each time has the collector run for nothing else. */
const MAX_SPARE_BLOCKS = 16;

/** Memory for octets on their way to a segment. */
export class Blocks {
  readonly #spare: Buffer[] = [];

  take(): Buffer {
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
  }

  /** From whom nobody has it any more, the kernel included. */
  giveBack(block: Buffer): void {
    if (this.#spare.length < MAX_SPARE_BLOCKS) this.#spare.push(block);
  }
}

/** The part of a shard that a staged blob needs. */
export interface StagingShard {
  readonly segments: Segments;
  readonly files: SegmentFiles;
  readonly packed: PackedBytes;
  readonly placeOf: PartPlaces;
}

/** Where the bytes wait, and under which number each shard has them once a batch was applied. */
export class Staged implements StagedBlob {
  readonly sizeBytes: number;
  readonly crc32: number;
  readonly inline: Buffer | undefined;
  /** Of octets that are in segments; hundreds of small ones may wait for one command, and have none of these. */
  readonly #extents: Map<StagingShard, Extent> | undefined;
  readonly #pinned: Set<StagingShard> | undefined;
  #stored: Map<StagingShard, number> | undefined;

  constructor(
    bytes: Buffer | undefined,
    facts: { readonly sizeBytes: number; readonly crc32: number },
    extents?: Map<StagingShard, Extent>,
  ) {
    this.inline = bytes;
    this.sizeBytes = facts.sizeBytes;
    this.crc32 = facts.crc32;
    this.#extents = extents;
    this.#pinned = extents && new Set(extents.keys());
  }

  read(from: number, to: number): Buffer | Promise<Buffer> {
    const [first, last] = [Math.max(0, from), Math.min(to, this.sizeBytes)];
    if (first >= last) return EMPTY;
    return this.inline?.subarray(first, last) ?? this.#readSegment(first, last - first);
  }

  async #readSegment(from: number, length: number): Promise<Buffer> {
    // Each shard has all of them.
    const [[shard, extent] = []] = this.#extents ?? [];
    if (shard === undefined || extent === undefined) throw new StoreError('io', 'the bytes were given up');
    try {
      using file = shard.files.open(extent.segment, 'a message on its way in');
      return await file.read(extent.offset + from, length);
    } catch (error) {
      const packed = this.#readPacked(shard, from, from + length);
      if (packed === undefined) throw error;
      return packed;
    }
  }

  /** It has come in, and into a pack since. */
  #readPacked(shard: StagingShard, from: number, to: number): Buffer | undefined {
    const number = this.numberIn(shard);
    const place = number === undefined ? undefined : shard.placeOf(number);
    return place && Buffer.concat([...shard.packed.read(place, from, to)]);
  }

  extent(shard: StagingShard): Extent | undefined {
    return this.#extents?.get(shard);
  }

  /** The number of its blob there, once a transaction has given it one. */
  numberIn(shard: StagingShard): number | undefined {
    return this.#stored?.get(shard);
  }

  /** `number` is undefined when the transaction is rolled back. */
  setNumber(shard: StagingShard, number: number | undefined): void {
    this.#stored ??= new Map();
    if (number === undefined) this.#stored.delete(shard);
    else this.#stored.set(shard, number);
  }

  /** A committed row holds the bytes from here on, or nobody ever will. */
  unpin(shard: StagingShard): void {
    const extent = this.#extents?.get(shard);
    if (extent && this.#pinned?.delete(shard)) shard.segments.unpin(extent.segment);
  }

  unpinAll(): void {
    for (const shard of [...(this.#pinned ?? [])]) this.unpin(shard);
  }
}

export class Upload implements Staging {
  readonly #shards: readonly StagingShard[];
  readonly #writers: SegmentWriter[] = [];
  #state: 'open' | 'finished' | 'aborted' = 'open';
  #small: Buffer;
  readonly #blocks: Blocks;
  #block: Buffer | undefined;
  /** Bytes in the block. */
  #used = 0;
  #sizeBytes = 0;
  #crc32 = 0;
  /** The one write under way; stays, rejected, when it failed. */
  #writing: Promise<void> | undefined;
  #staged: Staged | undefined;
  readonly #refusal: StoreError | undefined;

  /** `refusal`: there is no room for mail; it is said at the first octet, and nothing is kept. */
  constructor(shards: readonly StagingShard[], blocks: Blocks, sizeHintBytes: number, refusal?: StoreError) {
    this.#refusal = refusal;
    this.#shards = shards;
    this.#blocks = blocks;
    // What will be large anyway goes into a block at once.
    const isLarge = sizeHintBytes > MAX_INLINE_BYTES;
    this.#small = isLarge ? EMPTY : Buffer.allocUnsafe(Math.max(sizeHintBytes, 1024));
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#state !== 'open') throw new StoreError('closed', 'the upload has ended');
    if (this.#refusal) return Promise.reject(this.#refusal);
    this.#crc32 = crc32(chunk, this.#crc32);
    this.#sizeBytes += chunk.length;
    if (this.#block === undefined) {
      if (this.#sizeBytes <= MAX_INLINE_BYTES) {
        this.#keepSmall(chunk);
        return undefined;
      }
      this.#block = this.#blocks.take();
      this.#used = this.#small.copy(this.#block, 0, 0, this.#sizeBytes - chunk.length);
      this.#small = EMPTY;
    }
    return this.#fill(chunk, 0);
  }

  async finish(): Promise<StagedBlob> {
    if (this.#state !== 'open') throw new StoreError('closed', 'the upload has ended');
    if (this.#refusal) throw this.#refusal;
    this.#state = 'finished';
    const facts = { sizeBytes: this.#sizeBytes, crc32: this.#crc32 };
    if (this.#block === undefined) {
      return new Staged(this.#small.subarray(0, this.#sizeBytes), facts);
    }
    try {
      await this.#writing;
      await this.#writeOut(this.#block.subarray(0, this.#used));
    } catch (error) {
      await this.#abandon();
      throw error;
    }
    this.#blocks.giveBack(this.#block);
    this.#block = undefined;
    this.#staged = new Staged(undefined, facts, await this.#finishRecords(facts));
    if (this.#isAborted()) this.#staged.unpinAll();
    return this.#staged;
  }

  abort(): void {
    if (this.#state === 'finished') this.#staged?.unpinAll();
    else if (this.#state === 'open') {
      const writing = this.#writing ?? Promise.resolve();
      writing.catch(() => {}).then(() => this.#abandon());
    }
    this.#state = 'aborted';
  }

  /** A method, because the state may change while `finish` waits. */
  #isAborted(): boolean {
    return this.#state === 'aborted';
  }

  #keepSmall(chunk: Uint8Array): void {
    if (this.#small.length < this.#sizeBytes) {
      const wanted = Math.max(this.#sizeBytes, this.#small.length * 2);
      const larger = Buffer.allocUnsafe(Math.min(wanted, MAX_INLINE_BYTES));
      this.#small.copy(larger);
      this.#small = larger;
    }
    this.#small.set(chunk, this.#sizeBytes - chunk.length);
  }

  /** Copies into blocks; a promise only when both are full. */
  #fill(chunk: Uint8Array, from: number): Promise<void> | undefined {
    let at = from;
    while (at < chunk.length) {
      if (this.#used === BLOCK_BYTES) {
        if (this.#writing) return this.#writing.then(() => this.#fill(chunk, at));
        this.#startWriting();
      }
      const take = Math.min(chunk.length - at, BLOCK_BYTES - this.#used);
      this.#block?.set(chunk.subarray(at, at + take), this.#used);
      this.#used += take;
      at += take;
    }
    return undefined;
  }

  #startWriting(): void {
    const full = this.#block as Buffer;
    this.#block = this.#blocks.take();
    this.#used = 0;
    this.#writing = this.#writeOut(full).then(() => {
      this.#writing = undefined;
      this.#blocks.giveBack(full);
    });
    this.#writing.catch(() => {}); // told to the next `write` or `finish`
  }

  async #writeOut(bytes: Buffer): Promise<void> {
    for (const shard of this.#shards.slice(this.#writers.length)) {
      this.#writers.push(await shard.segments.acquire());
    }
    // All of them have ended before anybody lets go of a writer or of the bytes, whichever of them failed.
    const results = await Promise.allSettled(this.#writers.map((writer) => writer.write(bytes)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  async #finishRecords(facts: { sizeBytes: number; crc32: number }): Promise<Map<StagingShard, Extent>> {
    const writers = this.#writers.splice(0);
    const results = await Promise.allSettled(
      writers.map((writer) => writer.finish(facts.sizeBytes, facts.crc32)),
    );
    const extents = new Map<StagingShard, Extent>();
    for (const [i, result] of results.entries()) {
      if (result.status === 'fulfilled') extents.set(this.#shards[i] as StagingShard, result.value);
    }
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) {
      for (const [shard, extent] of extents) shard.segments.unpin(extent.segment);
      throw failed.reason;
    }
    return extents;
  }

  async #abandon(): Promise<void> {
    await Promise.all(this.#writers.splice(0).map((writer) => writer.abandon()));
  }
}
