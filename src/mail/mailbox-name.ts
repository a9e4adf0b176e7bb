/**
 * Mailbox names as this server keeps them: UTF-8 as a JavaScript string in NFC, segments joined by `/`.
 *
 * Promises: two spellings of one name (INBOX in any case, a trailing or leading delimiter, decomposed accents) give
 * the same string, so equality of names is `===`. Patterns of LIST are matched in time proportional to pattern times
 * name, never more. Leaves to others: modified UTF-7, quoting, namespaces, whether a mailbox exists.
 */

export const DELIMITER = '/';

/** A single directory entry of an exported Maildir holds at most this. */
export const MAX_SEGMENT_BYTES = 255;
export const MAX_NAME_BYTES = 1000;
/** Deeper trees only serve to make LIST and RENAME expensive. */
export const MAX_DEPTH = 32;
/** A pattern longer than any name with a wildcard beside every octet can match nothing more. */
export const MAX_PATTERN_LENGTH = 4096;

/** Where the mailboxes of others are that they share, each below its owner's address: `Other Users/anna@example.org/INBOX`. */
export const OTHER_USERS = 'Other Users';

/** Whether the name is that of a mailbox of somebody else, or above some. */
export function isOfOthers(name: string): boolean {
  return name === OTHER_USERS || name.startsWith(OTHER_USERS + DELIMITER);
}

/** What others call a mailbox of the owner of this address. */
export function nameAtOwner(address: string, name: string): string {
  return [OTHER_USERS, address, name].join(DELIMITER);
}

export class MailboxNameError extends Error {
  override readonly name = 'MailboxNameError';
}

/**
 * The canonical form of a name that a client sent. One trailing delimiter is dropped (Thunderbird appends it, and
 * CREATE uses it to announce children, RFC 9051 §6.3.4); one leading delimiter too (Apple Mail with path prefix `/`).
 */
export function normalizeMailboxName(utf8: string): string {
  // NFC never makes a string longer than three times; refuse before paying for it.
  if (utf8.length > 4 * MAX_NAME_BYTES) throw new MailboxNameError('Mailbox name is too long');
  let name = isAscii(utf8) ? utf8 : wellFormed(utf8).normalize('NFC');
  if (name.endsWith(DELIMITER)) name = name.slice(0, -1);
  if (name.startsWith(DELIMITER)) name = name.slice(1);
  checkShape(name);
  return foldInbox(name);
}

/** What an existing name may hold but a new one may not: it could never be listed by its own name. */
export function checkNewMailboxName(name: string): void {
  if (name.includes('*') || name.includes('%')) {
    throw new MailboxNameError('Mailbox name must not contain the wildcards * and %');
  }
  if (isOfOthers(name)) throw new MailboxNameError(`"${OTHER_USERS}" is where the mailboxes of others are`);
}

/** `a/b/c` -> `a/b`; undefined at the top. */
export function parentName(name: string): string | undefined {
  const at = name.lastIndexOf(DELIMITER);
  return at < 0 ? undefined : name.slice(0, at);
}

/** All proper ancestors, the topmost first: `a/b/c` -> `a`, `a/b`. */
export function ancestors(name: string): string[] {
  const out: string[] = [];
  for (let at = name.indexOf(DELIMITER); at >= 0; at = name.indexOf(DELIMITER, at + 1))
    out.push(name.slice(0, at));
  return out;
}

/** True when `name` lies anywhere below `parent`. */
export function isChildOf(name: string, parent: string): boolean {
  return name.length > parent.length && name.charCodeAt(parent.length) === 0x2f && name.startsWith(parent);
}

export function lastSegment(name: string): string {
  return name.slice(name.lastIndexOf(DELIMITER) + 1);
}

/**
 * Whether a LIST pattern matches a canonical name: `*` any octets, `%` any octets but the delimiter (RFC 9051
 * §6.3.9). INBOX in the pattern is INBOX in any case when it is the whole first segment. The classic two-pointer
 * matcher backtracks to the last `*` or `%`; with two kinds of wildcards it can be driven to exponential time, so
 * this one carries the set of reachable pattern positions instead: pattern length times name length at worst.
 */
export function matchesPattern(pattern: string, name: string): boolean {
  if (pattern.length > MAX_PATTERN_LENGTH) return false;
  const wanted = foldInbox(isAscii(pattern) ? pattern : wellFormed(pattern).normalize('NFC'));
  if (wanted === '*') return true;
  const literal = wildcardAt(wanted, 0);
  if (literal === wanted.length) return wanted === name;
  if (!name.startsWith(wanted.slice(0, literal))) return false;
  const rest = collapseWildcards(wanted.slice(literal));
  // Every octet that is no wildcard needs one of its own, so the loop below is at most 2 * name * name.
  if (literalCount(rest) > name.length - literal) return false;
  return matchFrom(rest, name, literal);
}

