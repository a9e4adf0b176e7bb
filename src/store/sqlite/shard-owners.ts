/** Keeps the register of a shard (see `register.ts`) up to date with the accounts of the directory. */
import type { AccountId, AccountRecord } from '../../mailbox/model/model.ts';
import type { Database } from './database.ts';
import type { GroupCommit } from './group-commit.ts';
import {
  dropOwner,
  type Owner,
  type Register,
  readRegister,
  type ShardIdentity,
  writeIdentity,
  writeOwners,
} from './register.ts';

export class ShardOwners {
  readonly #db: Database;
  readonly #commits: Pick<GroupCommit, 'perform'>;
  readonly #onTrouble: (error: Error) => void;
  #identity: ShardIdentity | undefined;

  constructor(db: Database, commits: Pick<GroupCommit, 'perform'>, onTrouble: (error: Error) => void) {
    this.#db = db;
    this.#commits = commits;
    this.#onTrouble = onTrouble;
  }

  /** Whose mail is here, as this shard knows it. */
  register(): Register {
    return readRegister(this.#db);
  }

  /** Takes over the accounts that it does not know yet; what it knows was found to be the same. */
  async adopt(identity: ShardIdentity, accounts: readonly AccountRecord[]): Promise<void> {
    this.#identity = identity;
    const { isReadable, identity: before, owners } = this.register();
    if (!isReadable) return;
    const known = new Set(owners.map(({ account }) => account));
    const added = this.#mine(accounts).filter(({ account }) => !known.has(account));
    const isSame = before?.installation === identity.installation && before.shards === identity.shards;
    if (added.length === 0 && isSame) return;
    await this.#commits.perform({
      apply: () => {
        writeIdentity(this.#db, identity);
        writeOwners(this.#db, added);
      },
    });
  }

  /** New accounts, before they are answered. One that cannot be written down now is taken over at the next start. */
  async add(accounts: readonly AccountRecord[]): Promise<void> {
    const added = this.#mine(accounts);
    if (added.length === 0) return;
    await this.#commits.perform({ apply: () => writeOwners(this.#db, added) }).catch(this.#onTrouble);
  }

  /** The account and its mail are gone: its number stays taken. */
  async forget(account: AccountId): Promise<void> {
    await this.#commits.perform({ apply: () => writeOwners(this.#db, [{ account, address: undefined }]) });
  }

  /** It lives in another shard now; other than one that was removed, it may come again. */
  async drop(account: AccountId): Promise<void> {
    await this.#commits.perform({ apply: () => dropOwner(this.#db, account) });
  }

  #mine(accounts: readonly AccountRecord[]): Owner[] {
    const { number } = this.#identity as ShardIdentity;
    return accounts
      .filter(({ shard }) => shard === number)
      .map(({ id, address }) => ({ account: id, address }));
  }
}
