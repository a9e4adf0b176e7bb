/**
 * Whether what a program has sent and what it keeps of it are one message. A Message-ID alone does not say so: programs give one to several,
 * and of two messages none may be taken for the other. What people see has to be the same, and what the messages contain to the octet;
 * else the header may differ, as it does where a program notes in its copy who got a blind one.
 */

import { decodeWords } from '../../mail/encoded-word.ts';
import { HeaderBlock, MAX_PARSED_BYTES } from '../../mail/header.ts';
import type { Domain } from '../domain.ts';
import { type EmailId, emailAccount } from '../model/model.ts';
import { readIntact } from '../reading/message-reader.ts';
import type { Received } from './incoming.ts';

export interface Octets {
  readonly sizeBytes: number;
  /** Undefined when they are lost. */
  read(start: number, end: number): Promise<Buffer | undefined>;
}

export interface Likeness {
  readonly isSame: boolean;
  /** The first says to whom a blind copy went, and the second does not. */
  readonly saysMore: boolean;
}

const DIFFERENT: Likeness = Object.freeze({ isSame: false, saysMore: false });
const FIELDS = ['from', 'to', 'cc', 'date', 'subject', 'content-type', 'content-transfer-encoding'];
const SLICE = 256 * 1024;
/** Empty lines at the end, of which SMTP adds one. */
const MOST_AT_END = 64;
const LF = 0x0a;
const CR = 0x0d;

/** Of a message on its way in. */
export function octetsOf({ blob }: Pick<Received, 'blob'>): Octets {
  return { sizeBytes: blob.sizeBytes, read: async (start, end) => blob.read(start, end) };
}

/** Of one that is stored; undefined when it is not. */
export async function storedOctets(
  domain: Pick<Domain, 'store' | 'log'>,
  email: EmailId,
): Promise<Octets | undefined> {
  const [stored] = await domain.store.listEmails(emailAccount(email), email - 1, 1);
  if (stored?.id !== email) return undefined;
  return {
    sizeBytes: stored.sizeBytes,
    read: async (start, end) => (await readIntact(domain, [{ email, start, end }]))[0],
  };
}

/** Throws MailboxError `unavailable`. What is lost is like nothing. */
export async function likeness(one: Octets, other: Octets): Promise<Likeness> {
  const [mine, theirs] = [await headOf(one), await headOf(other)];
  if (mine === undefined || theirs === undefined) return DIFFERENT;
  if (FIELDS.some((name) => textOf(mine.block, name) !== textOf(theirs.block, name))) return DIFFERENT;
  const [mineEnd, theirsEnd] = [await endOf(one, mine.bodyFrom), await endOf(other, theirs.bodyFrom)];
  const length = mineEnd - mine.bodyFrom;
  if (length !== theirsEnd - theirs.bodyFrom) return DIFFERENT;
  for (let at = 0; at < length; at += SLICE) {
    const end = Math.min(length, at + SLICE);
    const a = await one.read(mine.bodyFrom + at, mine.bodyFrom + end);
    const b = await other.read(theirs.bodyFrom + at, theirs.bodyFrom + end);
    if (a === undefined || b === undefined || !a.equals(b)) return DIFFERENT;
  }
  return { isSame: true, saysMore: mine.block.indexOf('bcc') >= 0 && theirs.block.indexOf('bcc') < 0 };
}

async function headOf(
  octets: Octets,
): Promise<{ readonly block: HeaderBlock; readonly bodyFrom: number } | undefined> {
  for (let end = 0; end < octets.sizeBytes && end < MAX_PARSED_BYTES; ) {
    end = Math.min(octets.sizeBytes, Math.max(end * 8, 16 * 1024));
    const start = await octets.read(0, end);
    if (start === undefined) return undefined;
    const block = new HeaderBlock(start);
    const { fieldsEnd } = block;
    // Behind it there is the empty line, unless the message is cut off here.
    if (end < octets.sizeBytes && fieldsEnd + 2 > end) continue;
    const bodyFrom = start[fieldsEnd] === CR ? fieldsEnd + 2 : fieldsEnd + 1;
    const isEmptyLine = start[fieldsEnd] === LF || (start[fieldsEnd] === CR && start[fieldsEnd + 1] === LF);
    if (isEmptyLine) return { block, bodyFrom };
    return fieldsEnd === octets.sizeBytes ? { block, bodyFrom: fieldsEnd } : undefined;
  }
  return undefined;
}

async function endOf({ sizeBytes, read }: Octets, from: number): Promise<number> {
  const start = Math.max(from, sizeBytes - MOST_AT_END);
  const tail = (await read(start, sizeBytes)) ?? Buffer.alloc(0);
  let end = tail.length;
  while (end > 0 && (tail[end - 1] === LF || tail[end - 1] === CR)) end--;
  return start + end;
}

function textOf(block: HeaderBlock, name: string): string {
  return block
    .all(name)
    .map((value) => decodeWords(value).replace(/\s+/g, ' ').trim())
    .join('\n');
}
