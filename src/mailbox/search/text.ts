/**
 * Finding words in the text of a message: every text part, without its transfer encoding and in Unicode, and the
 * headers of its parts, where the names of attachments are.
 *
 * The body is all that follows the message's own header; `text` looks into that header too. Parts that are not text
 * are not searched. A part is read in pieces and never held, however long it is; a stretch that lies across two pieces
 * is found, one that lies across two parts is not. What cannot be read has nothing to find.
 */
import { isAscii } from 'node:buffer';
import { EMPTY, LF } from '../../base/bytes.ts';
import { decodeCharset } from '../../mail/charset.ts';
import { decodeWords } from '../../mail/encoded-word.ts';
import { foldText } from '../../mail/fold.ts';
import { HeaderBlock, MAX_PARSED_BYTES, unfold } from '../../mail/header.ts';
import { readMimeFields } from '../../mail/mime-fields.ts';
import { findParameter } from '../../mail/parameter.ts';
import type { PartOffsets } from '../../mail/part.ts';
import { transferDecoder } from '../../mail/transfer-decoder.ts';
import type { Domain } from '../domain.ts';
import type { ByteRange } from '../port/store.ts';
import { readIntact, streamIntact } from '../reading/message-reader.ts';
import type { TextTest } from './tree.ts';

/** Decoded at once: a millisecond or two. */
const PIECE_BYTES = 128 * 1024;

/** The message in memory, undefined when it cannot be read, or 'streamed' when it is too large to hold. */
export type SearchedBytes = Buffer | undefined | 'streamed';

export class TextSearch {
  readonly #domain: Domain;
  readonly #tests: readonly TextTest[];
  readonly #pause: () => Promise<void> | undefined;

  constructor(domain: Domain, tests: readonly TextTest[], pause: () => Promise<void> | undefined) {
    this.#domain = domain;
    this.#tests = tests;
    this.#pause = pause;
  }

  /** Sets `found` to 1 for each test whose needle is in the message. */
  async search(range: ByteRange, root: PartOffsets, bytes: SearchedBytes, found: Uint8Array): Promise<void> {
    if (bytes === undefined) return;
    const scan = new Scan(this.#tests, found);
    const walk = new Walk(this.#domain, range, bytes, scan, this.#pause);
    await walk.part(root, false, true);
  }
}

/** Needles in a text that comes in pieces. */
class Scan {
  readonly #tests: readonly TextTest[];
  readonly #found: Uint8Array;
  readonly #longest: number;
  #open: number[];
  #tail = '';

  constructor(tests: readonly TextTest[], found: Uint8Array) {
    this.#tests = tests;
    this.#found = found;
    this.#longest = tests.reduce((longest, test) => Math.max(longest, test.needle.length), 0);
    this.#open = tests.flatMap((_, index) => (found[index] === 1 ? [] : [index]));
  }

  get isOver(): boolean {
    return this.#open.length === 0;
  }

  /** A text that has nothing to do with what came before. */
  begin(): void {
    this.#tail = '';
  }

  feed(folded: string, isOwnHeader: boolean): void {
    const text = this.#tail + folded;
    this.#open = this.#open.filter((index) => {
      const { kind, needle } = this.#tests[index] as TextTest;
      if (isOwnHeader && kind === 'body') return true;
      if (!text.includes(needle)) return true;
      this.#found[index] = 1;
      return false;
    });
    this.#tail = this.#longest > 1 ? text.slice(-(this.#longest - 1)) : '';
  }
}

class Walk {
  readonly #domain: Domain;
  readonly #range: ByteRange;
  readonly #held: Buffer | undefined;
  readonly #scan: Scan;
  readonly #pause: () => Promise<void> | undefined;

  constructor(
    domain: Domain,
    range: ByteRange,
    bytes: Buffer | 'streamed',
    scan: Scan,
    pause: () => Promise<void> | undefined,
  ) {
    this.#domain = domain;
    this.#range = range;
    this.#held = bytes === 'streamed' ? undefined : bytes;
    this.#scan = scan;
    this.#pause = pause;
  }

