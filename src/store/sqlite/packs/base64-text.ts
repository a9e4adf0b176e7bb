/**
 * Base64 in messages: found by its layout (lines of the same length, a shorter last one), not by what a header says of it, and
 * taken for base64 only when encoding what it stands for makes the identical octets again.
 */
import type { Layout } from './entry.ts';

/** Shorter ones are as well kept as text. */
const MIN_TEXT_BYTES = 5600;
const MIN_LINE_BYTES = 40;
/** RFC 5322 §2.1.1. */
const MAX_LINE_BYTES = 998;
const LF = 10;
const CR = 13;

export interface EncodedPart extends Layout {
  /** Where its text is in the message. */
  readonly start: number;
  readonly end: number;
  readonly bytes: Buffer;
}

/** At most `limit`, in their order. */
export function findBase64(message: Buffer, limit: number): readonly EncodedPart[] {
  const found: EncodedPart[] = [];
  if (message.length < MIN_TEXT_BYTES) return found;
  for (let start = 0; start < message.length && found.length < limit; ) {
    const end = message.indexOf(LF, start);
    if (end < 0) break;
    const layout = layoutOf(message, start, end);
    if (layout === undefined) {
      start = end + 1;
      continue;
    }
    const last = runEnd(message, start, layout);
    if (last - start >= MIN_TEXT_BYTES) {
      const bytes = decoded(message.subarray(start, last), layout);
      if (bytes !== undefined) found.push({ ...layout, start, end: last, bytes });
    }
    start = Math.max(last, end) + 1;
  }
  return found;
}

/** What the line from `start` to its LF at `end` says of the lines behind it; undefined when it is none of base64. */
function layoutOf(message: Buffer, start: number, end: number): Layout | undefined {
  const isCrlf = end > start && message[end - 1] === CR;
  const lineBytes = end - start - (isCrlf ? 1 : 0);
  if (lineBytes % 4 !== 0 || lineBytes < MIN_LINE_BYTES || lineBytes > MAX_LINE_BYTES) return undefined;
  return { lineBytes, isCrlf };
}

/** Where the text ends that is laid out like this, without its last line end. */
function runEnd(message: Buffer, start: number, { lineBytes, isCrlf }: Layout): number {
  const ending = isCrlf ? 2 : 1;
  let last = start + lineBytes;
  for (let at = last + ending; at < message.length; ) {
    const lf = message.indexOf(LF, at);
    const isEnded = lf >= 0;
    const isLineCrlf = isEnded && lf > at && message[lf - 1] === CR;
    const length = (isEnded ? lf : message.length) - at - (isLineCrlf ? 1 : 0);
    const isOurs = length > 0 && length % 4 === 0 && length <= lineBytes;
    if (!isOurs) break;
    last = at + length;
    if (length < lineBytes || !isEnded || isLineCrlf !== isCrlf) break;
    at = lf + 1;
  }
  return last;
}

function decoded(text: Buffer, layout: Layout): Buffer | undefined {
  const bytes = Buffer.from(text.toString('latin1'), 'base64');
  return encodeBase64(bytes, layout).equals(text) ? bytes : undefined;
}

/** How long so many octets are in lines; behind the last one an end only when `isEnded`. */
export function base64Bytes(count: number, { lineBytes, isCrlf }: Layout, isEnded: boolean): number {
  const flatBytes = Math.ceil(count / 3) * 4;
  const lines = Math.ceil(flatBytes / lineBytes);
  return flatBytes + Math.max(0, isEnded ? lines : lines - 1) * (isCrlf ? 2 : 1);
}

export function encodeBase64(bytes: Buffer, layout: Layout, isEnded = false): Buffer {
  const text = Buffer.allocUnsafeSlow(base64Bytes(bytes.length, layout, isEnded));
  writeBase64(bytes, layout, text, isEnded);
  return text;
}

const CRLF = 0x0a0d;
/** Some 16 KB of text: it stays in the nearest cache until it is where it belongs. */
const LINES_AT_ONCE = 200;

/** In lines, into `text`, which is as long as `base64Bytes` says: asked for often, and for much. */
export function writeBase64(
  bytes: Buffer,
  { lineBytes, isCrlf }: Layout,
  text: Buffer,
  isEnded: boolean,
): void {
  const stride = lineBytes + (isCrlf ? 2 : 1);
  const perLine = (lineBytes / 4) * 3;
  const lines = Math.ceil(bytes.length / perLine);
  const ends = isEnded ? lines : lines - 1;
  const view = new DataView(text.buffer, text.byteOffset, text.length);
  for (let line = 0; line < lines; line += LINES_AT_ONCE) {
    const last = Math.min(lines, line + LINES_AT_ONCE);
    const flat = bytes.toString('base64', line * perLine, Math.min(bytes.length, last * perLine));
    const stop = last < lines ? last * stride : text.length;
    // Behind where its lines are to be; from there each comes forward, four octets at a time.
    let from = stop - flat.length;
    text.write(flat, from, 'latin1');
    let to = line * stride;
    for (let at = line; at < Math.min(last, ends); at++) {
      const end = Math.min(from + lineBytes, stop);
      for (; from < end; from += 4, to += 4) view.setUint32(to, view.getUint32(from, true), true);
      if (isCrlf) view.setUint16(to, CRLF, true);
      else view.setUint8(to, LF);
      to += isCrlf ? 2 : 1;
    }
  }
}