/** `reach[p]` is 1 when pattern[0..p) can match what has been read of the name. */
function matchFrom(pattern: string, name: string, start: number): boolean {
  let reach = new Uint8Array(pattern.length + 1);
  let next = new Uint8Array(pattern.length + 1);
  reach[0] = 1;
  skipWildcards(pattern, reach);
  for (let n = start; n < name.length; n++) {
    const c = name.charCodeAt(n);
    next.fill(0);
    let alive = false;
    for (let p = 0; p < pattern.length; p++) {
      if (reach[p] === 0) continue;
      const q = pattern.charCodeAt(p);
      if (q === STAR || (q === PERCENT && c !== SLASH)) next[p] = 1;
      else if (q === c && q !== PERCENT) next[p + 1] = 1;
      else continue;
      alive = true;
    }
    if (!alive) return false;
    skipWildcards(pattern, next);
    [reach, next] = [next, reach];
  }
  return reach[pattern.length] === 1;
}

const STAR = 0x2a;
const PERCENT = 0x25;
const SLASH = 0x2f;

/** A wildcard may match nothing: what is reachable before it is reachable after it. */
function skipWildcards(pattern: string, reach: Uint8Array): void {
  for (let p = 0; p < pattern.length; p++) {
    if (reach[p] === 0) continue;
    const q = pattern.charCodeAt(p);
    if (q === STAR || q === PERCENT) reach[p + 1] = 1;
  }
}

function literalCount(pattern: string): number {
  let count = 0;
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern.charCodeAt(i);
    if (c !== STAR && c !== PERCENT) count++;
  }
  return count;
}

function wildcardAt(pattern: string, from: number): number {
  for (let i = from; i < pattern.length; i++) {
    const c = pattern.charCodeAt(i);
    if (c === STAR || c === PERCENT) return i;
  }
  return pattern.length;
}

/** A run of wildcards matches what its strongest member matches. */
function collapseWildcards(pattern: string): string {
  let out = '';
  for (let i = 0; i < pattern.length; ) {
    let c = pattern.charCodeAt(i);
    if (c !== STAR && c !== PERCENT) {
      out += pattern.charAt(i++);
      continue;
    }
    for (i++; i < pattern.length; i++) {
      const d = pattern.charCodeAt(i);
      if (d === STAR) c = STAR;
      else if (d !== PERCENT) break;
    }
    out += String.fromCharCode(c);
  }
  return out;
}

/** RFC 9051 §5.1: INBOX is special in any case; its children hang below the one canonical spelling. */
function foldInbox(name: string): string {
  if (name.length < 5) return name;
  const c = name.charCodeAt(0);
  if (c !== 0x49 && c !== 0x69) return name;
  if (name.length > 5 && name.charCodeAt(5) !== SLASH) return name;
  return name.slice(0, 5).toUpperCase() === 'INBOX' ? `INBOX${name.slice(5)}` : name;
}

function checkShape(name: string): void {
  if (name === '') throw new MailboxNameError('Mailbox name is empty');
  const segments = name.split(DELIMITER);
  if (segments.length > MAX_DEPTH)
    throw new MailboxNameError(`Mailbox name has more than ${MAX_DEPTH} levels`);
  let total = segments.length - 1;
  for (const segment of segments) {
    if (segment === '') throw new MailboxNameError('Mailbox name has an empty level');
    const sizeBytes = Buffer.byteLength(segment);
    if (sizeBytes > MAX_SEGMENT_BYTES) {
      throw new MailboxNameError(`A level of the mailbox name is longer than ${MAX_SEGMENT_BYTES} bytes`);
    }
    total += sizeBytes;
  }
  if (total > MAX_NAME_BYTES)
    throw new MailboxNameError(`Mailbox name is longer than ${MAX_NAME_BYTES} bytes`);
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i);
    // C0, DEL and C1, as in RFC 5198 §2 and RFC 9051 §5.1; line and paragraph separators break every listing.
    if (c < 0x20 || (c >= 0x7f && c <= 0x9f) || c === 0x2028 || c === 0x2029) {
      throw new MailboxNameError('Mailbox name contains a control character');
    }
  }
}

function wellFormed(text: string): string {
  if (!text.isWellFormed()) throw new MailboxNameError('Mailbox name is not valid Unicode');
  return text;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) return false;
  }
  return true;
}
