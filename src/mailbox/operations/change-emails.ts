/**
 * Emails made, changed and destroyed together (RFC 8621 §4.6): what is made and what is destroyed is one change with one sum for the
 * quota, so a draft that is saved anew is there once, before and after and at any moment between. Each object is judged by itself; one
 * that is refused holds no other back.
 *
 * Whoever names a state is answered `conflict` when another came first, and that is looked at inside the change.
 */
import { FLAG } from '../../mail/flags.ts';
import type { AccountChange } from '../change/account-change.ts';
import type { Domain } from '../domain.ts';
import type { MailboxEvent } from '../mailbox-events.ts';
import { MailboxError } from '../model/errors.ts';
import { emailId, emailNumber, type MailboxId } from '../model/model.ts';
import type { AccountState } from '../state/account.ts';
import { loadList, loadTail } from '../state/load.ts';
import { loadPlaces } from '../state/load-places.ts';
import type { MailboxState } from '../state/mailbox.ts';
import type { Place } from '../state/placements.ts';
import { factsOf, type IncomingMessage, namesOf, sizeOf } from './append.ts';
import { noteAuthor, noteRecipients } from './correspondents.ts';
import { type LaterVersions, laterVersions } from './draft-versions.ts';
import type { Marks } from './email-marks.ts';
import { askForThreads, type ThreadQuestion } from './known-threads.ts';
import { type EmailRefusal, type EmailUpdate, isShown, NotLoaded, Placing } from './place.ts';
import { checkArrivalQuota } from './quota.ts';
import { NotPermitted } from './shares.ts';
import { discreet, ownerOf, type VisitOf, visitsIn } from './visiting.ts';

export interface NewEmail extends Marks {
  readonly message: IncomingMessage;
  /** One at least. */
  readonly mailboxes: ReadonlySet<MailboxId>;
}

export interface MadeEmail {
  readonly email: number;
  /** The number of the email that began it. */
  readonly thread: number;
  readonly sizeBytes: number;
  /** Where it is not marked as was asked for: somebody who is there by leave marks it with what he may. */
  readonly marks?: Marks;
}

export interface EmailRequest {
  readonly creates: readonly NewEmail[];
  readonly updates: readonly EmailUpdate[];
  readonly destroys: readonly number[];
  /** False when the account is in another state than the caller expects: then nothing is changed. */
  readonly isExpected?: () => boolean;
}

/** In the order asked. */
export interface EmailOutcome {
  readonly created: readonly (MadeEmail | EmailRefusal)[];
  /** Undefined where it was done. */
  readonly updated: readonly (EmailRefusal | undefined)[];
  readonly destroyed: readonly (EmailRefusal | undefined)[];
}

/** The account was in another state when its turn came. */
export class StateMoved extends MailboxError {
  constructor() {
    super('conflict', 'the state is another by now');
  }
}

/** Updates a change: a few milliseconds of the event loop. */
const SLICE = 500;
/** Who unloads messages goes by what was not used for minutes. */
const MOST_TRIES = 5;

/**
 * Of an account that is shown to somebody who is there by leave, what he may in each mailbox is looked up inside each change.
 *
 * Resolves when all of it is durable. Throws `StateMoved`; `unavailable` when the store refused, then slices before it are done.
 */
export async function changeEmails(
  domain: Domain,
  shown: AccountState,
  { creates, updates, destroys, isExpected = () => true }: EmailRequest,
): Promise<EmailOutcome> {
  const account = ownerOf(shown);
  const visitOf = visitsIn(shown);
  const names = creates.map(({ message }) => namesOf(message));
  const question = askForThreads(domain, account, names);
  const known = question instanceof Promise ? await question : question;
  let isFirst = true;
  const expect = (): void => {
    if (isFirst && !isExpected()) throw new StateMoved();
  };
  try {
    const isReplacing = creates.length + destroys.length > 0;
    const later = await laterVersions(domain, account, await draftsAmong(domain, account, destroys));
    const replaced = isReplacing
      ? await run(domain, account, { creates, updates: [], destroys }, (change, heard) => {
          expect();
          return replace(domain, change, { creates, destroys, known, heard, later, visitOf });
        })
      : { created: [], destroyed: [] };
    isFirst = !isReplacing;
    const updated: (EmailRefusal | undefined)[] = [];
    for (let at = 0; at < updates.length; at += SLICE) {
      const slice = updates.slice(at, at + SLICE);
      const outcome = await run(
        domain,
        account,
        { creates: [], updates: slice, destroys: [] },
        (change, heard) => {
          expect();
          return place(domain, change, slice, heard, visitOf);
        },
        // What a visitor has seen is not in the journal of flags.
        visitOf === undefined && isOfMarks({ creates: [], updates: slice, destroys: [] }),
      );
      isFirst = false;
      updated.push(...outcome);
    }
    return { ...replaced, updated };
  } finally {
    known.close();
  }
}

