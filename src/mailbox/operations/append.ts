/**
 * Adding new messages to a mailbox: APPEND, delivery, import. The bytes were staged before; what is sent of them later
 * (envelope, structure, offsets) was computed while they came in.
 *
 * Several messages are one change: all of them or none (RFC 3502).
 */
import { FLAG } from '../../mail/flags.ts';
import type { MessageFacts } from '../../mail/message.ts';
import { shiftParts } from '../../mail/part-codec.ts';
import { withFieldsInFront } from '../../mail/stored-header.ts';
import { withPrefix } from '../../mail/traits.ts';
import type { AccountChange, Arrival } from '../change/account-change.ts';
import type { UidPlace } from '../change/uids.ts';
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import { computedFacts } from '../model/facts.ts';
import { foldKeyword } from '../model/keywords.ts';
import {
  type AccountId,
  asUid,
  type EmailId,
  emailId,
  emailNumber,
  type UidValidity,
} from '../model/model.ts';
import { type KnownThreads, type ThreadNames, threadNames } from '../model/threads.ts';
import type { NewEmail, StagedBlob } from '../port/store.ts';
import { isExternalId } from '../reading/external-ids.ts';
import type { AccountState } from '../state/account.ts';
import { loadList, loadTail } from '../state/load.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { noteAuthor, noteRecipients } from './correspondents.ts';
import { askForThreads } from './known-threads.ts';
import { checkArrivalQuota } from './quota.ts';

export interface IncomingMessage {
  readonly blob: StagedBlob;
  /** Of the blob alone. */
  readonly facts: MessageFacts;
  /** Header fields that this one gets in front, whole lines with CRLF; the blob stays shared. */
  readonly prefix?: Buffer;
  readonly flags: number;
  readonly keywords: readonly string[];
  /** Bits of `TRAIT` that its octets do not tell. */
  readonly marks?: number;
  /** Seconds since 1970; undefined is now. */
  readonly internalDate: number | undefined;
  /** Remembered with the message, so that an interrupted import does not add it again (16 octets). */
  readonly importKey?: Buffer;
  /** Remembered beside the key: what its flags were where it comes from (`ImportTrace`). */
  readonly importMarks?: number;
  /** It is in these mailboxes too, in the same change. */
  readonly copies?: readonly ImportedCopy[];
  /** The name by which programs know it from the server it comes from; one that cannot be such a name is dropped. */
  readonly externalId?: string;
  /** Where it was on that server; it gets another UID when that one cannot be had any more. */
  readonly place?: UidPlace;
}

/** A second place of a message, with a key of its own. */
export interface ImportedCopy {
  readonly mailbox: MailboxState;
  readonly importKey: Buffer;
}

export interface AppendResult {
  readonly uidValidity: UidValidity;
  readonly uids: readonly number[];
  /** Of those that there was no room for all keywords of. */
  readonly lostKeywords: ReadonlySet<number>;
}

export interface AppendOptions {
  /** A message that goes in the same change, so that there is never neither of the two, nor both. */
  readonly replaced?: {
    readonly mailbox: MailboxState;
    readonly uid: number;
    /** Nobody wants it back. */
    readonly isSuperseded?: boolean;
  };
  /** What throws when nothing is to be done after all; it runs in the change, before everything else. */
  readonly before?: () => void;
  /** What the server itself has to say has room always. */
  readonly isBeyondQuota?: boolean;
  /** Who is not the owner: what is \\Seen is seen by him alone. */
  readonly reader?: AccountId;
  /** What is changed in the same change, once the messages are there; their emails in order. */
  readonly alongside?: (change: AccountChange, emails: readonly EmailId[]) => void;
}

