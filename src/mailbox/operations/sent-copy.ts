/** One copy of what was sent, whoever puts it there: the server when it takes the message, or the program by itself. */
import { FLAG } from '../../mail/flags.ts';
import type { Domain } from '../domain.ts';
import { emailId, type Uid } from '../model/model.ts';
import type { AccountState } from '../state/account.ts';
import { loadList } from '../state/load.ts';
import type { MailboxState } from '../state/mailbox.ts';
import type { SentCopyMaker, SentCopyPlace } from '../state/sent-copies.ts';
import type { Received } from './incoming.ts';
import type { SentCopy } from './outgoing.ts';
import { likeness, octetsOf, storedOctets } from './same-message.ts';

/** A message by its Message-ID, if it has one. */
interface Named {
  readonly messageId?: string | undefined;
}

type Incoming = Pick<Received, 'blob' | 'facts'>;

interface MadeBy {
  readonly madeBy: SentCopyMaker;
}

export interface TakenCopy {
  readonly uid: Uid;
  /** The copy does not say to whom a blind one went, and the message does. */
  readonly saysLess: boolean;
}

/** Where what is sent is kept: the mailbox that is marked for it (RFC 6154 §2). Undefined when there is none. */
export function sentCopyIn(account: AccountState): SentCopy | undefined {
  const mailbox = [...account.mailboxes.values()].find(({ role }) => role === 'sent');
  return mailbox && { mailbox, flags: FLAG.Seen, keywords: [] };
}

/**
 * The copy of the message that came a moment ago; undefined when there is none, it is another message, is gone or was asked for before, or
 * this is no mailbox for sent mail.
 */
export async function takeSentCopy(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState,
  message: Incoming & MadeBy,
): Promise<TakenCopy | undefined> {
  const place = placeOf(account, mailbox, message.facts);
  return place && takeCopy(domain, account, mailbox, { place, message, madeBy: message.madeBy });
}

interface Asked extends MadeBy {
  readonly place: SentCopyPlace;
  readonly message: Incoming;
}

async function takeCopy(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState,
  { place, message, madeBy }: Asked,
): Promise<TakenCopy | undefined> {
  const { sentCopies, clock } = domain;
  const uid = sentCopies.find(place, madeBy, clock.nowMs());
  if (uid === undefined) return undefined;
  const list = await loadList(domain, account, mailbox);
  const row = list.indexOf(uid);
  if (row < 0) return undefined;
  const stored = await storedOctets(domain, emailId(account.id, list.columns.email[row] as number));
  if (stored === undefined) return undefined;
  const { isSame, saysMore } = await likeness(octetsOf(message), stored);
  if (!isSame || !sentCopies.take(place, madeBy, uid) || list.indexOf(uid) < 0) return undefined;
  return { uid, saysLess: saysMore };
}

/** One has come. */
export function noteSentCopy(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState,
  { messageId, uid, madeBy }: Named & MadeBy & { readonly uid: Uid },
): void {
  const place = placeOf(account, mailbox, { messageId });
  if (place !== undefined) domain.sentCopies.note(place, madeBy, uid, domain.clock.nowMs());
}

/** Where what is sent lies until it may leave. */
export function waitingCopyIn(mailbox: MailboxState): SentCopy {
  return { mailbox, flags: FLAG.Seen, keywords: [] };
}

/** One that waits lies there, in the mailbox for it. */
export function noteWaitingCopy(
  domain: Domain,
  { id: account }: AccountState,
  { id: mailbox }: MailboxState,
  { messageId, uid }: Named & { readonly uid: Uid },
): void {
  if (messageId === undefined) return;
  domain.sentCopies.note({ account, mailbox, messageId }, 'server', uid, domain.clock.nowMs());
}

/** Of what a program puts into the mailbox for sent mail: the one that waits, once. Not where the program's says more. */
export async function takeWaitingCopy(
  domain: Domain,
  account: AccountState,
  { role }: MailboxState,
  message: Incoming,
): Promise<{ readonly mailbox: MailboxState; readonly uid: Uid } | undefined> {
  const { messageId } = message.facts;
  if (role !== 'sent' || messageId === undefined) return undefined;
  const mailbox = [...account.mailboxes.values()].find((one) => one.role === 'scheduled');
  if (mailbox === undefined) return undefined;
  const place = { account: account.id, mailbox: mailbox.id, messageId };
  const taken = await takeCopy(domain, account, mailbox, { place, message, madeBy: 'server' });
  return taken === undefined || taken.saysLess ? undefined : { mailbox, uid: taken.uid };
}

function placeOf(
  { id: account }: AccountState,
  { id: mailbox, role }: MailboxState,
  { messageId }: Named,
): SentCopyPlace | undefined {
  return role === 'sent' && messageId !== undefined ? { account, mailbox, messageId } : undefined;
}
