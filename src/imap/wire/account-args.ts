/**
 * Arguments of the small commands around mail: CREATE's USE (RFC 6154 §3), ID (RFC 2971 §3.1), ENABLE (RFC 5161 §3.1),
 * SETQUOTA (RFC 9208 §4.1.3). Each function begins at the space before its argument.
 */
import type { Cursor } from './cursor.ts';
import { SyntaxFault } from './fault.ts';
import { atom, isTrailingSpace, list, nstring, number64, sp, string } from './grammar.ts';

const SP = 0x20;
const BACKSLASH = 0x5c;
const OPEN = 0x28;
const CLOSE = 0x29;
/** RFC 2971 §3.3. */
const MAX_ID_PAIRS = 30;
const MAX_ID_FIELD_BYTES = 30;
const MAX_ID_VALUE_BYTES = 1024;
/** No client has so many words to enable. */
const MAX_CAPABILITIES = 100;

/** `SP "(" [use-attr *(SP use-attr)] ")"`, each attribute with its backslash as the client wrote it. */
export function specialUse(c: Cursor): string[] {
  sp(c);
  return list(c, () => {
    c.expectByte(BACKSLASH, 'a special-use attribute');
    return `\\${atom(c)}`;
  });
}

/**
 * `SP id-params-list`: NIL and () say the same, and both occur. Names are compared in lower case; a pair that is longer
 * than the RFC allows or has no value is read and left out, since an ID is no reason to fail a session.
 */
export function idParams(c: Cursor): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  sp(c);
  if (c.maybeWord('NIL')) return pairs;
  c.expectByte(OPEN, 'NIL or (');
  for (let count = 0; !c.maybeByte(CLOSE); count++) {
    if (count === MAX_ID_PAIRS) throw new SyntaxFault(`ID takes at most ${MAX_ID_PAIRS} pairs`);
    if (count > 0) sp(c);
    const field = string(c);
    sp(c);
    const value = nstring(c);
    if (value === undefined || field.length > MAX_ID_FIELD_BYTES || value.length > MAX_ID_VALUE_BYTES)
      continue;
    pairs.set(field.toString('latin1').toLowerCase(), value.toString('utf8'));
  }
  return pairs;
}

/** `1*(SP capability)`, in capitals. */
export function enableList(c: Cursor): string[] {
  const names: string[] = [];
  do {
    if (names.length === MAX_CAPABILITIES) throw new SyntaxFault('Too many capabilities');
    sp(c);
    names.push(atom(c).toUpperCase());
  } while (c.peek() === SP && !isTrailingSpace(c));
  return names;
}

export interface QuotaLimit {
  /** In capitals: STORAGE (in units of 1024 octets), MESSAGE, MAILBOX, ANNOTATION-STORAGE. */
  readonly resource: string;
  readonly limit: number;
}

/** `SP setquota-list`. */
export function quotaLimits(c: Cursor): QuotaLimit[] {
  sp(c);
  return list(c, () => {
    const resource = atom(c).toUpperCase();
    sp(c);
    return { resource, limit: number64(c) };
  });
}
