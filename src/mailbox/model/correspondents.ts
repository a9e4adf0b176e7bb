/**
 * Whom an account knows: the addresses that it has had mail from, those that it has written to, and the names of the latter. Kept as
 * hashes under a secret of the account, so that a table of them says nothing and nobody can make an address that passes for another one.
 *
 * Two addresses are one when they differ in case, in the form of their characters, or in the spelling of an international domain; two
 * names are one when they have the same words. The numbers and the secret's version are stored: they never change their meaning.
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
  const words = folded(name.slice(0, MAX_LENGTH)).match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
  const all = words.sort().join(' ');
  return [...all].length < 2 ? undefined : all;
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
