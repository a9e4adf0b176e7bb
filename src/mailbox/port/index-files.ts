/**
 * Where the index of texts is kept between runs. All of it is derived from mail: it may be lost, and whoever cannot read a file
 * of it removes it. An account has a few files, which are written once.
 */
import type { AccountId } from '../model/model.ts';

export interface IndexFile {
  readonly name: string;
  readonly writtenMs: number;
}

export interface IndexFiles {
  /** Those that have files. */
  accounts(): Promise<readonly AccountId[]>;
  /** In the order of their names; none when the account has none. */
  list(account: AccountId): Promise<readonly IndexFile[]>;
  /** Undefined when it is gone. */
  read(account: AccountId, name: string): Promise<Buffer | undefined>;
  /** Whole or not at all. Names are digits. */
  write(account: AccountId, name: string, octets: Uint8Array): Promise<void>;
  remove(account: AccountId, names: readonly string[]): Promise<void>;
  /** When `used` was last called, or the first file was written; 0 for never. */
  lastUsedMs(account: AccountId): Promise<number>;
  used(account: AccountId): Promise<void>;
  removeAll(account: AccountId): Promise<void>;
}

/** Nothing is kept. */
export const NO_INDEX_FILES: IndexFiles = Object.freeze({
  accounts: async () => [],
  list: async () => [],
  read: async () => undefined,
  write: async () => {},
  remove: async () => {},
  lastUsedMs: async () => 0,
  used: async () => {},
  removeAll: async () => {},
});
