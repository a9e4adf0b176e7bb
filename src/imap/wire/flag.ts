/**
 * Flags as arguments (RFC 9051 §9 `flag`, `flag-list`, `store-att-flags`): system flags become bits, keywords stay
 * atoms in their registered spelling, each once.
 *
 * `\Recent` is dropped where a client may not set it (RFC 3501 §2.3.2): several uploaders copy it from the source
 * server into APPEND, and refusing would lose the mail. Any other unknown `\flag` is refused.
 */
import { canonicalKeyword, foldKeyword, isKeyword, parseSystemFlag } from '../../mail/flags.ts';
import { ATOM } from './chars.ts';
import type { Cursor } from './cursor.ts';
import { SyntaxFault } from './fault.ts';
import { atom, isTrailingSpace, list, maybeSp } from './grammar.ts';

export interface FlagSet {
  /** FLAG bits of `mail/flags.ts`. */
  readonly bits: number;
  readonly keywords: readonly string[];
}

export type Flag =
  | { readonly kind: 'system'; readonly bit: number }
  | { readonly kind: 'keyword'; readonly name: string }
  | { readonly kind: 'recent' };

const BACKSLASH = 0x5c;
/** More would only make every later FETCH of the mailbox longer. */
const MAX_FLAGS = 100;

export function flag(c: Cursor): Flag {
  return maybeFlag(c) ?? c.fail('a flag');
}

export function maybeFlag(c: Cursor): Flag | undefined {
  if (c.peek() === BACKSLASH) {
    c.skip();
    const name = `\\${atom(c)}`;
    const bit = parseSystemFlag(name);
    if (bit !== undefined) return { kind: 'system', bit };
    if (name.toLowerCase() === '\\recent') return { kind: 'recent' };
    throw new SyntaxFault('Unknown system flag');
  }
  return c.isAt(ATOM) ? { kind: 'keyword', name: flagKeyword(c) } : undefined;
}

/** `flag-keyword` in its registered spelling. */
export function flagKeyword(c: Cursor): string {
  const name = atom(c);
  if (!isKeyword(name))
    throw new SyntaxFault('Keyword is too long', { status: 'NO', code: { code: 'LIMIT' } });
  return canonicalKeyword(name);
}

export function flagList(c: Cursor): FlagSet {
  return flagSet(list(c, flag));
}

export function maybeFlagList(c: Cursor): FlagSet | undefined {
  return c.peek() === 0x28 ? flagList(c) : undefined;
}

/** `flag-list / (flag *(SP flag))`, the forms of STORE. */
export function storeFlags(c: Cursor): FlagSet {
  const listed = maybeFlagList(c);
  if (listed !== undefined) return listed;
  const flags = [flag(c)];
  while (!isTrailingSpace(c) && maybeSp(c)) flags.push(flag(c));
  return flagSet(flags);
}

function flagSet(flags: readonly Flag[]): FlagSet {
  if (flags.length > MAX_FLAGS) throw new SyntaxFault('Too many flags', { code: { code: 'LIMIT' } });
  let bits = 0;
  const keywords = new Map<string, string>();
  for (const each of flags) {
    if (each.kind === 'system') bits |= each.bit;
    else if (each.kind === 'keyword' && !keywords.has(foldKeyword(each.name))) {
      keywords.set(foldKeyword(each.name), each.name);
    }
  }
  return { bits, keywords: [...keywords.values()] };
}
