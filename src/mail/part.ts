/**
 * The MIME tree of a message over byte offsets (RFC 2046 §5). The message is read once, in pieces of any size, and
 * never rewritten: every part is a stretch of the original octets.
 *
 * Promises: never throws on any input; the same tree however the input is cut; time linear in the message; memory
 * bounded by the limits below. The line end before a delimiter belongs to the delimiter. A line ends with LF, with
 * or without CR.
 *
 * Choices where RFCs leave none: a multipart without a boundary is text/plain, so that a person can read what is
 * there; one in which its delimiter never occurs has a single text/plain part, its whole body; a message/rfc822 in
 * base64 or quoted-printable, whose inside has no offsets, and what is nested too deep are
 * application/octet-stream.
 */
import { CR, EMPTY, LF } from '../base/bytes.ts';
import { BoundarySet, MAX_BOUNDARY, NEED_MORE, NOT_FOUND } from './boundary.ts';
import { envelope, MAX_INNER_ENVELOPE_BYTES } from './envelope.ts';
import { HeaderBlock } from './header.ts';
import { HeaderCollector } from './header-collector.ts';
import { type MimeFields, OCTET_STREAM, PLAIN_TEXT, readMimeFields } from './mime-fields.ts';
import { parameterOctets } from './parameter.ts';
import { TextCollector } from './text-collector.ts';
import { isPlainHeader } from './traits.ts';
import { type TransferEncoding, transferEncodingOf } from './transfer-encoding.ts';

/** Deeper nesting serves only to exhaust stacks, ours and the clients'. */
export const MAX_PART_DEPTH = 100;
/**
 * Delimiters beyond this are text of their multipart: a message of nothing but delimiters would cost 100 bytes
 * each.
 */
export const MAX_PARTS = 10_000;

export type PartKind = 'leaf' | 'multipart' | 'message';

/** What reading a section needs. The message inside a `message` part is that part's only child. */
export interface PartOffsets {
  readonly kind: PartKind;
  readonly headerStart: number;
  /** Past the blank line that ends the header. */
  readonly bodyStart: number;
  readonly end: number;
  readonly encoding: TransferEncoding;
  readonly children: readonly PartOffsets[];
}

export interface Part extends PartOffsets {
  readonly fields: MimeFields;
  /** Line ends in the body; counted for text and message parts, 0 for others: nobody asks. */
  readonly bodyLines: number;
  /** Of a `message` part: the envelope of the message inside, as sent. */
  readonly envelope: Buffer | undefined;
  readonly children: readonly Part[];
}

export function scanParts(message: Buffer): Part {
  const scanner = new PartScanner();
  scanner.write(message);
  return scanner.end();
}

class OpenPart implements Part {
  kind: PartKind = 'leaf';
  readonly headerStart: number;
  bodyStart: number;
  end: number;
  encoding: TransferEncoding = 'identity';
  fields: MimeFields = PLAIN_TEXT;
  bodyLines = 0;
  envelope: Buffer | undefined = undefined;
  readonly children: OpenPart[] = [];
  /** The count of line ends where the body starts. */
  linesBefore = 0;

  constructor(headerStart: number) {
    this.headerStart = headerStart;
    this.bodyStart = headerStart;
    this.end = headerStart;
  }
}

type State = 'header' | 'body' | 'delimiter';

const DASH = 0x2d;
const DELIMITER_START = Buffer.from('\n--');

export class PartScanner {
  /** Open parts, the whole message first. */
  readonly #open: OpenPart[] = [new OpenPart(0)];
  readonly #boundaries = new BoundarySet();
  #partCount = 1;
  #messageDepth = 0;

  #state: State = 'header';
  #isLineStart = true;
  /** Length of the line end before the current line. */
  #eol = 0;
  #lineCount = 0;
  #isCounting = true;
  /** Whether the delimiter line being skipped opens a part. */
  #opensPart = false;

