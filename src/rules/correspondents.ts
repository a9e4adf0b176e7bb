/**
 * Whom an account has written to: the recipients of what is in its mailbox for sent mail, `:addrbook:default` of scripts (RFC 6134). Read
 * when a script first asks, newest first and so many messages at most; after that only what has come since is read. What is removed from
 * that mailbox stays known as long as this is in memory.
 */
import { TimeSlice } from '../base/time-slice.ts';
import { EnvelopeReader } from '../mail/envelope-reader.ts';
import type { Domain } from '../mailbox/domain.ts';
import { type AccountId, emailId } from '../mailbox/model/model.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import { loadList } from '../mailbox/state/load.ts';
import type { MailboxState } from '../mailbox/state/mailbox.ts';

/** Messages that are looked at, and people who are remembered, of an account. */
const MAX_MESSAGES = 10_000;
const MAX_PEOPLE = 20_000;
const MAX_ACCOUNTS = 100;
const BATCH = 200;

interface Known {
  readonly mailbox: MailboxState;
  readonly addresses: Set<string>;
  /** All up to this one have been read. */
  uid: number;
  reading: Promise<void> | undefined;
}

type Reading = Pick<Domain, 'store' | 'clock' | 'log'>;

export class Correspondents {
  readonly #domain: Reading;
  readonly #known = new Map<AccountId, Known>();

  constructor(domain: Reading) {
    this.#domain = domain;
  }

  /** Throws MailboxError when the mailbox cannot be read. */
  async includes(account: AccountState, address: string): Promise<boolean> {
    const sent = [...account.mailboxes.values()].find(({ role }) => role === 'sent');
    if (sent === undefined) return false;
    const known = this.#of(account.id, sent);
    known.reading ??= this.#read(account, known).finally(() => {
      known.reading = undefined;
    });
    await known.reading;
    return known.addresses.has(address.toLowerCase());
  }

  #of(id: AccountId, mailbox: MailboxState): Known {
    const before = this.#known.get(id);
    // An account that has left memory and come back has other objects, and may have had other mail meanwhile.
    const known =
      before?.mailbox === mailbox
        ? before
        : { mailbox, addresses: new Set<string>(), uid: 0, reading: undefined };
    this.#known.delete(id);
    this.#known.set(id, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_ACCOUNTS && oldest !== undefined) this.#known.delete(oldest);
    return known;
  }

  async #read(account: AccountState, known: Known): Promise<void> {
    if (known.mailbox.uidNext <= known.uid + 1) return;
    const list = await loadList(this.#domain, account, known.mailbox);
    const { columns, count } = list;
    const first = Math.max(list.lowerBound(known.uid + 1), count - MAX_MESSAGES);
    // Rows move while it waits.
    const emails = Array.from(columns.email.subarray(first, count)).reverse();
    const last = count === 0 ? 0 : Number(columns.uid[count - 1]);
    const slice = new TimeSlice();
    for (let at = 0; at < emails.length; at += BATCH) {
      const ids = emails.slice(at, at + BATCH).map((number) => emailId(account.id, number));
      for (const facts of await this.#domain.store.loadEmails(ids, ['envelope'])) {
        if (facts?.envelope !== undefined) remember(known.addresses, facts.envelope);
      }
      await slice.spent();
    }
    known.uid = Math.max(known.uid, last);
  }
}

function remember(addresses: Set<string>, envelope: Buffer): void {
  const reader = new EnvelopeReader(envelope.toString('latin1'));
  for (const field of ['to', 'cc', 'bcc'] as const)
    for (const address of reader.addressesOf(field))
      if (addresses.size < MAX_PEOPLE) addresses.add(address.toLowerCase());
}
