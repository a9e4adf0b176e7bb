/**
 * Mailbox names and LIST patterns as arguments: bytes to the canonical UTF-8 name, in one place, so that a client's
 * mode never reaches a command.
 *
 * Before ENABLE a name is modified UTF-7 (RFC 3501 §5.1.3); a name with 8-bit octets is UTF-8 all the same, since
 * RFC 6855 §3 tells servers to accept that and some clients do it unasked. After ENABLE every name is UTF-8 as it
 * stands and `&` is just a character.
 *
 * What is no name is refused where a mailbox is meant. As a pattern of LIST it is merely one that nothing can match.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { MailboxNameError, normalizeMailboxName } from '../../mail/mailbox-name.ts';
import { decodeModifiedUtf7 } from '../../mail/modified-utf7.ts';
import { LIST } from './chars.ts';
import type { Cursor } from './cursor.ts';
import { SyntaxFault } from './fault.ts';
import { astring, maybeString, nonEmptyList, sp } from './grammar.ts';

const OPEN = 0x28;

export function mailbox(c: Cursor): string {
  return canonical(nameText(astring(c, 'a mailbox name'), c.isUtf8));
}

/** A name, and how the client wrote it: an answer may have to say both (RFC 9051 §6.3.9.7). */
export interface SuppliedName {
  readonly name: string;
  readonly supplied: string;
}

/** `SP mailbox`. */
export function spSuppliedMailbox(c: Cursor): SuppliedName {
  sp(c);
  return suppliedMailbox(c);
}

export function suppliedMailbox(c: Cursor): SuppliedName {
  const supplied = nameText(astring(c, 'a mailbox name'), c.isUtf8);
  return { name: canonical(supplied), supplied };
}

/** `SP mailbox`, where the empty name is not a mailbox but the server (RFC 5464 §5): undefined. */
export function spServerOrMailbox(c: Cursor): string | undefined {
  sp(c);
  const supplied = nameText(astring(c, 'a mailbox name'), c.isUtf8);
  return supplied === '' ? undefined : canonical(supplied);
}

/** What LIST looks for; undefined stands for octets that are in no name, so that nothing can match them. */
export type ListText = string | undefined;

/** The reference argument of LIST and LSUB: a name that may be empty and keeps its delimiters. */
export function listReference(c: Cursor): ListText {
  return listText(astring(c, 'a reference name'), c.isUtf8);
}

/** `list-mailbox` (RFC 9051 §9) as UTF-8, wildcards and delimiters as they are. */
export function listMailbox(c: Cursor): ListText {
  const atom = c.isAt(LIST) ? Buffer.from(c.run(LIST), 'latin1') : undefined;
  return listText(atom ?? maybeString(c) ?? c.fail('a mailbox pattern'), c.isUtf8);
}

/** `mbox-or-pat` (RFC 5258 §6): one pattern, or a list of them. */
export function mailboxPatterns(c: Cursor): ListText[] {
  return c.peek() === OPEN ? nonEmptyList(c, listMailbox) : [listMailbox(c)];
}

function nameText(bytes: Buffer, isUtf8Mode: boolean): string {
  const text = listText(bytes, isUtf8Mode);
  if (text === undefined) throw cannot('Mailbox name is not valid modified UTF-7 or UTF-8');
  return text;
}

function listText(bytes: Buffer, isUtf8Mode: boolean): ListText {
  if (!isUtf8Mode && isAscii(bytes)) return decodeModifiedUtf7(bytes.toString('latin1'));
  if (isUtf8(bytes)) return bytes.toString('utf8');
  // RFC 6855 §3: for a client that has enabled UTF-8 this is no string at all.
  if (isUtf8Mode) throw new SyntaxFault('A string is not valid UTF-8');
  return undefined;
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