  /** Offset of the first octet of the piece at hand, and the octet before it. */
  #base = 0;
  #lastOctet = 0;
  #carry: Buffer = EMPTY;

  readonly #headers = new HeaderCollector();
  #rootHeader = new HeaderBlock(EMPTY);
  #hasPlainHeaders = true;
  readonly #texts = new TextCollector();

  /** What the message says, once it has ended, not what messages inside say; see `preview.ts`. */
  preview(): string {
    return this.#texts.preview();
  }

  /** The header of the message itself; empty until it has been read. */
  get rootHeader(): HeaderBlock {
    return this.#rootHeader;
  }

  /** Whether all headers so far were seen whole and are plain (see `TRAIT.PlainHeaders`). */
  get hasPlainHeaders(): boolean {
    return this.#hasPlainHeaders;
  }

  write(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#run(this.#carry.length === 0 ? chunk : Buffer.concat([this.#carry, chunk]), false);
  }

  end(): Part {
    this.#run(this.#carry, true);
    while (this.#state === 'header') this.#finishHeader(EMPTY, 0);
    this.#eol = 0;
    this.#closeParts(0, this.#base);
    return this.#open[0] as Part;
  }

  #run(bytes: Buffer, isLast: boolean): void {
    this.#headers.nextPiece();
    let at = 0;
    while (at < bytes.length) {
      let next: number;
      if (this.#state === 'header') next = this.#readHeader(bytes, at, isLast);
      else if (this.#state === 'body') {
        next = this.#readBody(bytes, at, isLast);
        if (this.#state === 'body' && next > at) this.#texts.add(bytes, at, next);
      } else next = this.#skipDelimiter(bytes, at);
      if (next === NEED_MORE) break;
      at = next;
    }
    if (this.#state === 'header') this.#headers.hold(bytes, at);
    if (at > 0) this.#lastOctet = bytes[at - 1] as number;
    this.#base += at;
    // A copy: the caller's buffer may be a large one, kept alive by a few octets.
    this.#carry = at === bytes.length ? EMPTY : Buffer.from(bytes.subarray(at));
  }

  /** One or more header lines; returns where it stopped. */
  #readHeader(bytes: Buffer, from: number, isLast: boolean): number {
    let at = from;
    while (at < bytes.length) {
      if (this.#isLineStart) {
        const blank = blankLine(bytes, at, isLast);
        if (blank === NEED_MORE) return at === from ? NEED_MORE : at;
        if (blank > 0) {
          this.#lineCount++;
          this.#finishHeader(bytes, at + blank);
          return at + blank;
        }
        const found = this.#boundaries.find(bytes, at, isLast);
        if (found === NEED_MORE) return at === from ? NEED_MORE : at;
        if (found !== NOT_FOUND) {
          while (this.#state === 'header') this.#finishHeader(bytes, at);
          return this.#enterDelimiter(bytes, at, found);
        }
        this.#isLineStart = false;
      }
      const lf = bytes.indexOf(LF, at);
      if (lf < 0) return bytes.length;
      this.#endLine(bytes, lf);
      at = lf + 1;
    }
    return at;
  }

  /** Up to the next delimiter, or the end of the piece. */
  #readBody(bytes: Buffer, from: number, isLast: boolean): number {
    let at = from;
    if (this.#isLineStart) {
      const found = this.#boundaries.find(bytes, at, isLast);
      if (found === NEED_MORE) return NEED_MORE;
      if (found !== NOT_FOUND) return this.#enterDelimiter(bytes, at, found);
      this.#isLineStart = false;
    }
    const lf = this.#boundaries.size === 0 ? -1 : bytes.indexOf(DELIMITER_START, at);
    if (lf >= 0) {
      if (this.#isCounting) this.#lineCount += countLines(bytes, at, lf);
      this.#endLine(bytes, lf);
      return lf + 1;
    }
    // A delimiter may begin in the last two octets: end the line there, look again with more.
    at = bytes.length;
    if (bytes[at - 1] === DASH && at - 2 >= from && bytes[at - 2] === LF) at--;
    const isLineEnd = bytes[at - 1] === LF && at - 1 >= from;
    if (this.#isCounting) this.#lineCount += countLines(bytes, from, isLineEnd ? at - 1 : at);
    if (isLineEnd) this.#endLine(bytes, at - 1);
    return at;
  }

  /** The rest of a delimiter line: white space by rights, whatever by practice. */
  #skipDelimiter(bytes: Buffer, at: number): number {
    const lf = bytes.indexOf(LF, at);
    if (lf < 0) return bytes.length;
    this.#endLine(bytes, lf);
    if (!this.#opensPart) {
      this.#state = 'body';
      this.#isCounting = true;
    } else this.#openPart(this.#base + lf + 1, lf + 1);
    return lf + 1;
  }

  #endLine(bytes: Buffer, lf: number): void {
    const before = lf > 0 ? bytes[lf - 1] : this.#lastOctet;
    this.#eol = before === CR ? 2 : 1;
    this.#lineCount++;
    this.#isLineStart = true;
  }

  /** Closes what is open inside the boundary's multipart; returns the end of the boundary in the line. */
  #enterDelimiter(bytes: Buffer, at: number, found: number): number {
    const { octets, level } = this.#boundaries.at(found);
    const end = at + 2 + octets.length;
    const isClose = bytes[end] === DASH && bytes[end + 1] === DASH;
    const lineStart = this.#base + at;
    this.#closeParts(level + 1, lineStart);
    const multipart = this.#open[level] as OpenPart;
    // Closed before anything was opened: what there is to read is the preamble.
    if (isClose && multipart.children.length === 0) {
      const textEnd = Math.max(multipart.bodyStart, lineStart - this.#eol);
      multipart.children.push(wholeBody(multipart, textEnd, this.#linesOf(multipart, textEnd < lineStart)));
    }
    this.#opensPart = !isClose && this.#partCount < MAX_PARTS;
    // What follows a closing delimiter is epilogue, whatever it looks like (RFC 2046 §5.1.1).
    this.#boundaries.truncate(this.#opensPart ? found + 1 : found);
    this.#state = 'delimiter';
    this.#isLineStart = false;
    this.#isCounting = true;
    return end;
  }

  #openPart(headerStart: number, index: number): void {
    const part = new OpenPart(headerStart);
    this.#open.at(-1)?.children.push(part);
    this.#open.push(part);
    this.#partCount++;
    this.#state = 'header';
    this.#isLineStart = true;
    this.#isCounting = true;
    this.#headers.begin(index);
  }

  /** The header of the innermost part ends before `bytes[index]`: find out what kind of body follows. */
  #finishHeader(bytes: Buffer, index: number): void {
    const part = this.#open.at(-1) as OpenPart;
    const parent = this.#open.at(-2);
    const header = new HeaderBlock(this.#headers.take(bytes, index));
    if (parent === undefined) this.#rootHeader = header;
    if (parent?.kind === 'message') parent.envelope = envelope(header, MAX_INNER_ENVELOPE_BYTES);
    part.bodyStart = this.#base + index;
    const isWhole = header.bytes.length === part.bodyStart - part.headerStart;
    if (!isWhole || !isPlainHeader(header.bytes)) this.#hasPlainHeaders = false;
    part.linesBefore = this.#lineCount;
    part.fields = readMimeFields(header, parent?.fields.mediaType === 'multipart/digest');
    part.encoding = transferEncodingOf(part.fields.encodingName);
    this.#state = 'body';
    this.#isLineStart = true;
    const type = part.fields.mediaType;
    if (type.startsWith('multipart/')) this.#enterMultipart(part);
    else if (type === 'message/rfc822' || type === 'message/global') this.#enterMessage(part, index);
    this.#isCounting = part.kind !== 'leaf' || this.#messageDepth > 0 || isText(part.fields);
    if (part.kind === 'leaf' && this.#messageDepth === 0) this.#texts.begin(part.fields, part.encoding);
  }

  #enterMultipart(part: OpenPart): void {
    const boundary = parameterOctets(part.fields.parameters, 'boundary')?.trimEnd() ?? '';
    if (this.#open.length >= MAX_PART_DEPTH) part.fields = retyped(part.fields, OCTET_STREAM);
    else if (boundary === '' || boundary.length > MAX_BOUNDARY)
      part.fields = retyped(part.fields, PLAIN_TEXT);
    else {
      part.kind = 'multipart';
      // RFC 2045 §6.4: nothing but an identity is allowed; what else is said would be a lie about the parts.
      part.encoding = 'identity';
      this.#boundaries.push(Buffer.from(boundary, 'latin1'), this.#open.length - 1);
    }
  }

  #enterMessage(part: OpenPart, index: number): void {
    const isReadable = part.encoding === 'identity';
    if (!isReadable || this.#open.length >= MAX_PART_DEPTH || this.#partCount >= MAX_PARTS) {
      part.fields = retyped(part.fields, OCTET_STREAM);
      return;
    }
    part.kind = 'message';
    this.#messageDepth++;
    this.#openPart(part.bodyStart, index);
  }

  /** Closes the open parts from this level on, the innermost first. The current line starts at `lineStart`. */
  #closeParts(level: number, lineStart: number): void {
    const end = lineStart - this.#eol;
    for (let i = this.#open.length - 1; i >= level; i--) {
      const part = this.#open.pop() as OpenPart;
      part.end = Math.max(part.bodyStart, end, part.children.at(-1)?.end ?? 0);
      const lines = this.#linesOf(part, part.end < lineStart);
      if (part.kind === 'leaf') this.#texts.end(part.end - part.bodyStart);
      if (part.kind === 'message') this.#messageDepth--;
      if (part.kind === 'message' || isText(part.fields)) part.bodyLines = lines;
      if (part.kind === 'multipart' && part.children.length === 0)
        part.children.push(wholeBody(part, part.end, lines));
      if (i === 0) this.#open.push(part);
    }
  }

  /** Line ends since the body began; the last one may belong to the delimiter that follows. */
  #linesOf(part: OpenPart, isLastOutside: boolean): number {
    return this.#lineCount - part.linesBefore - (isLastOutside ? 1 : 0);
  }
}

/** A multipart in which no part was found shows its body as text. */
function wholeBody(multipart: OpenPart, end: number, lines: number): OpenPart {
  const part = new OpenPart(multipart.bodyStart);
  part.end = end;
  part.bodyLines = lines;
  return part;
}

/** The same part under another media type: what the header said cannot be kept to. */
function retyped(fields: MimeFields, as: MimeFields): MimeFields {
  const { type, subtype, mediaType } = as;
  return {
    ...fields,
    type,
    subtype,
    mediaType,
    parameters: as === PLAIN_TEXT ? as.parameters : fields.parameters,
  };
}

function isText(fields: MimeFields): boolean {
  return fields.mediaType.startsWith('text/');
}

/** Length of the blank line at `at`, 0 when there is another line. */
function blankLine(bytes: Buffer, at: number, isLast: boolean): number {
  if (bytes[at] === LF) return 1;
  if (bytes[at] !== CR) return 0;
  if (at + 1 === bytes.length) return isLast ? 0 : NEED_MORE;
  return bytes[at + 1] === LF ? 2 : 0;
}

/** Line feeds in bytes[from..to). */
function countLines(bytes: Buffer, from: number, to: number): number {
  let count = 0;
  for (let i = from; i < to; i++) {
    if (bytes[i] === LF) count++;
  }
  return count;
}
