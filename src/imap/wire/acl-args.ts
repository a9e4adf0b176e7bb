/** The arguments of SETACL, DELETEACL and LISTRIGHTS (RFC 4314 §3, §7). Each function begins at the space before its argument. */
import { isUtf8 } from 'node:buffer';
import type { Cursor } from './cursor.ts';
import { SyntaxFault } from './fault.ts';
import { astring, sp } from './grammar.ts';

const MAX_IDENTIFIER_BYTES = 400;
/** Each right once, the virtual ones among them, and some to spare. */
const MAX_RIGHTS = 50;

/** `SP identifier`: prepared as names are that sign in, in NFC; a control character or nothing is refused. */
export function spIdentifier(c: Cursor): string {
  sp(c);
  const octets = astring(c, 'an identifier');
  const text = octets.toString('utf8').normalize('NFC');
  if (octets.length > MAX_IDENTIFIER_BYTES) throw new SyntaxFault('The identifier is too long');
  if (text === '' || text === '-' || !isUtf8(octets) || /[\p{C}\p{Z}]/u.test(text))
    throw new SyntaxFault('This is no identifier');
  return text;
}

export interface RightsText {
  readonly mode: 'replace' | 'add' | 'remove';
  readonly letters: string;
}

/** `SP mod-rights`. Which letters are rights is not known here. */
export function spModRights(c: Cursor): RightsText {
  sp(c);
  const text = astring(c, 'rights').toString('latin1');
  const [, sign = '', letters = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (letters.length > MAX_RIGHTS) throw new SyntaxFault('Too many rights');
  if (/[A-Z]/.test(letters)) throw new SyntaxFault('Uppercase rights are not allowed');
  if (!/^[a-z0-9]*$/.test(letters)) throw new SyntaxFault('Rights are letters');
  return { mode: sign === '+' ? 'add' : sign === '-' ? 'remove' : 'replace', letters };
}
