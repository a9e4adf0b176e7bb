/**
 * The accounts as the embedded store needs them: where each has its mail, and what its shards have to hear before a change is
 * answered. Of several processes that have one data directory, one writes `accounts.db` (`directory.ts`) and the others
 * follow it (`followed-directory.ts`).
 */
import type { AliasRecord, DomainRecord } from '../../mailbox/model/domains.ts';
import type { AccountId, AccountRecord } from '../../mailbox/model/model.ts';
import type { Directory } from '../../mailbox/port/store.ts';

export interface ShardedDirectory extends Directory {
  /** How many shards there are; fixed when the data directory was made, until it is resharded. */
  readonly shards: number;
  /** The number that this data directory was given when it was made. */
  readonly installation: string;
  /** How many changes there ever were. */
  readonly changes: number;
  /** Every number in use; of an account that is being removed without its address. */
  readonly numbers: ReadonlyMap<AccountId, string | undefined>;
  /** Some of what it should say cannot be read. */
  readonly isDamaged: boolean;
  /** Where the mail of this account is, was, or would be. */
  shardOf(id: AccountId): number;
  /** New accounts, durable; they are answered when the shards know them as well. */
  onCreated: (accounts: readonly AccountRecord[]) => Promise<void>;
  /** An account that was removed, before it is forgotten. */
  onForget: (account: AccountId) => Promise<void>;
  /** Whether the files are still there; the store asks now and then, even when nothing changes. */
  look(): void;
  /** What is wrong with the file. */
  check(): readonly string[];
  close(): Promise<void>;
}

/** A change that is durable, for those who follow. */
export type DirectoryChange =
  | { readonly kind: 'put'; readonly record: AccountRecord }
  /** It is hidden, and its mail is to go. */
  | { readonly kind: 'removing'; readonly id: AccountId; readonly shard: number }
  | { readonly kind: 'forgotten'; readonly id: AccountId }
  /** Undefined: it is gone. */
  | { readonly kind: 'domain'; readonly name: string; readonly record: DomainRecord | undefined }
  | { readonly kind: 'alias'; readonly address: string; readonly record: AliasRecord | undefined };

/** All there is, for one who begins to follow. */
export interface DirectorySnapshot {
  readonly installation: string;
  readonly shards: number;
  readonly changes: number;
  readonly records: readonly AccountRecord[];
  readonly removing: readonly (readonly [id: AccountId, shard: number])[];
  readonly domains: readonly DomainRecord[];
  readonly aliases: readonly AliasRecord[];
  /** Some of what the database should say cannot be read. */
  readonly isDamaged: boolean;
  /** It may be accounts: one that is not here may be there nevertheless. */
  readonly isPartial: boolean;
}