  /** The part, those in it, and its header. Recursion is bounded by the depth of part trees. */
  async part(part: PartOffsets, isInDigest: boolean, isRoot: boolean): Promise<void> {
    if (this.#scan.isOver) return;
    const header = await this.#header(part);
    if (header === undefined) return;
    this.#scan.begin();
    this.#scan.feed(foldText(headerText(header)), isRoot);
    if (part.kind === 'leaf') return this.#text(part, header, isInDigest);
    const isDigest =
      part.kind === 'multipart' && readMimeFields(header, isInDigest).mediaType === 'multipart/digest';
    for (const child of part.children) await this.part(child, isDigest, false);
    if (part.children.length === 0) this.#scan.feed('', false);
  }

  async #text(part: PartOffsets, header: HeaderBlock, isInDigest: boolean): Promise<void> {
    const fields = readMimeFields(header, isInDigest);
    this.#scan.begin();
    // So that an empty needle is found in a body without text.
    this.#scan.feed('', false);
    if (this.#scan.isOver || !fields.mediaType.startsWith('text/')) return;
    const decoder = transferDecoder(part.encoding);
    if (decoder === undefined) return;
    const charset = findParameter(fields.parameters, 'charset') ?? '';
    const text = new TextPieces(charset);
    for await (const slice of this.#slices(part.bodyStart, part.end)) {
      this.#scan.feed(text.write(decoder.write(slice)), false);
      if (this.#scan.isOver) return;
      const pause = this.#pause();
      if (pause !== undefined) await pause;
    }
    this.#scan.feed(text.write(decoder.end()) + text.end(), false);
  }

  async #header({ headerStart, bodyStart }: PartOffsets): Promise<HeaderBlock | undefined> {
    const end = Math.min(bodyStart, headerStart + MAX_PARSED_BYTES);
    if (this.#held !== undefined) return new HeaderBlock(this.#held.subarray(headerStart, end));
    const [bytes] = await readIntact(this.#domain, [{ ...this.#range, start: headerStart, end }]);
    return bytes === undefined ? undefined : new HeaderBlock(bytes);
  }

  async *#slices(start: number, end: number): AsyncGenerator<Buffer> {
    if (this.#held !== undefined) {
      for (let at = start; at < end; at += PIECE_BYTES)
        yield this.#held.subarray(at, Math.min(end, at + PIECE_BYTES));
      return;
    }
    for await (const slice of streamIntact(this.#domain, { ...this.#range, start, end })) {
      for (let at = 0; at < slice.length; at += PIECE_BYTES) yield slice.subarray(at, at + PIECE_BYTES);
    }
  }
}

/** All fields as a person reads them, one a line. */
function headerText(header: HeaderBlock): string {
  let text = '';
  for (const { name, value } of header.fields()) text += `${name}: ${decodeWords(unfold(value))}\n`;
  return text;
}

/** Octets in a charset to folded text, in pieces that end where a line ends, so that no character is cut. */
class TextPieces {
  readonly #charset: string;
  /** A line end is not one octet in these, and the first octets say how to read the others: kept to the end. */
  readonly #isWide: boolean;
  #held: Buffer[] = [];
  #heldBytes = 0;

  constructor(charset: string) {
    this.#charset = charset;
    this.#isWide = /^"?(utf-?16|utf-?32|ucs-?2|ucs-?4|unicode)/i.test(charset.slice(0, 20));
  }

  write(bytes: Buffer): string {
    const lineEnd = this.#isWide ? -1 : bytes.lastIndexOf(LF);
    if (lineEnd < 0 && (this.#isWide ? this.#heldBytes < MAX_WIDE_BYTES : this.#heldBytes < PIECE_BYTES)) {
      this.#hold(bytes);
      return '';
    }
    const cut = lineEnd < 0 ? characterStart(bytes) : lineEnd + 1;
    const text = this.#decode(Buffer.concat([...this.#held, bytes.subarray(0, cut)]));
    this.#held = [];
    this.#heldBytes = 0;
    this.#hold(bytes.subarray(cut));
    return text;
  }

  end(): string {
    return this.#decode(Buffer.concat(this.#held));
  }

  #hold(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
  }

  #decode(bytes: Buffer): string {
    const whole = bytes.length === 0 ? EMPTY : bytes;
    const text = decodeCharset(whole, this.#charset);
    // Seven-bit charsets with shifts (ISO-2022-JP, UTF-7) shrink; what stays as long as it was is ASCII itself.
    return foldText(text, isAscii(whole) && text.length === whole.length);
  }
}

/** Text in such charsets beyond this is not searched in one piece. */
const MAX_WIDE_BYTES = 8 * 1024 * 1024;

/** Where the last UTF-8 character begins that may be incomplete; the end when there is none. */
function characterStart(bytes: Buffer): number {
  for (let i = bytes.length - 1; i >= Math.max(0, bytes.length - 4); i--) {
    const c = bytes[i] as number;
    if (c < 0x80) return bytes.length;
    if (c >= 0xc0) return i;
  }
  return bytes.length;
}
