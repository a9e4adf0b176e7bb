/**
 * One command as it came off the stream: runs of text with the literals between them. The line end is gone, and so
 * are the literal announcements: where a text part ends and is not the last, a literal stands.
 *
 * Promises: parts[0] is always text; text and literals alternate strictly, so two literals have a (perhaps empty)
 * text between them. Leaves all judgement of syntax to the cursor, but for the tag and the command's name, which are
 * wanted before the command can be parsed: for the literal policy and to answer a broken command with its tag.
 */
import { SP } from '../../base/bytes.ts';
import { isTagByte } from './chars.ts';

/** A literal small enough to be kept in memory. */
export interface BufferedLiteral {
  readonly kind: 'buffered';
  readonly bytes: Buffer;
  /** `~{n}`: may hold NUL (RFC 3516 §4.4, RFC 9051 §9 `literal8`). */
  readonly isBinary: boolean;
}

/** A literal whose body was handed out as it came; whoever took it knows it by this object. */
export interface StreamedLiteral {
  readonly kind: 'streamed';
  readonly sizeBytes: number;
  readonly isBinary: boolean;
  /** 0-based position among all literals of its command. */
  readonly index: number;
}

export type FrameLiteral = BufferedLiteral | StreamedLiteral;
export type FramePart = Buffer | FrameLiteral;

export interface Frame {
  readonly parts: readonly FramePart[];
  /** Undefined when what stands there is no tag; then only an untagged answer is possible. */
  readonly tag: string | undefined;
  /** In capitals; `UID FETCH` and its like with one space; '' when there is none. */
  readonly name: string;
  /** Offset in parts[0] just behind the name. */
  readonly argumentsAt: number;
}

/** Longer tags would only be echoed at length into every answer. */
const MAX_TAG_LENGTH = 256;
/** No command's name comes near. */
const MAX_NAME_LENGTH = 64;

export interface CommandHead {
  readonly tag: string | undefined;
  readonly name: string;
  readonly argumentsAt: number;
}

/** Tag and name of a command from its first text, which may still be growing. */
export function commandHead(text: Buffer): CommandHead {
  const tagEnd = tokenEnd(text, 0);
  const tag = readTag(text, tagEnd);
  if (text[tagEnd] !== SP) return { tag, name: '', argumentsAt: tagEnd };
  const nameEnd = tokenEnd(text, tagEnd + 1);
  const name = readName(text, tagEnd + 1, nameEnd);
  if (name !== 'UID' || text[nameEnd] !== SP) return { tag, name, argumentsAt: nameEnd };
  const secondEnd = tokenEnd(text, nameEnd + 1);
  return { tag, name: `UID ${readName(text, nameEnd + 1, secondEnd)}`, argumentsAt: secondEnd };
}

export function frameOf(parts: readonly FramePart[]): Frame {
  return { parts, ...commandHead(parts[0] as Buffer) };
}

function tokenEnd(text: Buffer, from: number): number {
  const at = text.indexOf(SP, from);
  return at < 0 ? text.length : at;
}

function readTag(text: Buffer, end: number): string | undefined {
  if (end === 0 || end > MAX_TAG_LENGTH) return undefined;
  for (let i = 0; i < end; i++) {
    if (!isTagByte(text[i] as number)) return undefined;
  }
  return text.toString('latin1', 0, end);
}

function readName(text: Buffer, start: number, end: number): string {
  if (end - start > MAX_NAME_LENGTH) return '';
  return text.toString('latin1', start, end).toUpperCase();
}
