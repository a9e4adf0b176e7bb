/**
 * Whom an account knows: the addresses that it has had mail from, those that it has written to, and the names of the latter. Kept as
 * hashes under a secret of the account, so that a table of them says nothing and nobody can make an address that passes for another one.
 *
 * Two addresses are one when they differ in case, in the form of their characters, or in the spelling of an international domain; two
 * names are one when they have the same words. What nobody sees (joiners, soft hyphens, marks of direction) is no part of a name. Not
 * folded is what only looks alike: letters of other scripts, letters set apart by spaces, words put before a name. The numbers and the secret's version are stored: they never change their meaning.
 */
import { hash } from 'node:crypto';
import { domainToASCII } from 'node:url';

/** What is known of a key; a bit each. */
export const KNOWN = Object.freeze({
  /** Mail has come from this address. */
  Heard: 1,
  /** Mail was sent to this address. */
  Written: 2,
  /** Somebody whom mail was sent to has this name. */
  Named: 4,
});

export interface Correspondence {
  readonly secret: Buffer;
  /** The first email whose people may not be known yet; 0 when those of all emails are, and of each that comes. */
  readonly unread: number;
}

export interface Correspondent {
  /** See `addressKey`, `nameKey`. */
  readonly key: string;
  /** Bits of `KNOWN`. */
  readonly kinds: number;
  /** The number of the account's next email when it was noted: the higher, the later. */
  readonly since: number;
}

/** An account knows so many of whom it only has mail from, and so many others; the oldest are forgotten first. */
export const MOST_CORRESPONDENTS = Object.freeze({ heard: 10_000, others: 10_000 });

export const SECRET_BYTES = 16;
/** Octets of a key. */
export const CORRESPONDENT_KEY_BYTES = 10;
/** What follows in an address or a name that is longer tells nobody apart. */
const MAX_LENGTH = 320;
/** Of the words that a name begins with. */
const MOST_WORDS = 5;
const INVISIBLE = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/** Undefined for what is no address. */
export function addressKey(secret: Buffer, address: string): string | undefined {
  const folded = foldedAddress(address);
  return folded && keyOf(secret, 'address', folded);
}

/** Undefined for what says nobody's name: it has no words, is an address itself, or is a single letter. */
export function nameKey(secret: Buffer, name: string): string | undefined {
  const folded = foldedName(name);
  return folded && keyOf(secret, 'name', folded);
}

/** What a name may pass for: itself, and the words that it begins with, two of them or more: `Anna Lind (Friend)`, `Anna Lind @work`. */
export function likenessKeys(secret: Buffer, name: string): readonly string[] {
  const words = wordsIn(shownPart(name).replace(/\S*@\S*/g, ' '));
  const keys = new Set<string>();
  for (let count = 2; count <= Math.min(words.length, MOST_WORDS); count++)
    keys.add(keyOf(secret, 'name', joined(words.slice(0, count))));
  const whole = nameKey(secret, name);
  if (whole !== undefined) keys.add(whole);
  return [...keys];
}

export function foldedAddress(address: string): string | undefined {
  const at = address.lastIndexOf('@');
  if (at < 1 || at === address.length - 1 || address.length > MAX_LENGTH) return undefined;
  const local = folded(address.slice(0, at));
  const domain = address.slice(at + 1);
  return `${local}@${domainToASCII(domain) || folded(domain)}`;
}

/** "Lind, Anna" is Anna Lind. */
export function foldedName(name: string): string | undefined {
  if (name.includes('@')) return undefined;
  const all = joined(wordsIn(shownPart(name)));
  return [...all].length < 2 ? undefined : all;
}

/** Without what is not seen, which could push a name out of what is looked at, or divide its words. */
function shownPart(name: string): string {
  return name.replace(INVISIBLE, '').trim().replace(/\s+/g, ' ').slice(0, MAX_LENGTH);
}

function wordsIn(text: string): string[] {
  return folded(text).match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
}

function joined(words: readonly string[]): string {
  return words.toSorted().join(' ');
}

function folded(text: string): string {
  return text.normalize('NFKC').toLowerCase().normalize('NFKC');
}

function keyOf(secret: Buffer, what: string, value: string): string {
  return hash('sha256', `${secret.toString('hex')} ${what} ${value}`, 'hex').slice(
    0,
    2 * CORRESPONDENT_KEY_BYTES,
  );
}
