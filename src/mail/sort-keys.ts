/**
 * What SORT and THREAD compare of a message (RFC 5256 §2, RFC 5957 §3): computed once at delivery, packed into one
 * stretch of octets, read back one key at a time.
 *
 * Format: one octet of flags; the sent date as six octets (seconds since 1970, signed); then for each text, in the order of
 * `TEXT_KEYS`, its length as two octets and its key of `collation.ts`. A display key that is the same as another is
 * stored all the same: most differ.
 *
 * Promises: the address of a list is the first of its ENVELOPE, groups' names included, as RFC 5256 says `[IMAP]
 * addr-mailbox`; reading damaged octets gives empty keys and never throws.
 */
import { Buffer } from 'node:buffer';
import { EMPTY } from '../base/bytes.ts';
import type { Address } from './address.ts';
import { baseSubject } from './base-subject.ts';
import { casemapOctets, cutOctets } from './collation.ts';
import { decodeWords } from './encoded-word.ts';
import { type TextCollation, USUAL_COLLATION } from './fold.ts';
import type { HeaderSummary } from './header-summary.ts';

export const TEXT_KEYS = ['subject', 'from', 'to', 'cc', 'displayFrom', 'displayTo'] as const;
export type TextKey = (typeof TEXT_KEYS)[number];

export function isTextKey(name: string): name is TextKey {
  return TEXT_KEYS.some((key) => key === name);
}

const HAS_DATE = 1;
const IS_REPLY = 2;
const TEXTS_AT = 7;

/** Those that are stored are of the usual collation. */
export function sortKeys(facts: HeaderSummary, collation: TextCollation = USUAL_COLLATION): Buffer {
  const keyOf =
    collation === USUAL_COLLATION ? casemapOctets : (one: string) => cutOctets(keyText(one, collation));
  const { text, isReplyOrForward } = baseSubject(facts.subject());
  const from = facts.addresses.first('from');
  const to = facts.addresses.first('to');
  const seconds = facts.sentDate()?.seconds;
  // One octet a character: a single buffer is made, at the end.
  let keys = String.fromCharCode((seconds === undefined ? 0 : HAS_DATE) | (isReplyOrForward ? IS_REPLY : 0));
  keys += dateOctets(seconds ?? 0);
  keys += counted(text, keyOf);
  keys += counted(mailboxOf(from), keyOf);
  keys += counted(mailboxOf(to), keyOf);
  keys += counted(mailboxOf(facts.addresses.first('cc')), keyOf);
  keys += counted(displayOf(from), keyOf);
  keys += counted(displayOf(to), keyOf);
  return Buffer.from(keys, 'latin1');
}

/** Six octets, little-endian, signed. */
function dateOctets(seconds: number): string {
  const high = Math.floor(seconds / 0x1_0000_0000) & 0xffff;
  const low = seconds >>> 0;
  return String.fromCharCode(
    low & 0xff,
    (low >>> 8) & 0xff,
    (low >>> 16) & 0xff,
    low >>> 24,
    high & 0xff,
    high >>> 8,
  );
}

/** i;ascii-casemap orders by capitals (RFC 4790 §9.2.1), searches compare small letters. */
function keyText(text: string, collation: TextCollation): string {
  return collation === 'i;octet' ? text : text.replace(/[a-z]+/g, (run) => run.toUpperCase());
}

function counted(text: string, keyOf: (text: string) => string): string {
  if (text === '') return '\0\0';
  const key = keyOf(text);
  return String.fromCharCode(key.length & 0xff, key.length >> 8) + key;
}

/** The sent date in seconds; undefined when the message has none that can be read. */
export function sentSecondsOf(keys: Buffer): number | undefined {
  if (keys.length < TEXTS_AT || ((keys[0] as number) & HAS_DATE) === 0) return undefined;
  return keys.readIntLE(1, 6);
}

/** Whether the subject has the mark of a reply or a forward. */
export function isReplyOrForward(keys: Buffer): boolean {
  return keys.length > 0 && ((keys[0] as number) & IS_REPLY) !== 0;
}

export function textKeyOf(keys: Buffer, name: TextKey): Buffer {
  let at = TEXTS_AT;
  for (let left = TEXT_KEYS.indexOf(name); at + 2 <= keys.length; left--) {
    const end = at + 2 + keys.readUInt16LE(at);
    if (left === 0) return end <= keys.length ? keys.subarray(at + 2, end) : EMPTY;
    at = end;
  }
  return EMPTY;
}

function mailboxOf(address: Address | undefined): string {
  return decodeWords(address?.mailbox ?? '');
}

/** RFC 5957 §3. */
function displayOf(address: Address | undefined): string {
  const name = decodeWords(address?.name ?? '');
  if (name !== '') return name;
  const mailbox = mailboxOf(address);
  const host = address?.host;
  return host === undefined || host === '' ? mailbox : `${mailbox}@${decodeWords(host)}`;
}
