/**
 * Finding words in the text of a message (RFC 9051 §6.4.4): every text part, without its transfer encoding and in Unicode, and the
 * names of attached files. TEXT looks into headers too: the message's own and those of its parts and of messages inside.
 *
 * Parts that are not text are not searched. A part is read in pieces and never held, however long it or one line of it is; a
 * stretch that lies across two pieces is found, one that lies across two parts is not. What cannot be read has nothing to find.
 */
import type { CharsetDecoder } from '../../mail/charset/decoder.ts';
import { charsetDecoder } from '../../mail/charset.ts';
import { foldFieldText, foldText } from '../../mail/fold.ts';
import { HeaderBlock, MAX_PARSED_BYTES } from '../../mail/header.ts';
import { HeaderTextReader } from '../../mail/header-text.ts';
import { type MimeFields, readMimeFields } from '../../mail/mime-fields.ts';
import { decodedParameter, parameterOctets } from '../../mail/parameter.ts';
import type { PartOffsets } from '../../mail/part.ts';
import { transferDecoder } from '../../mail/transfer-decoder.ts';
import type { Domain } from '../domain.ts';
import type { ByteRange } from '../port/store.ts';
import { readIntact, streamIntact } from '../reading/message-reader.ts';
import { type Pause, Scan } from './scan.ts';
import type { TextSource, TextTest } from './tree.ts';

/** Decoded at once: a millisecond or less. */
const PIECE_BYTES = 32 * 1024;

/** The message in memory, undefined when it cannot be read, or 'streamed' when it is too large to hold. */
export type SearchedBytes = Buffer | undefined | 'streamed';

export class TextSearch {
  readonly #domain: Domain;
  readonly #tests: readonly TextTest[];
  readonly #pause: Pause;

  constructor(domain: Domain, tests: readonly TextTest[], pause: Pause) {
    this.#domain = domain;
    this.#tests = tests;
    this.#pause = pause;
  }

  /** Sets `found` to 1 for each test whose needle is in the message. */
  async search(range: ByteRange, root: PartOffsets, bytes: SearchedBytes, found: Uint8Array): Promise<void> {
    if (bytes === undefined) return;
    const scan = new Scan<TextSource>(this.#tests, found, this.#pause);
    await new Walk(this.#domain, range, bytes, scan, this.#pause).part(root, false);
  }
}

class Walk {
  readonly #domain: Domain;
  readonly #range: ByteRange;
  readonly #held: Buffer | undefined;
  readonly #scan: Scan<TextSource>;
  readonly #pause: Pause;

  constructor(
    domain: Domain,
    range: ByteRange,
    bytes: Buffer | 'streamed',
    scan: Scan<TextSource>,
    pause: Pause,
  ) {
    this.#domain = domain;
    this.#range = range;
    this.#held = bytes === 'streamed' ? undefined : bytes;
    this.#scan = scan;
    this.#pause = pause;
  }

  /** The part, those in it, and its header. Recursion is bounded by the depth of part trees. */
  async part(part: PartOffsets, isInDigest: boolean): Promise<void> {
    if (this.#scan.isOver) return;
    const header = await this.#header(part);
    if (header === undefined) return;
    const fields = readMimeFields(header, isInDigest);
    await this.#headerText(part, header);
    await this.#fileNames(fields);
    if (part.kind === 'leaf') return this.#text(part, fields);
    const isDigest = part.kind === 'multipart' && fields.mediaType === 'multipart/digest';
    for (const child of part.children) await this.part(child, isDigest);
  }

  async #headerText({ headerStart, bodyStart }: PartOffsets, header: HeaderBlock): Promise<void> {
    if (!this.#scan.wants('field')) return;
    const texts: string[] = [];
    const reader = new HeaderTextReader({
      wants: () => true,
      take: (name, text, isStart) => texts.push(isStart ? `\n${name}: ${text}` : text),
    });
    const isWhole = header.bytes.length === bodyStart - headerStart;
    this.#scan.begin();
    for await (const slice of isWhole ? slicesOf(header.bytes) : this.#slices(headerStart, bodyStart)) {
      reader.write(slice);
      await this.#feed(foldText(texts.splice(0).join('')), 'field');
      if (this.#scan.isOver) return;
    }
    reader.end();
    await this.#feed(foldText(texts.join('')), 'field');
  }

  async #fileNames({ disposition, parameters }: MimeFields): Promise<void> {
    const names = [
      decodedParameter(disposition?.parameters ?? [], 'filename'),
      decodedParameter(parameters, 'name'),
    ];
    for (const name of new Set(names)) {
      if (name === undefined || this.#scan.isOver) continue;
      this.#scan.begin();
      await this.#feed(foldFieldText(name), 'name');
    }
  }

  async #text(part: PartOffsets, fields: MimeFields): Promise<void> {
    this.#scan.begin();
    // So that an empty needle is found in a body without text.
    await this.#feed('', 'text');
    if (this.#scan.isOver || !fields.mediaType.startsWith('text/')) return;
    const decoder = transferDecoder(part.encoding);
    if (decoder === undefined) return;
    const text = new FoldedText(charsetDecoder(parameterOctets(fields.parameters, 'charset') ?? ''));
    for await (const slice of this.#slices(part.bodyStart, part.end)) {
      await this.#feed(text.write(decoder.write(slice)), 'text');
      if (this.#scan.isOver) return;
    }
    await this.#feed(text.write(decoder.end()) + text.end(), 'text');
  }

  async #feed(text: string, source: TextSource): Promise<void> {
    const looking = this.#scan.feed(text, source);
    if (looking !== undefined) await looking;
    const pause = this.#pause();
    if (pause !== undefined) await pause;
  }

  /** What tells how to read the body is in the first megabyte, or nowhere. */
  async #header({ headerStart, bodyStart }: PartOffsets): Promise<HeaderBlock | undefined> {
    const end = Math.min(bodyStart, headerStart + MAX_PARSED_BYTES);
    if (this.#held !== undefined) return new HeaderBlock(this.#held.subarray(headerStart, end));
    const [bytes] = await readIntact(this.#domain, [{ ...this.#range, start: headerStart, end }]);
    return bytes === undefined ? undefined : new HeaderBlock(bytes);
  }

  async *#slices(start: number, end: number): AsyncGenerator<Buffer> {
    if (this.#held !== undefined) yield* slicesOf(this.#held.subarray(start, end));
    else {
      for await (const slice of streamIntact(this.#domain, { ...this.#range, start, end }))
        yield* slicesOf(slice);
    }
  }
}

function* slicesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}

/** Text in pieces, folded: what the next character may change is held. */
class FoldedText {
  readonly #decoder: CharsetDecoder;
  #held = '';

  constructor(decoder: CharsetDecoder) {
    this.#decoder = decoder;
  }

  write(octets: Buffer): string {
    const text = this.#held + this.#decoder.write(octets);
    const cut = foldedApart(text);
    this.#held = text.slice(cut);
    return foldText(text.slice(0, cut));
  }

  end(): string {
    return foldText(this.#held + this.#decoder.end());
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
