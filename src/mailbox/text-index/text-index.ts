/**
 * The index of texts of the accounts of this process: segments are read when somebody searches, kept in memory within a limit, and
 * given up when there is no room, those that were not used for longest first.
 *
 * Promises: never wrong, only incomplete. An email that is in no segment, or whose words are not all there, is one that nothing is known of.
 * A number of an email is never given again, so what a segment says of one stays right.
 */
import type { Log } from '../../base/log.ts';
import type { AccountId } from '../model/model.ts';
import type { IndexFiles } from '../port/index-files.ts';
import { Segment } from './segment.ts';

export interface NamedSegment {
  readonly name: string;
  readonly writtenMs: number;
  readonly segment: Segment;
  /** What it said of the last things that were looked for, by their names: whoever looks at a page asks again for the next. */
  readonly answers: Map<string, Uint8Array>;
}

/** Of one account: another value after each change. */
export type Segments = readonly NamedSegment[];

export interface TextIndexOptions {
  readonly files: IndexFiles;
  readonly maxBytes: number;
  readonly log: Log;
}

const NONE: Segments = Object.freeze([]);

export class TextIndex {
  readonly files: IndexFiles;
  /** Told of accounts whose texts were searched. */
  onSearched: (account: AccountId) => void = () => {};
  readonly #options: TextIndexOptions;
  /** The one that was used last comes last. */
  readonly #kept = new Map<AccountId, Segments>();
  readonly #loading = new Map<AccountId, Promise<Segments>>();
  /** How often an account's files were replaced while it was being read. */
  readonly #versions = new Map<AccountId, number>();

  constructor(options: TextIndexOptions) {
    this.#options = options;
    this.files = options.files;
  }

  /** None when it has none, and where there is no room for them. */
  async segmentsOf(account: AccountId): Promise<Segments> {
    const kept = this.#kept.get(account);
    if (kept !== undefined) {
      this.#keep(account, kept);
      return kept;
    }
    const loading = this.#loading.get(account) ?? this.#loadOrNone(account);
    this.#loading.set(account, loading);
    try {
      return await loading;
    } finally {
      this.#loading.delete(account);
    }
  }

  /**
   * Whether there may be more of them. One that is beyond what is kept in memory is never read again: it would be made once more, and
   * once more, and fill the disk.
   */
  hasRoom(segments: Segments): boolean {
    return segments.reduce((sum, { segment }) => sum + segment.sizeBytes, 0) <= this.#options.maxBytes;
  }

  /** Adds one, made of the octets, and then removes others whose emails it has, or which have none any more. */
  async replace(account: AccountId, octets: Uint8Array | undefined, removed: Segments): Promise<void> {
    if (octets !== undefined) await this.files.write(account, await this.#freeName(account), octets);
    this.#versions.set(account, (this.#versions.get(account) ?? 0) + 1);
    this.#kept.delete(account);
    const names = removed.map(({ name }) => name);
    if (names.length > 0) await this.files.remove(account, names);
    this.#kept.delete(account);
  }

  async removeAll(account: AccountId): Promise<void> {
    this.#versions.set(account, (this.#versions.get(account) ?? 0) + 1);
    this.#kept.delete(account);
    await this.files.removeAll(account);
  }

  async #freeName(account: AccountId): Promise<string> {
    const names = (await this.files.list(account)).map(({ name }) => Number(name));
    return String(Math.max(0, ...names) + 1).padStart(8, '0');
  }

  /** A search goes on without. */
  async #loadOrNone(account: AccountId): Promise<Segments> {
    try {
      return await this.#load(account);
    } catch (err) {
      this.#options.log.warn({ err, account }, 'the index of texts cannot be read; searches read the mail');
      return NONE;
    }
  }

  async #load(account: AccountId): Promise<Segments> {
    const version = this.#versions.get(account);
    const found: NamedSegment[] = [];
    let bytes = 0;
    for (const { name, writtenMs } of await this.files.list(account)) {
      const octets = await this.files.read(account, name);
      if (octets === undefined) continue;
      const segment = Segment.read(octets);
      if (segment === undefined) await this.files.remove(account, [name]);
      else found.push({ name, writtenMs, segment, answers: new Map() });
      bytes += octets.length;
      if (bytes > this.#options.maxBytes) break;
    }
    const segments = found.length === 0 ? NONE : found;
    if (this.#versions.get(account) === version) this.#keep(account, segments);
    return segments;
  }

  #keep(account: AccountId, segments: Segments): void {
    this.#kept.delete(account);
    this.#kept.set(account, segments);
    let bytes = 0;
    for (const [other, kept] of [...this.#kept].reverse()) {
      bytes += kept.reduce((sum, { segment }) => sum + segment.sizeBytes, 1024);
      if (bytes > this.#options.maxBytes && other !== account) this.#kept.delete(other);
    }
  }
}
