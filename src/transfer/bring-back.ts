/**
 * Messages that an account had at an earlier moment and has no more come back beside its mail: into the mailboxes that they were in, with flags,
 * keywords and dates, under new UIDs. Nothing that is there is changed, and what is there is not added; so whoever is killed begins anew.
 */
import { FLAG } from '../mail/flags.ts';
import {
  type AddedMessage,
  isRefusal,
  type MailAccess,
  type MessageToAdd,
  type Refusal,
  type StoredMessage,
} from './mail-access.ts';
import { mailboxFor } from './mailbox-for.ts';
import { type Content, type ContentAccess, missingOf } from './missing.ts';

/** Octets that are on their way at once, but for a larger message. */
const BATCH_BYTES = 4 * 1024 * 1024;
const BATCH_MESSAGES = 128;

export interface Account {
  readonly access: MailAccess & ContentAccess;
  readonly address: string;
}

export interface Plan {
  /** Messages that were there then, in the mailbox that is asked for or in all. */
  readonly found: number;
  readonly messages: number;
  readonly bytes: number;
  readonly mailboxes: readonly PlannedMailbox[];
}

export interface PlannedMailbox {
  /** As it was called then, and as it is now. */
  readonly from: string;
  readonly to: string;
  readonly isNew: boolean;
  readonly isSubscribed: boolean;
  readonly uids: ReadonlySet<number>;
  readonly bytes: number;
}

export interface PlanOptions {
  /** Only what was in this one. */
  readonly mailbox?: string;
  /** Everything comes below it. */
  readonly below?: string;
}

/** What is missing. Reads both accounts and changes nothing. Throws MailboxError. */
export async function planBringingBack(then: Account, now: Account, options: PlanOptions): Promise<Plan> {
  const before = await then.access.listMailboxes(then.address);
  const roles = await now.access.listMailboxes(now.address);
  const there = new Set(roles.map(({ name }) => name));
  const nameNow = (name: string): string => {
    if (there.has(name)) return name;
    const role = before.find((one) => one.name === name)?.role;
    return roles.find((one) => role !== undefined && one.role === role)?.name ?? name;
  };
  const was = await Array.fromAsync(then.access.contentsOf(then.address));
  const is = await Array.fromAsync(now.access.contentsOf(now.address));
  const isAsked = ({ mailbox }: Content): boolean =>
    options.mailbox === undefined || mailbox === options.mailbox;
  const missing = missingOf(was, is, nameNow).filter(isAsked);
  const mailboxes: PlannedMailbox[] = [];
  for (const { name, isSubscribed } of before) {
    const inIt = missing.filter(({ mailbox }) => mailbox === name);
    if (inIt.length === 0) continue;
    const { below } = options;
    const to = below === undefined ? nameNow(name) : mailboxFor(name, { roles, below, isOnly: false });
    const uids = new Set(inIt.map(({ uid }) => uid));
    mailboxes.push({ from: name, to, isNew: !there.has(to), isSubscribed, uids, bytes: sumOf(inIt) });
  }
  return { found: was.filter(isAsked).length, messages: missing.length, bytes: sumOf(missing), mailboxes };
}

const sumOf = (contents: readonly Content[]): number => contents.reduce((sum, { bytes }) => sum + bytes, 0);

export interface BroughtBack {
  readonly messages: number;
  readonly bytes: number;
  /** Messages that could not be read or were refused, and why. */
  readonly problems: readonly string[];
  /** Why it stopped before its end. */
  readonly stopped?: Refusal;
}

/** Each message whole or not at all. What stops it is in the answer; a connection that is lost is thrown. */
export async function bringBack(
  then: Account,
  now: Account,
  plan: Plan,
  onProgress: (done: { readonly mailbox: string; readonly messages: number }) => void,
): Promise<BroughtBack> {
  const done = { messages: 0, bytes: 0, problems: [] as string[] };
  for (const mailbox of plan.mailboxes) {
    const { from, to, isNew, isSubscribed, uids } = mailbox;
    const subscription = isNew ? { isSubscribed } : {};
    const { name } = await now.access.ensureMailbox(now.address, to, subscription);
    const messages = wanted(then.access.readMessages(then.address, from), uids);
    for (let next = await messages.next(); next.done !== true; ) {
      const sent: StoredMessage[] = [];
      const batch = async function* (): AsyncGenerator<MessageToAdd> {
        for (let bytes = 0; next.done !== true && isRoom(sent.length, bytes); next = await messages.next()) {
          sent.push(next.value);
          bytes += next.value.sizeBytes;
          yield toAdd(next.value);
        }
      };
      const outcomes = await now.access.addMessages(now.address, name, batch());
      const stopped = note(done, sent, outcomes, from);
      onProgress({ mailbox: name, messages: done.messages });
      if (stopped === undefined) continue;
      await messages.return(undefined);
      return { ...done, stopped };
    }
  }
  return done;
}

const isRoom = (messages: number, bytes: number): boolean => messages < BATCH_MESSAGES && bytes < BATCH_BYTES;

async function* wanted(
  all: AsyncIterable<StoredMessage>,
  uids: ReadonlySet<number>,
): AsyncGenerator<StoredMessage, void, void> {
  let left = uids.size;
  for await (const message of all) {
    if (!uids.has(message.uid)) continue;
    yield message;
    if (--left === 0) return;
  }
}

/** It would be hidden, and go with the next EXPUNGE. */
function toAdd({ flags, keywords, internalDate, chunks }: StoredMessage): MessageToAdd {
  return { flags: flags & ~FLAG.Deleted, keywords, internalDate, importKey: undefined, chunks };
}

/** Why nothing more can be added, where that is so. */
function note(
  done: { messages: number; bytes: number; readonly problems: string[] },
  sent: readonly StoredMessage[],
  outcomes: readonly AddedMessage[],
  mailbox: string,
): Refusal | undefined {
  let stopped: Refusal | undefined;
  for (const [n, { uid, sizeBytes }] of sent.entries()) {
    const outcome = outcomes[n] ?? { refused: 'unavailable', why: 'the server did not account for it' };
    if (!isRefusal(outcome)) {
      done.messages++;
      done.bytes += sizeBytes;
    } else if (ENDS.has(outcome.refused)) stopped = outcome;
    else done.problems.push(`${mailbox}, message ${uid}: ${outcome.why}`);
  }
  return stopped;
}

/** The next message would be told the same. */
const ENDS: ReadonlySet<string> = new Set(['over-quota', 'unavailable', 'nonexistent']);
