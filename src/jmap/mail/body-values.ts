/**
 * The text of a part (RFC 8621 §4.1.4 `bodyValues`): decoded, with line ends of one character, and cut where it is too long, at a character
 * and not inside a tag of HTML.
 *
 * A charset that nobody told is what the octets and, in HTML, their beginning say. Whatever cannot be decoded is U+FFFD, and said to be a
 * problem.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { TimeSlice } from '../../base/time-slice.ts';
import type { CharsetDecoder } from '../../mail/charset/decoder.ts';
import { charsetNamed } from '../../mail/charset/names.ts';
import { charsetDecoder } from '../../mail/charset.ts';
import { readMimeFields } from '../../mail/mime-fields.ts';
import { parameterOctets } from '../../mail/parameter.ts';
import { charsetInHtml } from '../../mail/preview.ts';
import { transferDecoder } from '../../mail/transfer-decoder.ts';
import { MethodError } from '../core/fault.ts';
import type { EmailBodyValue } from '../types/email.ts';
import type { BodyPart } from './body-tree.ts';
import type { MessageOctets } from './message-octets.ts';

/** Characters of all values of an answer: about what an answer may have. */
const MOST_CHARACTERS = 20_000_000;
/** Decoded at once: a millisecond or less. */
const PIECE_BYTES = 64 * 1024;
/** HTML says its charset at its beginning. */
const LOOKED_AT_BYTES = 2048;
/** A tag that is longer is cut. */
const LONGEST_TAG = 16 * 1024;

export class ValueBudget {
  #left = MOST_CHARACTERS;

  take(characters: number): void {
    this.#left -= characters;
    if (this.#left < 0)
      throw new MethodError(
        'requestTooLarge',
        'the texts are too long for one answer: ask for fewer at once',
      );
  }
}

export interface ValueRequest {
  /** Octets of a value in UTF-8; 0: all of it. */
  readonly mostBytes: number;
  readonly budget: ValueBudget;
}

export async function bodyValue(
  octets: MessageOctets,
  part: BodyPart,
  { mostBytes, budget }: ValueRequest,
): Promise<EmailBodyValue> {
  const reader = new ValueReader(part);
  const slice = new TimeSlice();
  const { bodyStart, end } = part.offsets;
  const enough = mostBytes === 0 ? Number.POSITIVE_INFINITY : mostBytes;
  // No text has fewer octets than characters, but for what is cut off at its end.
  for await (const piece of octets.stream({ start: bodyStart, end })) {
    for (let at = 0; at < piece.length && reader.length <= enough; at += PIECE_BYTES) {
      budget.take(reader.write(piece.subarray(at, at + PIECE_BYTES)));
      const spent = slice.spent();
      if (spent !== undefined) await spent;
    }
    if (reader.length > enough) break;
  }
  if (reader.length <= enough) reader.end();
  const { text, isEncodingProblem } = reader;
  const value = mostBytes === 0 ? text : cut(text, mostBytes, part.type === 'text/html');
  return { value, isEncodingProblem, isTruncated: value.length < text.length || reader.isOpen };
}

class ValueReader {
  isEncodingProblem: boolean;
  /** There is more that was not read. */
  isOpen = true;
  length = 0;
  readonly #part: BodyPart;
  readonly #transfer: ReturnType<typeof transferDecoder>;
  #charset: string | undefined;
  #decoder: CharsetDecoder | undefined;
  readonly #pieces: string[] = [];
  /** The beginning, until the charset is known. */
  #head: Buffer = Buffer.alloc(0);
  /** The last piece ended in a CR. */
  #owesLf = false;

  constructor(part: BodyPart) {
    this.#part = part;
    const { encoding } = part.offsets;
    this.#transfer = transferDecoder(encoding);
    this.isEncodingProblem = encoding === 'unknown';
    this.#charset = parameterOctets(readMimeFields(part.header, false).parameters, 'charset');
  }

  get text(): string {
    return this.#pieces.join('');
  }

  /** Returns how many characters came of it. */
  write(octets: Buffer): number {
    return this.#decoded(this.#transfer === undefined ? octets : this.#transfer.write(octets), false);
  }

  end(): number {
    this.isOpen = false;
    const count = this.#decoded(this.#transfer?.end() ?? Buffer.alloc(0), true);
    const last = (this.#decoder?.end() ?? '') + (this.#owesLf ? '\r' : '');
    this.#owesLf = false;
    return count + this.#push(last);
  }

  #decoded(octets: Buffer, isLast: boolean): number {
    if (this.#decoder === undefined) {
      this.#head = this.#head.length === 0 ? octets : Buffer.concat([this.#head, octets]);
      if (!isLast && this.#head.length < LOOKED_AT_BYTES) return 0;
      const head = this.#head;
      this.#begin(head);
      return this.#push(this.#text(head));
    }
    return this.#push(this.#text(octets));
  }

  #begin(head: Buffer): void {
    const isTold = this.#charset !== undefined && this.#part.header.indexOf('content-type') >= 0;
    const inside = this.#part.type === 'text/html' && !isAscii(head) ? charsetInHtml(head) : undefined;
    const isUsAscii = isTold && charsetNamed(this.#charset as string)?.name === 'us-ascii';
    const label = isTold && !(isUsAscii && inside !== undefined) ? (this.#charset as string) : (inside ?? '');
    this.#charset = label;
    if (charsetNamed(label) === undefined) this.isEncodingProblem = true;
    this.#decoder = charsetDecoder(label);
  }

  #text(octets: Buffer): string {
    const text = (this.#decoder as CharsetDecoder).write(octets);
    if (!this.isEncodingProblem) this.isEncodingProblem = this.#isWrong(octets, text);
    return text;
  }

  /** What is no ASCII and yet said to be, and is not UTF-8 either, is a guess. */
  #isWrong(octets: Buffer, text: string): boolean {
    if (text.includes('\ufffd') && !octets.includes('\ufffd')) return true;
    if (charsetNamed(this.#charset ?? '')?.name !== 'us-ascii' || isAscii(octets)) return false;
    return this.#charset !== '' || !isUtf8(octets);
  }

  #push(text: string): number {
    let rest = this.#owesLf && text !== '' ? `\r${text}` : text;
    if (text !== '') this.#owesLf = false;
    if (rest.endsWith('\r') && this.isOpen) {
      this.#owesLf = true;
      rest = rest.slice(0, -1);
    }
    const clean = rest.includes('\r') ? rest.replaceAll('\r\n', '\n') : rest;
    this.length += clean.length;
    this.#pieces.push(clean);
    return clean.length;
  }
}

/** At most so many octets of UTF-8, whole characters, and of HTML no half of a tag or a reference. */
export function cut(text: string, mostBytes: number, isHtml: boolean): string {
  if (text.length * 3 <= mostBytes || Buffer.byteLength(text) <= mostBytes) return text;
  // Half of a character is no character.
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(mostBytes));
  const start = text.slice(0, read);
  if (!isHtml) return start;
  const tag = start.lastIndexOf('<');
  const isInTag = tag >= 0 && start.indexOf('>', tag) < 0 && start.length - tag < LONGEST_TAG;
  return (isInTag ? start.slice(0, tag) : start).replace(/&#?\w{0,10}$/, '');
}
