/**
 * Flags and keywords by name: the system flags as bits, keywords as atoms.
 *
 * Promises: a system flag is known in any letter case and written in one canonical spelling; a keyword is judged by
 * the grammar of RFC 9051 §9 (`flag-keyword = "$MDNSent" / ... / atom`) and compared without ASCII case (RFC 9051
 * §2.3.2). Leaves to others: how many keywords a mailbox may have, which flags are permanent, `\Recent` (a fact of a
 * session, never stored, so it is no bit here). The bits are stored on disk: a value never changes its meaning.
 */

/** RFC 9051 §2.3.2; the values are part of the stored format. */
export const FLAG = { Seen: 1, Answered: 2, Flagged: 4, Deleted: 8, Draft: 16 } as const;

export type SystemFlagName = '\\Seen' | '\\Answered' | '\\Flagged' | '\\Deleted' | '\\Draft';

/** Canonical spelling, in the order in which flag lists are written. */
export const SYSTEM_FLAG_NAMES: readonly SystemFlagName[] = Object.freeze([
  '\\Answered',
  '\\Flagged',
  '\\Deleted',
  '\\Seen',
  '\\Draft',
]);

/** The bit behind each name of `SYSTEM_FLAG_NAMES`, at the same index. */
export const SYSTEM_FLAG_BITS: readonly number[] = Object.freeze([
  FLAG.Answered,
  FLAG.Flagged,
  FLAG.Deleted,
  FLAG.Seen,
  FLAG.Draft,
]);

export const ALL_SYSTEM_FLAGS = FLAG.Seen | FLAG.Answered | FLAG.Flagged | FLAG.Deleted | FLAG.Draft;

const BIT_BY_FOLDED_NAME: ReadonlyMap<string, number> = new Map(
  SYSTEM_FLAG_NAMES.map((name, i) => [name.toLowerCase(), SYSTEM_FLAG_BITS[i] as number]),
);

/**
 * Keywords with a registered spelling: RFC 9051 §2.3.2, RFC 5788 and its registry, RFC 8457 ($Important). A client
 * that writes `$forwarded` gets the spelling that every other client looks for.
 */
export const CANONICAL_KEYWORDS: readonly string[] = Object.freeze([
  '$Forwarded',
  '$MDNSent',
  '$Junk',
  '$NotJunk',
  '$Phishing',
  '$Important',
  '$SubmitPending',
  '$Submitted',
]);

const KEYWORD_BY_FOLDED_NAME: ReadonlyMap<string, string> = new Map(
  CANONICAL_KEYWORDS.map((name) => [name.toLowerCase(), name]),
);

/** Longer keywords are refused: each is kept once per mailbox and sent in every FLAGS response. */
export const MAX_KEYWORD_LENGTH = 128;

/** The bit of `\Seen` and its like in any letter case; undefined for `\Recent`, extensions and keywords. */
export function parseSystemFlag(name: string): number | undefined {
  if (name.length > 9 || name.charCodeAt(0) !== 0x5c) return undefined;
  return BIT_BY_FOLDED_NAME.get(foldKeyword(name));
}

/** The names of the bits that are set, in canonical order. */
export function systemFlagNames(bits: number): SystemFlagName[] {
  return SYSTEM_FLAG_NAMES.filter((_, i) => (bits & (SYSTEM_FLAG_BITS[i] as number)) !== 0);
}

/** True for a valid `flag-keyword`: an atom (RFC 9051 §9), hence ASCII and without backslash. */
export function isKeyword(name: string): boolean {
  if (name.length === 0 || name.length > MAX_KEYWORD_LENGTH) return false;
  for (let i = 0; i < name.length; i++) {
    if (!isAtomChar(name.charCodeAt(i))) return false;
  }
  return true;
}

/** The form in which two keywords are compared: ASCII letters in lower case, all else as it is. */
export function foldKeyword(name: string): string {
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i);
    if (c >= 0x41 && c <= 0x5a) return foldFrom(name, i);
  }
  return name;
}

/** The registered spelling of a known keyword, or the keyword as the client wrote it. */
export function canonicalKeyword(name: string): string {
  return KEYWORD_BY_FOLDED_NAME.get(foldKeyword(name)) ?? name;
}

function foldFrom(name: string, start: number): string {
  let out = name.slice(0, start);
  for (let i = start; i < name.length; i++) {
    const c = name.charCodeAt(i);
    out += c >= 0x41 && c <= 0x5a ? String.fromCharCode(c | 0x20) : name.charAt(i);
  }
  return out;
}

/** RFC 9051 §9: CHAR except `( ) { SP CTL % * " \ ]`. */
function isAtomChar(c: number): boolean {
  if (c <= 0x20 || c >= 0x7f) return false;
  return !(
    c === 0x28 ||
    c === 0x29 ||
    c === 0x7b ||
    c === 0x25 ||
    c === 0x2a ||
    c === 0x22 ||
    c === 0x5c ||
    c === 0x5d
  );
}
