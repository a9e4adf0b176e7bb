/** A store whose calls fail when a test says so, as those of a broken disk do. */
import { type MailStore, StoreError, type StoreErrorCode } from '../../src/mailbox/port/store.ts';

/** Every call of the port that only reads. */
export const READS = [
  'loadAccount',
  'loadChunks',
  'loadLastChunk',
  'loadEmails',
  'loadExpunged',
  'loadUnreleased',
  'loadBuried',
  'loadHistory',
  'measureHistory',
  'loadExternalIds',
  'whichImported',
  'loadScript',
  'loadAnnotations',
  'loadBelongings',
  'loadMemories',
  'loadRuleEntries',
  'readRanges',
  'readStream',
  'listEmails',
  'verifyEmails',
] as const;
export type Read = (typeof READS)[number];

export class FailingStore {
  /** Calls that fail now, and with what. */
  readonly #failing = new Map<Read, StoreErrorCode>();
  /** How many calls have failed. */
  failures = 0;

  fail(code: StoreErrorCode, ...reads: readonly Read[]): void {
    for (const read of reads) this.#failing.set(read, code);
  }

  mend(): void {
    this.#failing.clear();
  }

  readonly wrapStore = (store: MailStore): MailStore =>
    new Proxy(store, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        const code = this.#failing.get(name as Read);
        if (code === undefined) return value.bind(target);
        return name === 'readStream' ? () => this.#noSlices(code) : async () => this.#throw(code);
      },
    });

  async *#noSlices(code: StoreErrorCode): AsyncGenerator<Buffer> {
    yield this.#throw(code);
  }

  #throw(code: StoreErrorCode): never {
    this.failures++;
    throw new StoreError(code, 'SELECT made_up FROM disk');
  }
}