/** `act` as one change, in which `place` makes the updates as far as they can be made: what is refused, as it says, is left as it is. */
export function alongsideUpdates<T>(
  domain: Domain,
  account: AccountState,
  updates: readonly EmailUpdate[],
  act: (change: AccountChange, place: () => readonly (EmailRefusal | undefined)[]) => T,
): Promise<T> {
  const asked = { creates: [], updates, destroys: [] };
  return run(
    domain,
    account,
    asked,
    (change, heard) => act(change, () => place(domain, change, updates, heard)),
    false,
  );
}

async function draftsAmong(
  domain: Domain,
  account: AccountState,
  emails: readonly number[],
): Promise<readonly number[]> {
  if (emails.length > 0) await loadPlaces(domain, account);
  const isDraft = ({ mailbox }: Place): boolean => account.mailboxes.get(mailbox)?.role === 'drafts';
  return emails.filter((email) => account.placements?.placesOf(email).some(isDraft) === true);
}

type Asked = Pick<EmailRequest, 'creates' | 'updates' | 'destroys'>;

/** What it needs in memory is there, or it is brought there and tried again. */
async function run<T>(
  domain: Domain,
  account: AccountState,
  asked: Asked,
  act: (change: AccountChange, heard: MailboxEvent[]) => T,
  isDeferrable = isOfMarks(asked),
): Promise<T> {
  for (let tries = 1; ; tries++) {
    await load(domain, account, asked);
    try {
      const heard: MailboxEvent[] = [];
      const outcome = await domain.turns.run({ account, run: (change) => act(change, heard), isDeferrable });
      for (const event of heard) domain.events.happened(account, event);
      return outcome;
    } catch (error) {
      if (!(error instanceof NotLoaded) || tries === MOST_TRIES) throw error;
    }
  }
}

function isOfMarks({ creates, updates, destroys }: Asked): boolean {
  return creates.length + destroys.length === 0 && updates.every(({ mailboxes }) => mailboxes === undefined);
}

async function load(
  domain: Domain,
  account: AccountState,
  { creates, updates, destroys }: Asked,
): Promise<void> {
  const emails = [...updates.map(({ email }) => email), ...destroys];
  if (emails.length > 0) await loadPlaces(domain, account);
  const from = new Set<MailboxId>();
  for (const email of emails) {
    for (const { mailbox } of account.placements?.placesOf(email) ?? []) from.add(mailbox);
  }
  const to = new Set(creates.flatMap(({ mailboxes }) => [...mailboxes]));
  for (const { mailboxes } of updates)
    for (const id of [...(mailboxes?.whole ?? []), ...(mailboxes?.adds ?? [])]) to.add(id);
  for (const id of from) {
    const mailbox = account.mailboxes.get(id);
    if (mailbox !== undefined && mailbox.list === undefined) await loadList(domain, account, mailbox);
  }
  for (const id of to) {
    const mailbox = account.mailboxes.get(id);
    if (mailbox !== undefined && mailbox.list === undefined) await loadTail(domain, account, mailbox);
  }
}

function place(
  domain: Domain,
  change: AccountChange,
  updates: readonly EmailUpdate[],
  heard: MailboxEvent[],
  visitOf?: VisitOf | undefined,
): (EmailRefusal | undefined)[] {
  const placing = new Placing(domain, change, visitOf);
  const outcome = updates.map((update) => placing.update(update));
  heard.push(...placing.carryOut());
  return outcome;
}

interface Replacing extends Pick<EmailRequest, 'creates' | 'destroys'> {
  readonly known: ThreadQuestion;
  readonly heard: MailboxEvent[];
  /** Of the drafts that are destroyed. */
  readonly later: LaterVersions;
  readonly visitOf: VisitOf | undefined;
}

