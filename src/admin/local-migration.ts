/** `MigrationAccess` of accounts that this process holds. */
import { createHash } from 'node:crypto';
import type { Domain } from '../mailbox/domain.ts';
import { copyImported } from '../mailbox/operations/copy-imported.ts';
import { expungeMessages } from '../mailbox/operations/expunge.ts';
import { followSource } from '../mailbox/operations/follow-source.ts';
import { mailboxOf } from '../mailbox/operations/mailboxes.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type {
  CopyTo,
  FollowedMarks,
  MigrationAccess,
  TracedMessage,
} from '../transfer/network/migration-access.ts';
import { readMailbox } from './read-mailbox.ts';

export class LocalMigration implements MigrationAccess {
  readonly #domain: Domain;
  readonly #open: (address: string) => Promise<AccountState>;

  constructor(domain: Domain, open: (address: string) => Promise<AccountState>) {
    this.#domain = domain;
    this.#open = open;
  }

  async holdersOf(address: string, folder: Buffer): Promise<readonly string[]> {
    const account = await this.#open(address);
    const holders: string[] = [];
    for (const { id, name } of [...account.mailboxes.values()]) {
      const first = await this.#domain.store.loadImported(account.id, id, rangeOf(folder), 1);
      if (first.length > 0) holders.push(name);
    }
    return holders;
  }

  async loadTraces(
    address: string,
    mailbox: string,
    { folder, after }: { readonly folder: Buffer; readonly after?: Buffer },
    limit: number,
  ): Promise<readonly TracedMessage[]> {
    const account = await this.#open(address);
    const { id } = mailboxOf(account, mailbox);
    return this.#domain.store.loadImported(account.id, id, rangeOf(folder, after), limit);
  }

  async followMarks(address: string, mailbox: string, messages: readonly FollowedMarks[]): Promise<number> {
    const account = await this.#open(address);
    return (await followSource(this.#domain, account, mailboxOf(account, mailbox), messages)).length;
  }

  async digestsOf(address: string, mailbox: string, uids: readonly number[]) {
    const account = await this.#open(address);
    const found = new Map<number, string>();
    for await (const { uid, chunks } of readMailbox(this.#domain, account, mailbox, uids)) {
      const hash = createHash('sha256');
      for await (const chunk of chunks()) hash.update(chunk);
      found.set(uid, hash.digest('hex'));
    }
    return uids.map((uid) => found.get(uid));
  }

  async removeMessages(address: string, mailbox: string, uids: readonly number[]): Promise<number> {
    const account = await this.#open(address);
    const ordered = uids.toSorted((a, b) => a - b);
    return (await expungeMessages(this.#domain, account, mailboxOf(account, mailbox), { uids: ordered }))
      .length;
  }

  async copyMessage(
    address: string,
    from: { readonly mailbox: string; readonly uid: number },
    { mailbox, importKey, marks }: CopyTo,
  ): Promise<boolean> {
    const account = await this.#open(address);
    const source = { mailbox: mailboxOf(account, from.mailbox), uid: from.uid };
    const target = { mailbox: mailboxOf(account, mailbox), importKey, marks };
    return copyImported(this.#domain, account, source, target);
  }
}

/** Keys that begin with the folder. */
function rangeOf(folder: Buffer, after: Buffer = Buffer.concat([folder, Buffer.alloc(8)])) {
  return { after, upTo: Buffer.concat([folder, Buffer.alloc(8, 0xff)]) };
}