/** Resolves when durable. Throws `over-quota`, `limit`, `nonexistent`, `unavailable`. */
export async function appendMessages(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState,
  messages: readonly IncomingMessage[],
  options: AppendOptions = {},
): Promise<AppendResult> {
  const { replaced, before, isBeyondQuota = false } = options;
  const places = (message: IncomingMessage): number => 1 + (message.copies?.length ?? 0);
  const bytes = messages.reduce((sum, message) => sum + sizeOf(message) * places(message), 0);
  const count = messages.reduce((sum, message) => sum + places(message), 0);
  refuseTooBig(domain, messages);
  const names = messages.map(namesOf);
  const question = askForThreads(domain, account, names);
  const threads = question instanceof Promise ? await question : question;
  const threading = { names, known: threads };
  try {
    const list = replaced === undefined ? undefined : await loadList(domain, account, replaced.mailbox);
    await loadTail(domain, account, mailbox);
    for (const copy of copiesOf(messages)) await loadTail(domain, account, copy.mailbox);
    const added = await domain.turns.run({
      account,
      run: (change) => {
        // First: whether there is room says nothing about a mailbox that is gone.
        change.requireThere(mailbox);
        for (const copy of copiesOf(messages)) requireLoaded(change, copy.mailbox);
        before?.();
        if (replaced === undefined || list === undefined) {
          if (!isBeyondQuota) checkArrivalQuota(account, mailbox, bytes, count);
          return addIncoming(domain, change, mailbox, messages, threading, options);
        }
        change.requireThere(replaced.mailbox);
        const row = list.indexOf(replaced.uid);
        if (row < 0) throw new MailboxError('nonexistent', 'the message to replace is gone');
        const freed = list.columns.size[row] as number;
        checkArrivalQuota(account, mailbox, bytes - freed, messages.length - 1);
        const added = addIncoming(domain, change, mailbox, messages, threading, options);
        const isDraft = ((list.columns.flags[row] as number) & FLAG.Draft) !== 0;
        const fate = isDraft || replaced.isSuperseded ? 'superseded' : 'deleted';
        change.expunge(replaced.mailbox, [row], fate);
        return added;
      },
    });
    return { uidValidity: mailbox.uidValidity, ...added };
  } finally {
    threads.close();
  }
}

/** What their threads are found by. */
export interface Threading {
  /** For each message. */
  readonly names: readonly ThreadNames[];
  readonly known: KnownThreads;
}

export function namesOf({ facts }: IncomingMessage): ThreadNames {
  return threadNames({ links: facts.links, sort: facts.sortKeys });
}

/** Gives its number. At least one message is to refer to it in the same change. */
export function addEmail(
  change: AccountChange,
  message: IncomingMessage,
  names: ThreadNames,
  known: KnownThreads,
): number {
  const thread = change.facts.threadOfNext(names, known);
  noteAuthor(change, message.facts.envelope);
  return emailNumber(change.newEmail({ ...factsOf(message), blob: message.blob, ...(thread && { thread }) }));
}

/** The message as the mailbox is to have it. */
export function arrivalOf(
  domain: Pick<Domain, 'limits'>,
  change: AccountChange,
  mailbox: MailboxState,
  message: IncomingMessage,
  email: number,
): Arrival {
  const now = Math.floor(change.nowMs / 1000);
  return {
    email,
    flags: message.flags,
    traits: traitsOf(message),
    keywordSet: change.keywords.numberOfMost(mailbox, message.keywords, domain.limits),
    internalDate: message.internalDate ?? now,
    size: sizeOf(message),
    saveDate: now,
    place: message.place,
  };
}

export function refuseTooBig(
  { limits: { messageBytes } }: Pick<Domain, 'limits'>,
  messages: readonly IncomingMessage[],
): void {
  for (const { facts } of messages) {
    if (facts.sizeBytes <= messageBytes) continue;
    throw new MailboxError('too-big', `a message can have at most ${messageBytes} octets`);
  }
}