function replace(
  domain: Domain,
  change: AccountChange,
  { creates, destroys, known, heard, later, visitOf }: Replacing,
): Pick<EmailOutcome, 'created' | 'destroyed'> {
  const placing = destroys.length > 0 ? new Placing(domain, change, visitOf) : undefined;
  const room = { bytes: 0, messages: 0 };
  const destroyed = destroys.map((email) =>
    refusalOf(() => {
      const freed = placing?.destroy(email);
      room.bytes += freed?.bytes ?? 0;
      room.messages += freed?.messages ?? 0;
      return freed === undefined ? { why: 'not-found' } : undefined;
    }),
  );
  // What goes stands first in the sum, so that a draft can be saved anew in a full account.
  const created = creates.map((wanted) => {
    try {
      return create(domain, change, wanted, { known, room, heard, visitOf });
    } catch (error) {
      if (!(error instanceof MailboxError) || error instanceof NotLoaded) throw error;
      const why = error.code === 'limit' ? ('keywords' as const) : ('refused' as const);
      return { why, error: visitOf === undefined ? error : discreet(error) };
    }
  });
  const isSaved = ({ flags }: NewEmail, i: number): boolean =>
    (flags & FLAG.Draft) !== 0 && !('why' in (created[i] as MadeEmail | EmailRefusal));
  placing?.carryOut({ areDraftsSaved: creates.some(isSaved), later });
  return { created, destroyed };
}

function refusalOf(act: () => EmailRefusal | undefined): EmailRefusal | undefined {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof NotPermitted)) throw error;
    return { why: 'refused', error };
  }
}

interface Room extends Pick<Replacing, 'known' | 'heard' | 'visitOf'> {
  /** What is freed in the same change. */
  readonly room: { readonly bytes: number; readonly messages: number };
}

/** Throws before it has changed anything but which keywords there are. */
function create(
  domain: Domain,
  change: AccountChange,
  { message, mailboxes, flags, keywords }: NewEmail,
  { known, room, heard, visitOf }: Room,
): MadeEmail | EmailRefusal {
  const { account } = change;
  const unknown = [...mailboxes].filter((id) => !isShown(account.mailboxes.get(id), visitOf));
  if (unknown.length > 0 || mailboxes.size === 0) return { why: 'mailboxes', unknown };
  const targets = [...mailboxes].map((id) => account.mailboxes.get(id) as MailboxState);
  for (const target of targets) visitOf?.(target).require('i');
  if (!targets.every(isReady)) throw new NotLoaded();
  const size = sizeOf(message);
  if (size > domain.limits.messageBytes)
    throw new MailboxError('too-big', `a message can have at most ${domain.limits.messageBytes} octets`);
  const only = targets.length === 1 ? targets[0] : undefined;
  checkArrivalQuota(account, only, size * targets.length - room.bytes, targets.length - room.messages);
  const marks = targets.map(
    (target) => visitOf?.(target).allowed({ flags, keywords }) ?? { flags, keywords },
  );
  const sets = targets.map((target, i) =>
    change.keywords.numberOf(target, (marks[i] as Marks).keywords, domain.limits),
  );
  const thread = change.facts.threadOfNext(namesOf(message), known);
  noteAuthor(change, message.facts.envelope);
  if (targets.some(({ role }) => role === 'sent')) noteRecipients(change, message.facts.envelope);
  const id = change.newEmail({ ...factsOf(message), blob: message.blob, ...(thread && { thread }) });
  const email = emailNumber(id);
  const now = Math.floor(change.nowMs / 1000);
  const { traits } = message.facts;
  targets.forEach((target, i) => {
    if (i > 0) change.retain([emailNumber(emailId(account.id, email))]);
    const reader = visitOf?.(target).reader;
    const asked = (marks[i] as Marks).flags;
    // What somebody else has seen is his alone.
    const own = reader === undefined ? asked : asked & ~FLAG.Seen;
    const arrival = {
      email,
      flags: own,
      traits,
      size,
      saveDate: now,
      internalDate: message.internalDate ?? now,
    };
    const arrivals = [{ ...arrival, keywordSet: sets[i] as number }];
    const uids = change.addMessages(target, arrivals, i === 0 ? 'new' : 'copied');
    if (reader !== undefined && (asked & FLAG.Seen) !== 0)
      change.shares.setSeen(target.id, reader.id, uids, true);
    if (domain.events.areWanted(account, target.id))
      heard.push({ mailbox: target.id, cause: 'APPEND', uids });
  });
  const told = visitOf === undefined ? undefined : shownMarks(marks);
  return { email, thread: thread?.thread ?? email, sizeBytes: size, ...(told && { marks: told }) };
}

/** Of an email that is marked differently in several mailboxes (`query/email-rows.ts`): it is seen where all are. */
function shownMarks(all: readonly Marks[]): Marks {
  const any = all.reduce((flags, one) => flags | one.flags, 0);
  const every = all.reduce((flags, one) => flags & one.flags, -1);
  const keywords = [...new Set(all.flatMap((one) => one.keywords))];
  return { flags: (any & ~FLAG.Seen) | (every & FLAG.Seen), keywords };
}

/** Messages can be added to it. */
function isReady({ list, tail, uidNext }: MailboxState): boolean {
  return list !== undefined || tail !== undefined || uidNext === 1;
}
