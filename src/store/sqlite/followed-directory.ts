/**
 * The accounts in a process that does not write them: a copy of what their writer has, changed as it says, and the calls
 * that change something, which go to the writer. It answers for itself when the writer is gone for a moment.
 */
import { isDeepStrictEqual } from 'node:util';
import type { AccountId, AccountRecord } from '../../mailbox/model/model.ts';
import { type Directory, StoreError } from '../../mailbox/port/store.ts';
import type { DirectoryChange, DirectorySnapshot, ShardedDirectory } from './sharded-directory.ts';

/** What goes to whoever writes. Each is durable there when it resolves, and this copy has heard of it. */
export type DirectoryWriter = Pick<Directory, 'create' | 'update' | 'remove' | 'forget' | 'isUntouched'>;

export class FollowedDirectory implements ShardedDirectory {
  readonly shards: number;
  readonly installation: string;
  readonly #writer: DirectoryWriter;
  readonly #byAddress = new Map<string, AccountRecord>();
  readonly #byId = new Map<AccountId, AccountRecord>();
  readonly #removing = new Map<AccountId, number>();
  readonly #gone = new Map<AccountId, number>();
  #changes: number;
  #isDamaged: boolean;
  #isPartial: boolean;
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
    this.#isPartial = snapshot.isPartial;
    for (const record of snapshot.records) this.#put(record);
    for (const [id, shard] of snapshot.removing) this.#removing.set(id, shard);
  }

  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  get changes(): number {
    return this.#changes;
  }

  get numbers(): ReadonlyMap<AccountId, string | undefined> {
    const numbers = new Map<AccountId, string | undefined>();
    for (const id of this.#removing.keys()) numbers.set(id, undefined);
    for (const { id, address } of this.#byId.values()) numbers.set(id, address);
    return numbers;
  }

  shardOf(id: AccountId): number {
    return this.#byId.get(id)?.shard ?? this.#removing.get(id) ?? this.#gone.get(id) ?? id % this.shards;
  }

  /** A change of the writer's. Resolves when everybody here has heard of it. */
  async apply(change: DirectoryChange): Promise<void> {
    this.#changes++;
    if (change.kind === 'forgotten') {
      this.#gone.set(change.id, this.shardOf(change.id));
      this.#removing.delete(change.id);
      return this.onChanged(change, undefined);
    }
    const id = change.kind === 'put' ? change.record.id : change.id;
    const before = this.#byId.get(id);
    if (change.kind === 'put') this.#put(change.record);
    else this.#hide(change.id, change.shard);
    if (change.kind === 'put' && before === undefined) await this.onCreated([change.record]);
    await this.onChanged(change, before);
  }

  /** After a time without the writer: everything that is otherwise now. */
  async catchUp(snapshot: DirectorySnapshot): Promise<void> {
    const there = new Set(snapshot.records.map(({ id }) => id));
    for (const record of snapshot.records) {
      if (!isDeepStrictEqual(this.#byId.get(record.id), record)) await this.apply({ kind: 'put', record });
    }
    for (const [id, shard] of snapshot.removing) {
      if (!this.#removing.has(id)) await this.apply({ kind: 'removing', id, shard });
    }
    const removing = new Set(snapshot.removing.map(([id]) => id));
    // Of a database that cannot be read whole nobody knows who is missing and who is gone.
    if (!snapshot.isPartial) await this.#dropOthers(there, removing);
    this.#isDamaged = snapshot.isDamaged;
    this.#isPartial = snapshot.isPartial;
    this.#changes = snapshot.changes;
  }

  async #dropOthers(there: ReadonlySet<AccountId>, removing: ReadonlySet<AccountId>): Promise<void> {
    for (const { id, shard } of [...this.#byId.values()]) {
      if (!there.has(id) && !removing.has(id)) await this.apply({ kind: 'removing', id, shard });
    }
    for (const id of [...this.#removing.keys()]) {
      if (!removing.has(id)) await this.apply({ kind: 'forgotten', id });
    }
  }

  async find(address: string): Promise<AccountRecord | undefined> {
    return this.#byAddress.get(address) ?? this.#missing();
  }

  async get(id: AccountId): Promise<AccountRecord | undefined> {
    return this.#byId.get(id) ?? this.#missing();
  }

  async list(): Promise<readonly AccountRecord[]> {
    return [...this.#byAddress.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
  }

  async removing(): Promise<readonly AccountId[]> {
    return [...this.#removing.keys()];
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

  #missing(): undefined {
    if (!this.#isPartial) return undefined;
    throw new StoreError('unreadable', 'accounts.db: not all accounts can be read');
  }

  #put(record: AccountRecord): void {
    this.#byId.set(record.id, record);
    this.#byAddress.set(record.address, record);
  }

  #hide(id: AccountId, shard: number): void {
    const record = this.#byId.get(id);
    this.#byId.delete(id);
    if (record !== undefined && this.#byAddress.get(record.address)?.id === id)
      this.#byAddress.delete(record.address);
    this.#removing.set(id, shard);
  }
}
