/**
 * Copies of what came in, and mail of our own beside them, put where they belong: one change, all of them or none, with all
 * of their room asked for first. Copies of the same octets are one email.
 *
 * Names are looked up in the change, where nobody can come in between: a mailbox that is gone by then, or that cannot be made,
 * is INBOX.
 */
import type { AccountChange } from '../change/account-change.ts';
import type { Copy, Departure } from '../disposition.ts';
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import { emailId, type Uid } from '../model/model.ts';
import type { AccountState } from '../state/account.ts';
import { loadTail } from '../state/load.ts';
import type { MailboxState } from '../state/mailbox.ts';
import {
  addEmail,
  arrivalOf,
  type IncomingMessage,
  namesOf,
  refuseTooBig,
  sizeOf,
  type Threading,
} from './append.ts';
import { ensureMailbox } from './folders.ts';
import { askForThreads } from './known-threads.ts';
import { findMailbox, mailboxOf } from './mailboxes.ts';
import { addOutgoing } from './outgoing.ts';
import { checkQuota } from './quota.ts';

/** One email, where it goes and by which ways it leaves. */
export interface Parcel {
  readonly message: IncomingMessage;
  readonly copies: readonly Copy[];
  readonly departures: readonly Departure[];
  /** The server's own: what is found out about the message that came is not true of it. */
  readonly isOwn?: boolean;
}

export interface Filed {
  readonly mailbox: string;
  readonly uid: Uid;
}

/** Somebody renames mailboxes all the time: then it is INBOX. */
const MOST_TRIES = 3;

/** A mailbox got this name after its messages were to be loaded. */
class NotLoaded extends MailboxError {
  constructor() {
    super('conflict', 'the mailbox is not loaded');
  }
}

/**
 * In the order of the parcels. `also` runs in the same change, before anything is stored, and gives bits of `TRAIT` that the messages
 * get beside those of their octets. Throws `over-quota`, `too-big`,
 * `unavailable`, and what `also` throws.
 */
export async function fileParcels(
  domain: Domain,
  account: AccountState,
  parcels: readonly Parcel[],
  also: (change: AccountChange) => number,
): Promise<Filed[]> {
  const messages = parcels.map(({ message }) => message);
  refuseTooBig(domain, messages);
  const names = messages.map(namesOf);
  const question = askForThreads(domain, account, names);
  const known = question instanceof Promise ? await question : question;
  try {
    for (let tries = 1; ; tries++) {
      await loadTargets(domain, account, parcels);
      const run = (change: AccountChange): Filed[] => {
        const places = parcels.map((parcel) => placesOf(domain, change, parcel, tries === MOST_TRIES));
        const marks = also(change);
        return put(domain, change, { places, parcels, marks }, { names, known });
      };
      try {
        return await domain.turns.run({ account, run });
      } catch (error) {
        if (!(error instanceof NotLoaded)) throw error;
      }
    }
  } finally {
    known.close();
  }
}

async function loadTargets(domain: Domain, account: AccountState, parcels: readonly Parcel[]): Promise<void> {
  const targets = new Set([mailboxOf(account, 'INBOX')]);
  for (const { copies } of parcels) {
    for (const { mailbox } of copies) {
      const target = found(account, mailbox);
      if (target !== undefined) targets.add(target);
    }
  }
  for (const target of targets) {
    if (target.list === undefined && target.tail === undefined) await loadTail(domain, account, target);
  }
}

interface Placed {
  readonly mailbox: MailboxState;
  readonly copy: Copy;
}

/** Each mailbox once. Throws `NotLoaded`, the last time not. */
function placesOf(domain: Domain, change: AccountChange, { copies }: Parcel, isLast: boolean): Placed[] {
  const places = new Map<MailboxState, Placed>();
  for (const copy of copies) {
    let mailbox = targetOf(domain, change, copy);
    if (!isReady(mailbox)) {
      if (!isLast) throw new NotLoaded();
      mailbox = mailboxOf(change.account, 'INBOX');
    }
    places.delete(mailbox);
    places.set(mailbox, { mailbox, copy });
  }
  return [...places.values()];
}

function targetOf(domain: Domain, change: AccountChange, { mailbox, makes }: Copy): MailboxState {
  const target = found(change.account, mailbox);
  if (target !== undefined) return target;
  try {
    if (makes !== undefined) return ensureMailbox(domain, change, mailbox, makes.role);
  } catch (error) {
    if (!(error instanceof MailboxError)) throw error;
  }
  return mailboxOf(change.account, 'INBOX');
}

/** A script may name what no mailbox can be called. */
function found(account: AccountState, name: string): MailboxState | undefined {
  try {
    return findMailbox(account, name);
  } catch {
    return undefined;
  }
}

/** Messages can be added to it. */
function isReady({ list, tail, uidNext }: MailboxState): boolean {
  return list !== undefined || tail !== undefined || uidNext === 1;
}

interface Filing {
  readonly places: readonly Placed[][];
  readonly parcels: readonly Parcel[];
  readonly marks: number;
}

function put(
  domain: Domain,
  change: AccountChange,
  { places, parcels, marks }: Filing,
  { names, known }: Threading,
): Filed[] {
  const messages = parcels.map(({ message }) => message);
  const bytes = messages.reduce((sum, message, i) => sum + sizeOf(message) * (places[i]?.length ?? 0), 0);
  checkQuota(change.account, bytes, places.flat().length);
  return messages.flatMap((message, i) => {
    const targets = places[i] ?? [];
    const { departures, isOwn } = parcels[i] as Parcel;
    if (targets.length + departures.length === 0) return [];
    const came = isOwn === true ? message : { ...message, marks };
    const email = addEmail(change, message, names[i] as Threading['names'][number], known);
    // Each place and each way has a reference of its own; the email began with one.
    for (let more = targets.length + departures.length - 1; more > 0; more--) change.retain([email]);
    for (const { envelope, recipients } of departures)
      addOutgoing(change, emailId(change.account.id, email), {
        ...{ envelope, recipients, sizeBytes: sizeOf(message) },
      });
    return targets.map(({ mailbox, copy: { flags, keywords } }, n) => {
      const arrival = arrivalOf(domain, change, mailbox, { ...came, flags, keywords }, email);
      const [uid] = change.addMessages(mailbox, [arrival], n === 0 ? 'new' : 'copied');
      return { mailbox: mailbox.name, uid: uid as Uid };
    });
  });
}
