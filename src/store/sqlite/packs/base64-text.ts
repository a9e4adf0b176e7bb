/**
 * Base64 in messages: found by its layout (lines of the same length, a shorter last one), not by what a header says of it, and
 * taken for base64 only when encoding what it stands for makes the identical octets again.
 */
import { lineEncoder, MOST_AT_ONCE_BYTES } from './base64-lines.ts';
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

/** In lines, into `text`, which is as long as `base64Bytes` says: asked for often, and for much. */
export function writeBase64(bytes: Buffer, layout: Layout, text: Buffer, isEnded: boolean): void {
  const { lineBytes, isCrlf } = layout;
  const stride = lineBytes + (isCrlf ? 2 : 1);
  const perLine = (lineBytes / 4) * 3;
  const lines = Math.ceil(bytes.length / perLine);
  const ended = Math.min(isEnded ? lines : lines - 1, Math.floor(bytes.length / perLine));
  const line = writeFullLines(bytes, layout, text, ended);
  writeLines(bytes.subarray(line * perLine), layout, text.subarray(line * stride), isEnded);
}

/** Up to so many lines that are full and ended; gives how many, which may be none. */
function writeFullLines(bytes: Buffer, { lineBytes, isCrlf }: Layout, text: Buffer, lines: number): number {
  const stride = lineBytes + (isCrlf ? 2 : 1);
  const perLine = (lineBytes / 4) * 3;
  const encoder = lineEncoder();
  const atOnce = Math.floor(MOST_AT_ONCE_BYTES / stride);
  if (encoder === undefined || atOnce === 0) return 0;
  for (let line = 0; line < lines; line += atOnce) {
    const count = Math.min(atOnce, lines - line);
    encoder.input.set(bytes.subarray(line * perLine, (line + count) * perLine));
    encoder.encode(count, lineBytes, isCrlf);
    text.set(encoder.output.subarray(0, count * stride), line * stride);
  }
  return lines;
}

/** The same by V8, line by line: what is left, most often a last line. */
function writeLines(bytes: Buffer, { lineBytes, isCrlf }: Layout, text: Buffer, isEnded: boolean): void {
  const ending = isCrlf ? '\r\n' : '\n';
  const perLine = (lineBytes / 4) * 3;
  let to = 0;
  for (let from = 0; from < bytes.length; from += perLine) {
    const end = Math.min(bytes.length, from + perLine);
    to += text.write(bytes.toString('base64', from, end), to, 'latin1');
    if (isEnded || end < bytes.length) to += text.write(ending, to, 'latin1');
  }
}
