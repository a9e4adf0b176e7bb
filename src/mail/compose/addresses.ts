/**
 * Addresses as they are written (RFC 5322 §3.4): a name as words, in quotes, or as encoded words (RFC 2047 §5 (3)), and the address
 * in angle brackets.
 *
 * Promises: one entry of the list for each address, whatever is in it: nothing in a name or an address makes another one of it. A
 * half-written address of a draft stays what it is, as the name of nobody.
 */
import { encodeWords } from '../downgrade/words.ts';
import type { DraftAddress, DraftGroup } from './draft.ts';

const CONTROL = /[\0-\x1f\x7f\u2028\u2029]/u;
const ATEXT = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\u0080-\\u{10ffff}-]";
const DOT_ATOM = `${ATEXT}+(?:\\.${ATEXT}+)*`;
/** A word of an address that needs no quotes; a domain, or an address in brackets. */
const LOCAL = new RegExp(`^${DOT_ATOM}$`, 'u');
const DOMAIN = new RegExp(`^(?:${DOT_ATOM}|\\[[A-Za-z0-9.:-]+\\])$`, 'u');
/** Words of a phrase that need no quotes; a dot is one of those that do. */
const PHRASE = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
/** Octets: RFC 5321 §4.5.3.1.3 allows 254, and nobody writes a name of more. */
const MAX_EMAIL = 320;
const MAX_NAME = 4096;

/** Why it cannot be written; undefined when it can. */
export function addressFault({ name, email }: DraftAddress): string | undefined {
  if (CONTROL.test(email) || (name !== null && CONTROL.test(name)))
    return 'there are control characters in it';
  if (Buffer.byteLength(email) > MAX_EMAIL) return `an address has at most ${MAX_EMAIL} octets`;
  return Buffer.byteLength(name ?? '') > MAX_NAME ? `a name has at most ${MAX_NAME} octets` : undefined;
}

/** Of one without fault. */
export function addressText({ name, email }: DraftAddress): string {
  const written = addrSpec(email);
  // Not an address yet.
  if (written === undefined) return `${phrase(name ? `${name} ${email}` : email)} <>`;
  return name === null || name.trim() === '' ? `<${written}>` : `${phrase(name)} <${written}>`;
}

export function groupsText(groups: readonly DraftGroup[]): string {
  return groups
    .map(({ name, addresses }) => {
      const list = addresses.map(addressText).join(', ');
      return name === null ? list : `${phrase(name)}: ${list};`;
    })
    .filter((text) => text !== '')
    .join(', ');
}

/** Undefined for what cannot be one, however it is quoted. */
export function addrSpec(email: string): string | undefined {
  const trimmed = email.trim();
  if (LOCAL.test(trimmed)) return trimmed;
  const at = trimmed.lastIndexOf('@');
  const [local, domain] = [trimmed.slice(0, at), trimmed.slice(at + 1)];
  if (at <= 0 || !DOMAIN.test(domain)) return undefined;
  if (LOCAL.test(local)) return trimmed;
  const unquoted = /^"((?:[^"\\]|\\.)*)"$/.exec(local)?.[1]?.replace(/\\(.)/g, '$1') ?? local;
  return `${quoted(unquoted)}@${domain}`;
}

/** A display name. */
export function phrase(name: string): string {
  const text = name.normalize('NFC').trim();
  if (PHRASE.test(text) && !text.includes('=?')) return text;
  const isQuotable = /^[\x20-\x7e]+$/.test(text) && !text.includes('=?') && !/ {2}|[^ ]{65}/.test(text);
  return isQuotable ? quoted(text) : encodeWords(Buffer.from(text.toWellFormed()), 'utf-8');
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
