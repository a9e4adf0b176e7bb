/**
 * Literals before their body: the announcement at the end of a line, what a policy is told about it, and which
 * literal of an APPEND is the message.
 *
 * The form is read from the end of the line alone: `{` may stand in no other token of a command but a quoted string,
 * and a quoted string that ends a line ends in a quote.
 */

import type { SyntaxFault } from './fault.ts';
import type { FramePart } from './frame.ts';

/** Digits of 2^63; a longer run is no size that anybody could send. */
const MAX_SIZE_DIGITS = 20;
/** `~{`, the digits, `+}` and a CR: as much of a dropped line as must be kept to see its announcement. */
export const ANNOUNCEMENT_BYTES = MAX_SIZE_DIGITS + 5;

export interface LiteralForm {
  /** Infinity when the number is beyond what can be counted. */
  readonly sizeBytes: number;
  readonly isSync: boolean;
  readonly isBinary: boolean;
  /** Where the text before the announcement ends. */
  readonly textEnd: number;
}

/** A literal about to be sent, and all of its command that has been read so far. */
export interface LiteralAnnouncement {
  readonly tag: string | undefined;
  readonly name: string;
  readonly argumentsAt: number;
  /** Ends with the text right before this literal. */
  readonly parts: readonly FramePart[];
  /** 0-based, among the literals of this command. */
  readonly index: number;
  readonly sizeBytes: number;
  readonly isSync: boolean;
  readonly isBinary: boolean;
  readonly progress: CommandProgress;
}

/**
 * What one command has come to so far. It grows with the command and looks at each part once, so that a MULTIAPPEND of
 * thousands of messages costs a look each, not a look at all before it.
 */
export class CommandProgress {
  /** Sum and number of the literals that were streamed before this one. */
  streamedBytes = 0;
  streamedCount = 0;
  #looked = 0;
  #scan: TextScan = { depth: 0, tokens: 0, word: '', opener: '' };

  get hasBegun(): boolean {
    return this.#looked > 0 || this.streamedCount > 0;
  }

  /** Where the arguments stand at the end of `parts`, the first of which begins with the tag and the name. */
  scan(parts: readonly FramePart[], argumentsAt: number): Readonly<TextScan> {
    for (; this.#looked < parts.length; this.#looked++) {
      const part = parts[this.#looked] as FramePart;
      if (Buffer.isBuffer(part)) scanText(part, this.#looked === 0 ? argumentsAt : 0, this.#scan);
      else {
        if (this.#scan.depth === 0) this.#scan.tokens++;
        this.#scan.word = '';
      }
    }
    return this.#scan;
  }
}

/**
 * `buffer` keeps it in memory within the framer's limit, `stream` hands it out as it comes; refusing drops the
 * command, and the body too when it comes unasked.
 */
export type LiteralDecision = 'buffer' | 'stream' | { readonly refuse: SyntaxFault };
export type LiteralPolicy = (announcement: LiteralAnnouncement) => LiteralDecision;

/** `["~"] "{" number ["+"] "}"` at the end of `line`, which has lost its CRLF (RFC 9051 §9 `literal`, `literal8`). */
export function announcedLiteral(line: Buffer): LiteralForm | undefined {
  let at = line.length - 1;
  if (line[at] !== 0x7d) return undefined;
  at--;
  const isSync = line[at] !== 0x2b;
  if (!isSync) at--;
  const digitsEnd = at + 1;
  while (at >= 0 && digitsEnd - at <= MAX_SIZE_DIGITS && isDigit(line[at] as number)) at--;
  if (at + 1 === digitsEnd || line[at] !== 0x7b) return undefined;
  const size = Number(line.toString('latin1', at + 1, digitsEnd));
  const isBinary = line[at - 1] === 0x7e;
  return {
    sizeBytes: Number.isSafeInteger(size) ? size : Number.POSITIVE_INFINITY,
    isSync,
    isBinary,
    textEnd: isBinary ? at - 1 : at,
  };
}

/**
 * Whether this literal is a message (or a part of one) rather than a name or an option. `operands` is the number of
 * arguments before the message data: 1 for APPEND (the mailbox), 2 for REPLACE (message number and mailbox).
 *
 * Outside parentheses everything behind the operands is message data (RFC 9051 §6.3.12, RFC 3502 §6); inside, only
 * what follows `TEXT` (RFC 4469 §5 CATENATE) or stands in `UTF8 (...)` (RFC 6855 §4).
 */
export function isMessageLiteral(announcement: LiteralAnnouncement, operands: number): boolean {
  const { progress, parts, argumentsAt } = announcement;
  const { depth, tokens, word, opener } = progress.scan(parts, argumentsAt);
  if (depth === 0) return tokens >= operands;
  return word === 'TEXT' || (word === '' && opener === 'UTF8');
}

interface TextScan {
  /** Open parentheses. */
  depth: number;
  /** Arguments seen outside parentheses; a list counts when it closes. */
  tokens: number;
  /** The last atom, in capitals, when nothing but a space follows it. */
  word: string;
  /** The atom before the innermost open parenthesis. */
  opener: string;
}

function scanText(text: Buffer, from: number, scan: TextScan): void {
  for (let i = from; i < text.length; ) {
    const byte = text[i] as number;
    if (byte === 0x20) {
      i++;
    } else if (byte === 0x28) {
      scan.opener = scan.word;
      scan.word = '';
      scan.depth++;
      i++;
    } else if (byte === 0x29) {
      scan.depth = Math.max(0, scan.depth - 1);
      scan.opener = '';
      scan.word = '';
      if (scan.depth === 0) scan.tokens++;
      i++;
    } else {
      const end = byte === 0x22 ? quotedEnd(text, i + 1) : atomEnd(text, i);
      scan.word = byte === 0x22 ? '' : text.toString('latin1', i, Math.min(end, i + 32)).toUpperCase();
      if (scan.depth === 0) scan.tokens++;
      i = end;
    }
  }
}

function quotedEnd(text: Buffer, from: number): number {
  for (let i = from; i < text.length; i++) {
    if (text[i] === 0x5c) i++;
    else if (text[i] === 0x22) return i + 1;
  }
  return text.length;
}

function atomEnd(text: Buffer, from: number): number {
  for (let i = from + 1; i < text.length; i++) {
    const byte = text[i] as number;
    if (byte === 0x20 || byte === 0x28 || byte === 0x29 || byte === 0x22) return i;
  }
  return text.length;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
