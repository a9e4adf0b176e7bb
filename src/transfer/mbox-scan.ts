/**
 * Where the messages of an mbox lie:
 *
 * - A separator (`mbox-separator.ts`) stands at the start of the file or after an empty line.
 * - `Content-Length` (mboxcl2) is believed when exactly there a separator or the end of the file follows. Then nothing in
 *   the message was quoted and nothing is unquoted.
 * - The empty line before a separator belongs to it, not to the message.
 */
import { CR, LF, latin1 } from '../base/bytes.ts';
import { headerEnd, readBookkeeping } from './bookkeeping.ts';
import { compressionOf, MAGIC_BYTES } from './compression.ts';
import type { FileWindow } from './file-window.ts';
import { beginsHeader, readSeparator, type SeparatorLine } from './mbox-separator.ts';
import { UnreadableMessage } from './source.ts';

export interface MboxEntry {
  /** Of the separator line. */
  readonly offset: number;
  readonly start: number;
  readonly end: number;
  readonly isLengthProven: boolean;
  /** Seconds since 1970, of the separator or the header. */
  readonly date: number | undefined;
}

/** A header larger than this is read this far; its bookkeeping fields stand at either end in practice. */
export const MAX_HEADER_BYTES = 256 * 1024;
const MAX_LINE = 1024;
const NEWLINE_FROM = Buffer.from('\nFrom ');
/** Of a header that is looked at to tell a separator from a sentence. */
const LOOK_AHEAD = 4096;

/** In file order. Throws UnreadableMessage when the file is no mbox; an empty file is an mbox without messages. */
export function scanMbox(file: FileWindow): MboxEntry[] {
  const entries: MboxEntry[] = [];
  for (let at = firstSeparator(file), line = lineAt(file, at); at < file.sizeBytes; line = lineAt(file, at)) {
    const start = at + line.length;
    const separator = readSeparator(textOf(line));
    const view = file.view(start, MAX_HEADER_BYTES);
    const size = headerEnd(view);
    const notes = readBookkeeping(view.subarray(0, size));
    const stamp = separator?.date;
    const date = separator?.isWriteTime === true ? (notes.date ?? stamp) : (stamp ?? notes.date);
    const proven =
      notes.contentLength === undefined ? undefined : provenEnd(file, start, size, notes.contentLength);
    const next = proven?.next ?? nextSeparator(file, start);
    const end = proven?.end ?? withoutEmptyLine(file, start, next);
    entries.push({ offset: at, start, end, isLengthProven: proven !== undefined, date });
    at = next;
  }
  return entries;
}

function firstSeparator(file: FileWindow): number {
  const view = file.view(0, MAX_LINE);
  let at = view.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? 3 : 0;
  while (view[at] === LF || view[at] === CR) at++;
  if (at === file.sizeBytes) return at;
  const line = lineAt(file, at);
  const isMbox =
    separatorAt(file, at) !== undefined ||
    // Here nothing but a separator can begin with "From ", whatever else is in it.
    (latin1(line, 0, 5) === 'From ' && beginsHeader(ahead(file, at + line.length), 'some'));
  if (!isMbox) throw new UnreadableMessage(whyNoMbox(file));
  return at;
}

export function whyNoMbox(file: FileWindow): string {
  const compression = compressionOf(file.view(0, MAGIC_BYTES));
  return compression === undefined
    ? 'it does not begin with a "From " line: not an mbox'
    : `it is compressed by ${compression.name}; decompress it first`;
}

/** The line with its end, or its first part when it is longer than any separator. */
function lineAt(file: FileWindow, at: number): Buffer {
  const view = file.view(at, MAX_LINE);
  const lf = view.indexOf(LF);
  return Buffer.from(lf < 0 ? view : view.subarray(0, lf + 1));
}

function textOf(line: Buffer): string {
  return latin1(line, 0).trimEnd();
}

function ahead(file: FileWindow, at: number): string {
  return latin1(file.view(at, LOOK_AHEAD), 0);
}

function separatorAt(file: FileWindow, at: number): SeparatorLine | undefined {
  const line = lineAt(file, at);
  if (latin1(line, 0, 5) !== 'From ') return undefined;
  const separator = readSeparator(textOf(line));
  if (separator?.needsHeader === undefined) return separator;
  return beginsHeader(ahead(file, at + line.length), separator.needsHeader) ? separator : undefined;
}

function nextSeparator(file: FileWindow, start: number): number {
  for (let at = Math.max(0, start - 1); ; ) {
    const newline = file.indexOf(NEWLINE_FROM, at);
    if (newline < 0) return file.sizeBytes;
    if (isEmptyLineBefore(file, newline) && separatorAt(file, newline + 1) !== undefined) return newline + 1;
    at = newline + 1;
  }
}

/** Whether the LF at `newline` ends an empty line. */
function isEmptyLineBefore(file: FileWindow, newline: number): boolean {
  const from = Math.max(0, newline - 2);
  const before = file.view(from, newline - from);
  const last = before[before.length - 1];
  return last === LF || (last === CR && before[before.length - 2] === LF);
}

/** The empty line that ends the text before a separator, when there is one, is not part of the message. */
function withoutEmptyLine(file: FileWindow, start: number, next: number): number {
  const from = Math.max(start - 1, next - 4);
  const tail = latin1(file.view(from, next - from));
  if (tail.endsWith('\n\r\n')) return next - 2;
  if (tail.endsWith('\n\n')) return next - 1;
  return next;
}

function provenEnd(
  file: FileWindow,
  start: number,
  headerBytes: number,
  length: number,
): { end: number; next: number } | undefined {
  const gap = latin1(file.view(start + headerBytes, 2));
  const end = start + headerBytes + (gap.startsWith('\r\n') ? 2 : 1) + length;
  if (end > file.sizeBytes) return undefined;
  let next = end;
  for (let lines = 0; lines < 2 && next < file.sizeBytes; lines++) {
    if (separatorAt(file, next) !== undefined) return { end, next };
    const view = latin1(file.view(next, 2));
    if (view.startsWith('\n')) next += 1;
    else if (view === '\r\n') next += 2;
    else return undefined;
  }
  return next === file.sizeBytes || separatorAt(file, next) !== undefined ? { end, next } : undefined;
}
