/**
 * The arguments of APPEND (RFC 9051 §6.3.12, RFC 3502 MULTIAPPEND, RFC 4469 CATENATE, RFC 6855 §4 UTF8) and the message
 * data of REPLACE, which is one of its messages.
 *
 * Message bytes are literals, mostly streamed ones: the result names them, whoever took the stream knows the object.
 */
import { type Cursor, END, LITERAL } from './cursor.ts';
import { type DateTime, maybeDateTime } from './date.ts';
import { type FlagSet, maybeFlagList } from './flag.ts';
import type { FrameLiteral } from './frame.ts';
import { astring, isTrailingSpace, keyword, nonEmptyList, sp } from './grammar.ts';
import { mailbox } from './mailbox.ts';

export type CatenatePart =
  | { readonly kind: 'text'; readonly literal: FrameLiteral }
  | { readonly kind: 'url'; readonly url: string };

export type AppendData =
  | { readonly kind: 'literal'; readonly literal: FrameLiteral }
  /** `UTF8 (~{n}...)`: the headers are UTF-8. */
  | { readonly kind: 'utf8'; readonly literal: FrameLiteral }
  | { readonly kind: 'catenate'; readonly parts: readonly CatenatePart[] };

export interface AppendMessage {
  readonly flags: FlagSet;
  /** Undefined: the moment of arrival. */
  readonly dateTime: DateTime | undefined;
  readonly data: AppendData;
}

export interface AppendArgs {
  readonly mailbox: string;
  /** More than one only by MULTIAPPEND. */
  readonly messages: readonly AppendMessage[];
}

const OPEN = 0x28;
const CLOSE = 0x29;
const NO_FLAGS: FlagSet = Object.freeze({ bits: 0, keywords: Object.freeze([]) });

/** From the space behind APPEND on. */
export function appendArgs(c: Cursor): AppendArgs {
  sp(c);
  const name = mailbox(c);
  const messages: AppendMessage[] = [];
  do messages.push(appendMessage(c));
  while (c.peek() !== END && !isTrailingSpace(c));
  return { mailbox: name, messages };
}

/** `[SP flag-list] [SP date-time] SP append-data`. */
export function appendMessage(c: Cursor): AppendMessage {
  sp(c);
  const flags = maybeFlagList(c);
  if (flags !== undefined) sp(c);
  const dateTime = maybeDateTime(c);
  if (dateTime !== undefined) sp(c);
  return { flags: flags ?? NO_FLAGS, dateTime, data: appendData(c) };
}

function appendData(c: Cursor): AppendData {
  if (c.peek() === LITERAL) return { kind: 'literal', literal: messageLiteral(c) };
  if (c.maybeWord('UTF8')) {
    sp(c);
    return { kind: 'utf8', literal: utf8Literal(c) };
  }
  if (!c.maybeWord('CATENATE')) c.fail('a literal with the message');
  sp(c);
  return { kind: 'catenate', parts: nonEmptyList(c, catenatePart) };
}

function utf8Literal(c: Cursor): FrameLiteral {
  c.expectByte(OPEN, '(');
  const literal = messageLiteral(c);
  c.expectByte(CLOSE, ')');
  return literal;
}

function catenatePart(c: Cursor): CatenatePart {
  if (c.maybeWord('URL')) {
    sp(c);
    return { kind: 'url', url: astring(c, 'a URL').toString('latin1') };
  }
  keyword(c, 'TEXT');
  sp(c);
  return { kind: 'text', literal: messageLiteral(c) };
}

function messageLiteral(c: Cursor): FrameLiteral {
  return c.maybeLiteral() ?? c.fail('a literal with the message');
}
