/**
 * Which thread an email belongs to: decided once, when it comes in, and never again (RFC 8474 §5.2 forbids it to change). A
 * thread has the number of the email that began it, so it needs no counter and no row of its own.
 *
 * The rule: the message that In-Reply-To names, if it is here, has the thread, whatever the subject has become. Else an id in
 * References, or the message's own, that a message here has or names as well, if both have one subject: whoever writes to a
 * list by answering an old message and changing the subject begins a thread of his own (RFC 8621 §3). Else a new one. Two threads that
 * turn out to be one stay two.
 */
import { Buffer } from 'node:buffer';
import { threadSubject } from '../../mail/base-subject.ts';
import { readLinks } from '../../mail/message-links.ts';
import { textKeyOf } from '../../mail/sort-keys.ts';

/** A longer one is a robot's: whoever opens it loads all of it. The next email begins a new thread. */
export const MAX_THREAD_EMAILS = 1000;
/** Emails looked at for one id: some may be in full threads, or have another subject. */
export const MAX_MATCHES = 12;
/** Of References those that say where a conversation began and whom the message answers. */
const FIRST_LOOKED_UP = 8;
const LAST_LOOKED_UP = 16;
/** Kept for those who come later; with the own id and In-Reply-To never more than 24. */
const FIRST_KEPT = 2;
const LAST_KEPT = 4;

/** By what an email is known and whom it names: hashes of message ids (`mail/message-id.ts`), octets as letters. */
export interface ThreadNames {
  readonly own: string | undefined;
  readonly inReplyTo: string | undefined;
  /** The oldest first; not all of very many. */
  readonly references: readonly string[];
  /** A hash of the subject without the marks of replies, 32 bits. */
  readonly subject: number;
}

/** The thread of an email, with what finds it: stored with the email, and gone with it. */
export interface EmailThread {
  /** The number of the email that began it, which may be gone. */
  readonly thread: number;
  readonly subject: number;
  readonly own: string | undefined;
  readonly named: readonly string[];
}

/** An email that has or names an id. */
export interface ThreadMatch {
  /** Its number in the account. */
  readonly email: number;
  readonly thread: number;
  readonly subject: number;
  /** The id is its own. */
  readonly isOwn: boolean;
}

/** Of stored parts of an email (`facts.ts`); without them it names nobody. */
export function threadNames(parts: {
  readonly links: Buffer | undefined;
  readonly sort: Buffer | undefined;
}): ThreadNames {
  const { id, inReplyTo, references } = readLinks(parts.links ?? NOTHING);
  return {
    own: id?.toString('latin1'),
    inReplyTo: inReplyTo?.toString('latin1'),
    references: ends(references, FIRST_LOOKED_UP, LAST_LOOKED_UP).map((hash) => hash.toString('latin1')),
    subject: subjectHash(textKeyOf(parts.sort ?? NOTHING, 'subject')),
  };
}

/** What is known of other emails when one comes in. */
export interface KnownThreads {
  /** Own ids first, then the newest. */
  readonly matchesOf: (id: string) => Iterable<ThreadMatch>;
  readonly hasRoom: (thread: number) => boolean;
}

/** The thread of the email of this number, and what is kept for those who come later. */
export function threadOf(email: number, names: ThreadNames, known: KnownThreads): EmailThread {
  const { own, inReplyTo, subject } = names;
  const answered = inReplyTo === undefined ? undefined : threadAnswered(inReplyTo, known);
  // Whoever finds this email by one more id of a known conversation finds that conversation anyway.
  const named = answered === undefined ? namedBy(names) : inReplyTo === own ? NOBODY : [inReplyTo as string];
  return { thread: answered ?? threadInCommon(names, known) ?? email, subject, own, named };
}

function threadAnswered(inReplyTo: string, { matchesOf, hasRoom }: KnownThreads): number | undefined {
  for (const { isOwn, thread } of matchesOf(inReplyTo)) if (isOwn && hasRoom(thread)) return thread;
  return undefined;
}

/** The ids of which one in common and the same subject suffice, in the order in which they are tried. */
export function idsInCommon({ own, inReplyTo, references }: ThreadNames): readonly string[] {
  const ids = references.toReversed();
  if (inReplyTo !== undefined && !references.includes(inReplyTo)) ids.push(inReplyTo);
  if (own !== undefined) ids.push(own);
  return ids;
}

function threadInCommon(names: ThreadNames, { matchesOf, hasRoom }: KnownThreads): number | undefined {
  const { subject } = names;
  for (const id of idsInCommon(names)) {
    for (const match of matchesOf(id)) {
      if (match.subject === subject && hasRoom(match.thread)) return match.thread;
    }
  }
  return undefined;
}

function namedBy({ own, inReplyTo, references }: ThreadNames): readonly string[] {
  if (references.length === 0 && inReplyTo === undefined) return NOBODY;
  const named = new Set(ends(references, FIRST_KEPT, LAST_KEPT));
  if (inReplyTo !== undefined) named.add(inReplyTo);
  if (own !== undefined) named.delete(own);
  return [...named];
}

const NOBODY: readonly string[] = Object.freeze([]);
const NOTHING = Buffer.alloc(0);

function ends<T>(all: readonly T[], first: number, last: number): readonly T[] {
  return all.length <= first + last ? all : [...all.slice(0, first), ...all.slice(-last)];
}

/** The stored base subject has lost the marks of RFC 5256; those of other languages stand behind colons and brackets. */
function subjectHash(key: Buffer): number {
  const isMarked = key.includes(COLON) || key.includes(BRACKET);
  const subject = isMarked ? Buffer.from(threadSubject(key.toString())) : key;
  let hash = 0x811c9dc5;
  for (let i = 0; i < subject.length; i++) hash = Math.imul(hash ^ (subject[i] as number), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** Wide ones are decomposed in the key. */
const COLON = 0x3a;
const BRACKET = 0x5b;
