/**
 * Addresses as names of accounts: one spelling for what people, clients and mail servers write. Who receives for an address is
 * `recipients.ts`'s matter.
 *
 * The canonical form is lower case and NFC in both halves, the domain in Unicode rather than `xn--` (RFC 5890 §2.3.2.1),
 * so that `Alice@BÜCHER.example` and `alice@xn--bcher-kva.example` are one account. RFC 5321 §2.4 lets local parts
 * differ by case; no system that people use does.
 */
import { isIP } from 'node:net';
import { domainToASCII, domainToUnicode } from 'node:url';
import { MailboxError } from '../mailbox/model/errors.ts';

/** RFC 5321 §4.5.3.1.3 allows a path of 256 octets with its brackets; senders' tags go a little further. */
const MAX_ADDRESS_BYTES = 320;
/** RFC 5321 §4.5.3.1.1. */
const MAX_LOCAL_BYTES = 64;
/** RFC 1035 §2.3.4, less the length octets. */
const MAX_DOMAIN_BYTES = 253;

export interface Halves {
  readonly local: string;
  readonly domain: string;
}

/** Undefined when it cannot be the name of an account. A bare name gets the default domain. */
export function canonicalAddress(raw: string, defaultDomain: string): string | undefined {
  const halves = splitAddress(raw, defaultDomain);
  return halves && `${halves.local}@${halves.domain}`;
}

/** The canonical form of an address that is to become an account; throws MailboxError `invalid-name` and says why. */
export function newAccountAddress(raw: string, defaultDomain: string): string {
  const halves = splitAddress(raw, defaultDomain);
  if (halves === undefined) throw new MailboxError('invalid-name', 'this is not a mail address');
  const { local, domain } = halves;
  if (Buffer.byteLength(local) > MAX_LOCAL_BYTES) {
    throw new MailboxError(
      'invalid-name',
      `the part before the @ can have at most ${MAX_LOCAL_BYTES} octets`,
    );
  }
  if (local.startsWith('.') || local.endsWith('.') || local.includes('..')) {
    throw new MailboxError('invalid-name', 'dots stand between other characters before the @');
  }
  if (local === '*')
    throw new MailboxError('invalid-name', '*@ means a whole domain, which an alias can be, and no account');
  if (!isHostName(domain)) throw new MailboxError('invalid-name', 'the part after the @ is not a domain');
  return `${local}@${domain}`;
}

/** In their canonical form; undefined when it cannot be the name of an account. A bare name gets the default domain. */
export function splitAddress(raw: string, defaultDomain: string): Halves | undefined {
  if (raw.length > MAX_ADDRESS_BYTES) return undefined;
  const at = raw.lastIndexOf('@');
  const local = unquoted(at < 0 ? raw : raw.slice(0, at))
    .normalize('NFC')
    .toLowerCase()
    .normalize('NFC');
  const domain = canonicalDomain(at < 0 ? defaultDomain : raw.slice(at + 1));
  if (local === '' || domain === '') return undefined;
  if (!isPlain(local) || !isPlain(domain)) return undefined;
  if (Buffer.byteLength(domain) > MAX_DOMAIN_BYTES) return undefined;
  if (Buffer.byteLength(local) + Buffer.byteLength(domain) >= MAX_ADDRESS_BYTES) return undefined;
  return { local, domain };
}

/** The canonical form of a domain that is to have mail here; throws MailboxError `invalid-name`. */
export function newDomainName(raw: string): string {
  const name = canonicalDomain(raw);
  const isDomain = isPlain(name) && isHostName(name) && Buffer.byteLength(name) <= MAX_DOMAIN_BYTES;
  if (!isDomain) throw new MailboxError('invalid-name', 'this is not a domain, such as example.com');
  return name;
}

/** Letters, digits, and hyphens inside (RFC 1123 §2.1), here in whatever script and there as the DNS has them. */
const LABEL = /^[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}-]*[\p{L}\p{N}\p{M}])?$/u;
const DNS_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

function isHostName(domain: string): boolean {
  if (!domain.split('.').every((label) => LABEL.test(label))) return false;
  // A machine's address is no name, in whatever spelling: 127.1, 0x7f000001.
  const ascii = domainToASCII(domain);
  return isIP(ascii) === 0 && ascii.split('.').every((label) => DNS_LABEL.test(label));
}

export function canonicalDomain(raw: string): string {
  const lower = raw.normalize('NFC').toLowerCase().normalize('NFC');
  const rooted = lower.endsWith('.') ? lower.slice(0, -1) : lower;
  if (!rooted.includes('xn--')) return rooted;
  return domainToUnicode(rooted).normalize('NFC') || rooted;
}

/** `"alice"@example.com` means alice (RFC 5321 §4.1.2: quote only what needs it); names that need it are not accounts. */
function unquoted(local: string): string {
  const isQuoted = local.length > 2 && local.startsWith('"') && local.endsWith('"');
  return isQuoted ? local.slice(1, -1) : local;
}

/** No space, control or invisible character, no second @ and nothing that mail syntax gives a meaning. */
function isPlain(text: string): boolean {
  return !/[\s"(),:;<>@[\\\]\p{C}]/u.test(text);
}
