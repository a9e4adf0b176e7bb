/**
 * Opens the maildrop of a signed-in account: the snapshot, and the hold on the mailbox that keeps what is in it readable
 * until the session ends, whatever is expunged meanwhile (`seenModseq` of the viewer stays where it is).
 */
import { invariant } from '../base/invariant.ts';
import type { Domain } from '../mailbox/domain.ts';
import { openMailbox } from '../mailbox/operations/mailboxes.ts';
import { loadExternalIds } from '../mailbox/reading/external-ids.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type { ViewerEvents } from '../mailbox/state/mailbox.ts';
import type { Transaction } from './command.ts';
import { Maildrop } from './maildrop.ts';
import { MaildropReader } from './reader.ts';
import { SeenMarker } from './seen.ts';
import type { AccountPop3 } from './settings.ts';

const DAY_SECONDS = 86_400;

export interface SessionTerms {
  readonly settings: AccountPop3;
  /** The client has said UTF8; in the TRANSACTION state it cannot any more (RFC 6856 §2). */
  readonly isUtf8: boolean;
}

export async function openTransaction(
  domain: Domain,
  account: AccountState,
  { settings, isUtf8 }: SessionTerms,
  events: ViewerEvents,
): Promise<Transaction> {
  const viewer = await openMailbox(domain, account, 'INBOX', false, events);
  try {
    const { mailbox } = viewer;
    const { list } = mailbox;
    invariant(list !== undefined, 'the list of an open mailbox is loaded');
    const { days } = settings;
    const since = days === 0 ? {} : { since: Math.floor(domain.clock.nowMs() / 1000) - days * DAY_SECONDS };
    const { uidValidity } = mailbox;
    const { columns, count } = list;
    const maildrop = new Maildrop({ uidValidity, columns, count, isUtf8, ...since });
    viewer.seenModseq = mailbox.modseq;
    viewer.readModseq = mailbox.modseq;
    // What the snapshot shows may not be told before it is durable; nor do the store's rows have it before.
    await account.unsettled;
    maildrop.nameBy(await loadExternalIds(domain, account, mailbox));
    const reader = new MaildropReader(domain, account, viewer, maildrop);
    const seen = settings.markSeen ? new SeenMarker(domain, account, mailbox) : undefined;
    return { domain, account, viewer, maildrop, reader, settings, seen };
  } catch (error) {
    viewer.close();
    throw error;
  }
}
