/**
 * Mailbox names and LIST patterns as arguments: bytes to the canonical UTF-8 name, in one place, so that a client's
 * mode never reaches a command.
 *
 * Before ENABLE a name is modified UTF-7 (RFC 3501 §5.1.3); a name with 8-bit octets is UTF-8 all the same, since
 * RFC 6855 §3 tells servers to accept that and some clients do it unasked. After ENABLE every name is UTF-8 as it
 * stands and `&` is just a character.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { MailboxNameError, normalizeMailboxName } from '../../mail/mailbox-name.ts';
import { LIST } from './chars.ts';
import type { Cursor } from './cursor.ts';
import { SyntaxFault } from './fault.ts';
import { astring, maybeAstring, maybeString, nonEmptyList, sp } from './grammar.ts';
import { decodeModifiedUtf7 } from './utf7.ts';

const OPEN = 0x28;

export function mailbox(c: Cursor): string {
  return canonical(nameText(astring(c, 'a mailbox name'), c.isUtf8));
}

export function maybeMailbox(c: Cursor): string | undefined {
  const bytes = maybeAstring(c);
  return bytes === undefined ? undefined : canonical(nameText(bytes, c.isUtf8));
}

/** A name, and how the client wrote it: an answer may have to say both (RFC 9051 §6.3.9.7). */
export interface SuppliedName {
  readonly name: string;
  readonly supplied: string;
}

/** `SP mailbox`. */
export function spSuppliedMailbox(c: Cursor): SuppliedName {
  sp(c);
  const supplied = nameText(astring(c, 'a mailbox name'), c.isUtf8);
  return { name: canonical(supplied), supplied };
}

/** The reference argument of LIST and LSUB: a name that may be empty and keeps its delimiters. */
export function listReference(c: Cursor): string {
  return nameText(astring(c, 'a reference name'), c.isUtf8);
}

/** `list-mailbox` (RFC 9051 §9) as UTF-8, wildcards and delimiters as they are. */
export function listMailbox(c: Cursor): string {
  return maybeListMailbox(c) ?? c.fail('a mailbox pattern');
}

export function maybeListMailbox(c: Cursor): string | undefined {
  const bytes = c.isAt(LIST) ? Buffer.from(c.run(LIST), 'latin1') : maybeString(c);
  return bytes === undefined ? undefined : nameText(bytes, c.isUtf8);
}

/** `mbox-or-pat` (RFC 5258 §6): one pattern, or a list of them. */
export function mailboxPatterns(c: Cursor): string[] {
  return c.peek() === OPEN ? nonEmptyList(c, listMailbox) : [listMailbox(c)];
}

function nameText(bytes: Buffer, isUtf8Mode: boolean): string {
  if (isUtf8Mode || !isAscii(bytes)) {
    if (!isUtf8(bytes)) throw cannot('Mailbox name is not valid UTF-8');
    return bytes.toString('utf8');
  }
  return decodeModifiedUtf7(bytes.toString('latin1'));
}

function canonical(name: string): string {
  try {
    return normalizeMailboxName(name);
  } catch (error) {
    if (error instanceof MailboxNameError) throw cannot(error.message);
    throw error;
  }
}

/** RFC 5530 §3: the request can never be fulfilled, whatever the state. */
function cannot(message: string): SyntaxFault {
  return new SyntaxFault(message, { status: 'NO', code: { code: 'CANNOT' } });
}
