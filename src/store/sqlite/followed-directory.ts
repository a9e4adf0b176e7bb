/**
 * The accounts in a process that does not write them: a copy of what their writer has, changed as it says, and the calls
 * that change something, which go to the writer. It answers for itself when the writer is gone for a moment.
 */
import { isDeepStrictEqual } from 'node:util';
import type { CredentialKind } from '../../mailbox/model/credential.ts';
import type { AccountId, AccountRecord } from '../../mailbox/model/model.ts';
import type { DomainChanges } from '../../mailbox/port/domains.ts';
import type { Directory } from '../../mailbox/port/store.ts';
import { AccountsInMemory } from './accounts-in-memory.ts';
import { FollowedDomains } from './followed-domains.ts';
import type { DirectoryChange, DirectorySnapshot, ShardedDirectory } from './sharded-directory.ts';

/** What goes to whoever writes. Each is durable there when it resolves, and this copy has heard of it. */
export type DirectoryWriter = Pick<Directory, 'create' | 'update' | 'remove' | 'forget' | 'isUntouched'> & {
  readonly domains: DomainChanges;
};

export class FollowedDirectory implements ShardedDirectory {
  readonly shards: number;
  readonly installation: string;
  readonly domains: FollowedDomains;
  readonly #writer: DirectoryWriter;
  readonly #accounts: AccountsInMemory;
  #changes: number;
  #isDamaged: boolean;
  onCreated: ShardedDirectory['onCreated'] = async () => {};
  onForget: ShardedDirectory['onForget'] = async () => {};
  /** What has changed, and what was there before; told before the writer is. */
  onChanged: (change: DirectoryChange, before: AccountRecord | undefined) => Promise<void> = async () => {};

  constructor(snapshot: DirectorySnapshot, writer: DirectoryWriter) {
    this.#writer = writer;
    this.shards = snapshot.shards;
    this.installation = snapshot.installation;
    this.#changes = snapshot.changes;
    this.#isDamaged = snapshot.isDamaged;
    this.#accounts = new AccountsInMemory(this.shards, 'accounts.db', snapshot.isPartial);
    for (const record of snapshot.records) this.#accounts.put(record);
    for (const [id, shard] of snapshot.removing) this.#accounts.hide(id, shard);
    this.domains = new FollowedDomains(snapshot, writer.domains, this.#accounts);
  }

  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  get changes(): number {
    return this.#changes;
  }

  get numbers(): ReadonlyMap<AccountId, string | undefined> {
    return this.#accounts.numbers;
  }

  shardOf(id: AccountId): number {
    return this.#accounts.shardOf(id);
  }

  /** A change of the writer's. Resolves when everybody here has heard of it. */
  async apply(change: DirectoryChange): Promise<void> {
    this.#changes++;
    if (change.kind === 'domain' || change.kind === 'alias') {
      this.domains.apply(change);
      return this.onChanged(change, undefined);
    }
    if (change.kind === 'forgotten') {
      this.#accounts.forget(change.id);
      return this.onChanged(change, undefined);
    }
    const id = change.kind === 'put' ? change.record.id : change.id;
    const before = this.#accounts.peek(id);
    if (change.kind === 'put') this.#accounts.put(change.record);
    else this.#accounts.hide(change.id, change.shard);
    if (change.kind === 'put' && before === undefined) await this.onCreated([change.record]);
    await this.onChanged(change, before);
  }

  /** The writer is gone, and may do what is not heard of here: what is not known is not denied until it is back. */
  lose(): void {
    this.#accounts.isBehind = true;
  }

  /** After a time without the writer: everything that is otherwise now. */
  async catchUp(snapshot: DirectorySnapshot): Promise<void> {
    const there = new Set(snapshot.records.map(({ id }) => id));
    for (const record of snapshot.records) {
      if (!isDeepStrictEqual(this.#accounts.peek(record.id), record))
        await this.apply({ kind: 'put', record });
    }
    for (const [id, shard] of snapshot.removing) {
      if (!this.#accounts.removing.has(id)) await this.apply({ kind: 'removing', id, shard });
    }
    const removing = new Set(snapshot.removing.map(([id]) => id));
    // Of a database that cannot be read whole nobody knows who is missing and who is gone.
    if (!snapshot.isPartial) await this.#dropOthers(there, removing);
    for (const change of this.domains.differencesFrom(snapshot)) await this.apply(change);
    this.#isDamaged = snapshot.isDamaged;
    this.#accounts.isPartial = snapshot.isPartial;
    this.#changes = snapshot.changes;
    this.#accounts.isBehind = false;
  }

  async #dropOthers(there: ReadonlySet<AccountId>, removing: ReadonlySet<AccountId>): Promise<void> {
    for (const { id, shard } of this.#accounts.all) {
      if (!there.has(id) && !removing.has(id)) await this.apply({ kind: 'removing', id, shard });
    }
    for (const id of [...this.#accounts.removing.keys()]) {
      if (!removing.has(id)) await this.apply({ kind: 'forgotten', id });
    }
  }

  async find(address: string): Promise<AccountRecord | undefined> {
    return this.#accounts.find(address);
  }

  async get(id: AccountId): Promise<AccountRecord | undefined> {
    return this.#accounts.get(id);
  }

  async list(): Promise<readonly AccountRecord[]> {
    return this.#accounts.byAddress;
  }

  async removing(): Promise<readonly AccountId[]> {
    return [...this.#accounts.removing.keys()];
  }

  withoutProofKeys(kind: CredentialKind): number {
    return this.#accounts.withoutProofKeys(kind);
  }

  async eldest(): Promise<AccountRecord | undefined> {
    return this.#accounts.eldest;
  }

  isUntouched(): Promise<boolean> {
    return this.#writer.isUntouched();
  }

  create(...args: Parameters<Directory['create']>): ReturnType<Directory['create']> {
    return this.#writer.create(...args);
  }

  update(...args: Parameters<Directory['update']>): ReturnType<Directory['update']> {
    return this.#writer.update(...args);
  }

  remove(id: AccountId): Promise<void> {
    return this.#writer.remove(id);
  }

  async forget(id: AccountId): Promise<void> {
    await this.onForget(id);
    await this.#writer.forget(id);
  }

  look(): void {}

  check(): readonly string[] {
    return [];
  }

  async close(): Promise<void> {}
}