function addIncoming(
  domain: Domain,
  change: AccountChange,
  mailbox: MailboxState,
  messages: readonly IncomingMessage[],
  { names, known }: Threading,
  { alongside, reader }: AppendOptions,
): Omit<AppendResult, 'uidValidity'> {
  const arrivals = messages.map((message, i) => {
    const email = addEmail(change, message, names[i] as ThreadNames, known);
    if (mailbox.role === 'sent') noteRecipients(change, message.facts.envelope);
    const arrival = arrivalOf(domain, change, mailbox, message, email);
    return reader === undefined ? arrival : { ...arrival, flags: arrival.flags & ~FLAG.Seen };
  });
  const uids = change.addMessages(mailbox, arrivals, 'new');
  messages.forEach((message, i) => {
    const { externalId } = message;
    const uid = uids[i] as number;
    if (isExternalId(externalId)) change.nameExternally(mailbox, uid, externalId);
    rememberKey(change, mailbox, message, uid);
    addCopies(domain, change, message, (arrivals[i] as Arrival).email);
  });
  if (reader !== undefined) {
    const seen = uids.filter((_, i) => ((messages[i] as IncomingMessage).flags & FLAG.Seen) !== 0);
    change.shares.setSeen(mailbox.id, reader, seen, true);
  }
  alongside?.(
    change,
    arrivals.map(({ email }) => emailId(change.account.id, email)),
  );
  const lostKeywords = new Set(uids.filter((_, i) => isShort(mailbox, arrivals[i], messages[i])));
  return { uids, lostKeywords };
}

function copiesOf(messages: readonly IncomingMessage[]): readonly ImportedCopy[] {
  return messages.flatMap(({ copies = [] }) => copies);
}

/** It may have been let go of while another one was loaded. */
function requireLoaded(change: AccountChange, mailbox: MailboxState): void {
  change.requireThere(mailbox);
  if (mailbox.list === undefined && mailbox.tail === undefined && mailbox.uidNext > 1)
    throw new MailboxError('unavailable', 'the mailbox was unloaded; try again');
}

function addCopies(
  domain: Domain,
  change: AccountChange,
  { copies = [], ...message }: IncomingMessage,
  email: number,
): void {
  for (const { mailbox, importKey } of copies) {
    change.retain([email]);
    const arrival = arrivalOf(domain, change, mailbox, message, email);
    const [uid] = change.addMessages(mailbox, [arrival], 'copied');
    rememberKey(change, mailbox, { ...message, importKey }, uid as number);
  }
}

function rememberKey(
  change: AccountChange,
  mailbox: MailboxState,
  { importKey, importMarks }: Pick<IncomingMessage, 'importKey' | 'importMarks'>,
  uid: number,
): void {
  if (importKey === undefined) return;
  const trace = importMarks === undefined ? undefined : { uid: asUid(uid), marks: importMarks };
  change.rememberImport(mailbox, importKey, trace);
}

function isShort(mailbox: MailboxState, arrival?: Arrival, message?: IncomingMessage): boolean {
  const wanted = new Set(message?.keywords.map(foldKeyword));
  return mailbox.keywords.namesOf(arrival?.keywordSet ?? 0).length < wanted.size;
}

/** Header fields in front change what is kept of the header and where the parts are, and nothing else. */
export function factsOf(message: IncomingMessage): Omit<NewEmail, 'id' | 'blob' | 'thread'> {
  const { facts, prefix } = message;
  const computed = { ...computedFacts(facts), sizeBytes: sizeOf(message) };
  if (prefix === undefined) return computed;
  const header = withFieldsInFront(facts.storedHeader, prefix);
  return { ...computed, header, parts: shiftParts(facts.parts, prefix.length), prefix };
}

function traitsOf({ facts, prefix, marks = 0 }: IncomingMessage): number {
  return marks | (prefix === undefined ? facts.traits : withPrefix(facts.traits, prefix));
}

export function sizeOf(message: IncomingMessage): number {
  return message.facts.sizeBytes + (message.prefix?.length ?? 0);
}
