/**
 * The texts of a message in the order in which they stand, folded: the header of each part, names of attached files, and every part
 * that is text, without its transfer encoding and in Unicode. What SEARCH TEXT and BODY look into (RFC 9051 §6.4.4), and what
 * the index of texts is made of.
 *
 * Parts that are not text are passed over. A part is read in pieces and never held, however long it or one line of it is. What
 * cannot be read has no text.
 */
import type { Pause } from '../../base/time-slice.ts';
import type { CharsetDecoder } from '../../mail/charset/decoder.ts';
import { charsetDecoder } from '../../mail/charset.ts';
import { foldFieldText, foldText, type TextCollation, USUAL_COLLATION } from '../../mail/fold.ts';
import { HeaderBlock, MAX_PARSED_BYTES } from '../../mail/header.ts';
import { HeaderTextReader } from '../../mail/header-text.ts';
import { type MimeFields, readMimeFields } from '../../mail/mime-fields.ts';
import { decodedParameter, parameterOctets } from '../../mail/parameter.ts';
import type { PartOffsets } from '../../mail/part.ts';
import { transferDecoder } from '../../mail/transfer-decoder.ts';

/** A header field, a file name, or the text of a part. */
export type TextSource = 'field' | 'name' | 'text';

/** Who takes the texts. */
export interface TextSink {
  /** Nothing more is wanted. */
  readonly isOver: boolean;
  wants(source: TextSource): boolean;
  /** A text that has nothing to do with what came before. */
  begin(source: TextSource): void;
  /** The next piece of it. Await the result when it is a promise. */
  feed(piece: string, source: TextSource): Promise<void> | undefined;
}

/** The octets of one message, `end` exclusive. */
export interface MessageOctets {
  /** Undefined when they cannot be read. */
  header(start: number, end: number): Buffer | undefined | Promise<Buffer | undefined>;
  /** Ends early where they cannot be read. */
  body(start: number, end: number): Iterable<Buffer> | AsyncIterable<Buffer>;
}

/** Decoded at once: a millisecond or less. */
const PIECE_BYTES = 32 * 1024;

export class TextWalk {
  readonly #octets: MessageOctets;
  readonly #sink: TextSink;
  readonly #pause: Pause;
  readonly #collation: TextCollation;

  constructor(octets: MessageOctets, sink: TextSink, pause: Pause, collation = USUAL_COLLATION) {
    this.#octets = octets;
    this.#sink = sink;
    this.#pause = pause;
    this.#collation = collation;
  }

  /** The part, those in it, and its header. Recursion is bounded by the depth of part trees. */
  async part(part: PartOffsets, isInDigest = false): Promise<void> {
    if (this.#sink.isOver) return;
    // What tells how to read the body is in the first megabyte, or nowhere.
    const end = Math.min(part.bodyStart, part.headerStart + MAX_PARSED_BYTES);
    const octets = await this.#octets.header(part.headerStart, end);
    if (octets === undefined) return;
    const header = new HeaderBlock(octets);
    const fields = readMimeFields(header, isInDigest);
    await this.#headerText(part, header);
    await this.#fileNames(fields);
    if (part.kind === 'leaf') return this.#text(part, fields);
    const isDigest = part.kind === 'multipart' && fields.mediaType === 'multipart/digest';
    for (const child of part.children) await this.part(child, isDigest);
  }

  async #headerText({ headerStart, bodyStart }: PartOffsets, header: HeaderBlock): Promise<void> {
    if (!this.#sink.wants('field')) return;
    const texts: string[] = [];
    const reader = new HeaderTextReader({
      wants: () => true,
      take: (name, text, isStart) => texts.push(isStart ? `\n${name}: ${text}` : text),
    });
    const isWhole = header.bytes.length === bodyStart - headerStart;
    this.#sink.begin('field');
    for await (const octets of isWhole ? [header.bytes] : this.#octets.body(headerStart, bodyStart)) {
      for (const slice of slicesOf(octets)) {
        reader.write(slice);
        await this.#feed(foldText(texts.splice(0).join(''), this.#collation), 'field');
        if (this.#sink.isOver) return;
      }
    }
    reader.end();
    await this.#feed(foldText(texts.join(''), this.#collation), 'field');
  }

  async #fileNames({ disposition, parameters }: MimeFields): Promise<void> {
    const names = [
      decodedParameter(disposition?.parameters ?? [], 'filename'),
      decodedParameter(parameters, 'name'),
    ];
    for (const name of new Set(names)) {
      if (name === undefined || this.#sink.isOver) continue;
      this.#sink.begin('name');
      await this.#feed(foldFieldText(name, this.#collation), 'name');
    }
  }

  async #text(part: PartOffsets, fields: MimeFields): Promise<void> {
    this.#sink.begin('text');
    // So that an empty needle is found in a body without text.
    await this.#feed('', 'text');
    if (this.#sink.isOver || !fields.mediaType.startsWith('text/')) return;
    const decoder = transferDecoder(part.encoding);
    if (decoder === undefined) return;
    const charset = parameterOctets(fields.parameters, 'charset') ?? '';
    const text = new FoldedText(charsetDecoder(charset), this.#collation);
    for await (const octets of this.#octets.body(part.bodyStart, part.end)) {
      for (const slice of slicesOf(octets)) {
        await this.#feed(text.write(decoder.write(slice)), 'text');
        if (this.#sink.isOver) return;
      }
    }
    await this.#feed(text.write(decoder.end()) + text.end(), 'text');
  }

  async #feed(text: string, source: TextSource): Promise<void> {
    const taking = this.#sink.feed(text, source);
    if (taking !== undefined) await taking;
    const pause = this.#pause();
    if (pause !== undefined) await pause;
  }
}

function* slicesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}

/** Text in pieces, folded: what the next character may change is held. */
class FoldedText {
  readonly #decoder: CharsetDecoder;
  readonly #collation: TextCollation;
  #held = '';

  constructor(decoder: CharsetDecoder, collation: TextCollation) {
    this.#decoder = decoder;
    this.#collation = collation;
  }

  write(octets: Buffer): string {
    const text = this.#held + this.#decoder.write(octets);
    const cut = foldedApart(text);
    this.#held = text.slice(cut);
    return foldText(text.slice(0, cut), this.#collation);
  }

  end(): string {
    return foldText(this.#held + this.#decoder.end(), this.#collation);
  }
}

/** More marks on one letter are cut off from it. */
const MAX_HELD = 256;

/** Where the last character stands that never joins the one before it. */
function foldedApart(text: string): number {
  const limit = Math.max(0, text.length - MAX_HELD);
  for (let at = text.length - 1; at >= limit; at--) if (standsAlone(text.charCodeAt(at))) return at;
  const isInPair = (text.charCodeAt(limit) & 0xfc00) === 0xdc00;
  return isInPair && limit > 0 ? limit - 1 : limit;
}

/** Everything below the combining marks, ideographs and Hangul syllables. */
function standsAlone(c: number): boolean {
  return c < 0x300 || (c >= 0x3400 && c <= 0x9fff) || (c >= 0xac00 && c <= 0xd7a3);
}
