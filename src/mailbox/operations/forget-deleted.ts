/**
 * Gives up for good what was deleted and could be brought back, before its time. A whole row of the history, and a deleted mailbox, only lose
 * what is known of the deletion; the reaper lets go of them as of what nobody wants back, once no session shows them any more. Of a part of a
 * row the emails are let go of here, and not while a session may still read them.
 */
import type { AccountChange } from '../change/account-change.ts';
import type { Domain } from '../domain.ts';
import type { MailboxId } from '../model/model.ts';
import { type MessageRecord, packRecords } from '../model/record.ts';
import {
  type DeletedFilter,
  type DeletedRow,
  deletedId,
  deletedMailboxes,
  deletedMailboxId,
  deletedRows,
} from '../reading/deleted-mail.ts';
import { areBeingRead, isStillShown } from '../reading/expunged-records.ts';
import type { AccountState } from '../state/account.ts';

export interface ForgetRequest extends DeletedFilter {
  /** Only these, as `listDeleted` has named them. */
  readonly ids?: ReadonlySet<string>;
  /** It stops when so many messages, or a few more, are forgotten; who asks again goes on there. */
  readonly limit?: number;
}

export interface Forgotten {
  readonly mailboxes: number;
  readonly messages: number;
  readonly bytes: number;
  /** Messages that a session still shows or reads: to be tried again in a minute. */
  readonly held: number;
  readonly hasMore: boolean;
}

/** What one change gave up: these messages of a mailbox, or a mailbox that was deleted. */
export interface GivenUp {
  readonly mailbox: MailboxId;
  readonly uids?: readonly number[];
}

/** Whoever was told of a message a moment ago may still read it. */
const GRACE_MS = 60_000;
/** An email takes up to two dozen rows with it. */
const RECORDS_PER_CHANGE = 100;

/** Resolves when durable: from then on nothing of it comes back. Throws `unavailable`. */
export async function forgetDeleted(
  domain: Domain,
  account: AccountState,
  { ids, limit = Number.POSITIVE_INFINITY, ...filter }: ForgetRequest,
): Promise<Forgotten> {
  const done = { mailboxes: 0, messages: 0, bytes: 0, held: 0 };
  const isFull = (): boolean => done.messages >= limit;
  await domain.accounts.deletedMail.run(account.id, async () => {
    for (const { id, atMs, deletion } of await deletedMailboxes(domain, account, filter)) {
      if (isFull()) return;
      if (ids?.has(deletedMailboxId(id)) === false) continue;
      const bury = (change: AccountChange): GivenUp => {
        change.mailboxes.describeBuried({ id, atMs });
        return { mailbox: id };
      };
      await domain.turns.run({ account, run: bury });
      done.mailboxes++;
      done.messages += deletion.messages;
      done.bytes += deletion.bytes;
    }
    for await (const found of deletedRows(domain, account, filter)) {
      if (isFull()) return;
      const chosen = found.records.filter((record) => ids?.has(deletedId(found.row, record)) !== false);
      if (chosen.length === 0) continue;
      const forgotten = await forgetRow(domain, account, found, chosen);
      done.held += chosen.length - forgotten.length;
      done.messages += forgotten.length;
      done.bytes += forgotten.reduce((sum, { size }) => sum + size, 0);
    }
  });
  domain.accounts.reapAgain(account);
  return { ...done, hasMore: isFull() };
}

/** Those that it has forgotten. */
async function forgetRow(
  domain: Domain,
  account: AccountState,
  { row, records }: DeletedRow,
  chosen: readonly MessageRecord[],
): Promise<readonly MessageRecord[]> {
  const { deletion, ...bare } = row;
  const givenUp = (of: Iterable<MessageRecord>) => ({
    mailbox: row.mailbox,
    uids: [...of].map(({ uid }) => uid),
  });
  if (chosen.length === records.length) {
    const run = (change: AccountChange): GivenUp => {
      change.history.replace(bare);
      return givenUp(chosen);
    };
    await domain.turns.run({ account, run });
    return chosen;
  }
  if (isStillShown(account, row) || row.atMs > domain.clock.nowMs() - GRACE_MS) return [];
  let left = records;
  const forgotten: MessageRecord[] = [];
  for (let start = 0; start < chosen.length; start += RECORDS_PER_CHANGE) {
    const going = chosen.slice(start, start + RECORDS_PER_CHANGE);
    const rest = left.filter((record) => !going.includes(record));
    const emails = going.map(({ email }) => email);
    const { uids } = await domain.turns.run({
      account,
      run: (change) => {
        if (areBeingRead(domain, account, emails)) return givenUp([]);
        change.release(emails);
        change.history.replace({ ...bare, records: packRecords(rest), ...(deletion && { deletion }) });
        return givenUp(going);
      },
    });
    if (uids.length === 0) continue;
    left = rest;
    forgotten.push(...going);
  }
  return forgotten;
}
