/**
 * Where the messages of an mbox lie. The format has no definition but its readers (RFC 4155), so these are our rules:
 *
 * - A separator is a line that begins with `From `, stands at the start of the file or after an empty line, and goes on
 *   with a date, or (Thunderbird) with nothing when a header field follows. A sentence "From here on ..." is none.
 * - `Content-Length` (mboxcl2) is believed when exactly there a separator or the end of the file follows. Then nothing in
 *   the message was quoted and nothing is unquoted.
 * - The empty line before a separator belongs to it, not to the message.
 */
import { CR, LF, latin1 } from '../base/bytes.ts';
import { parseDateTime } from '../mail/date.ts';
import { headerEnd, readBookkeeping } from './bookkeeping.ts';
import type { FileWindow } from './file-window.ts';
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
const DAY = / (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +/g;

/** In file order. Throws UnreadableMessage when the file is no mbox; an empty file is an mbox without messages. */
export function scanMbox(file: FileWindow): MboxEntry[] {
  const entries: MboxEntry[] = [];
  let at = firstSeparator(file);
  while (at < file.sizeBytes) {
    const line = lineAt(file, at);
    const start = at + line.length;
    const stamp = separatorDate(line);
    const view = file.view(start, MAX_HEADER_BYTES);
    const size = headerEnd(view);
    const notes = readBookkeeping(view.subarray(0, size));
    // "From - <date>" is when Thunderbird wrote the file; when the mail came stands in its header.
    const isWriteTime = line.subarray(0, 7).toString('latin1') === 'From - ';
    const date = isWriteTime ? (notes.date ?? stamp) : (stamp ?? notes.date);
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
  if (!isSeparator(file, at))
    throw new UnreadableMessage('it does not begin with a "From " line: not an mbox');
  return at;
}

/** The line with its end, or its first part when it is longer than any separator. */
function lineAt(file: FileWindow, at: number): Buffer {
  const view = file.view(at, MAX_LINE);
  const lf = view.indexOf(LF);
  return Buffer.from(lf < 0 ? view : view.subarray(0, lf + 1));
}

function isSeparator(file: FileWindow, at: number): boolean {
  const line = lineAt(file, at);
  if (latin1(line, 0, 5) !== 'From ') return false;
  if (separatorDate(line) !== undefined) return true;
  if (latin1(line, 5).trim() !== '') return false;
  return /^[!-9;-~]{1,76}:/.test(latin1(file.view(at + line.length, 80)));
}

/** `From alice@example.com Tue Nov 24 20:47:47 2026`, with or without a zone, whatever stands for the sender. */
function separatorDate(line: Buffer): number | undefined {
  const text = latin1(line, 4).trimEnd();
  let day = -1;
  for (const match of text.matchAll(DAY)) day = match.index;
  return day < 0 ? undefined : parseDateTime(text.slice(day + 1))?.seconds;
}

function nextSeparator(file: FileWindow, start: number): number {
  for (let at = Math.max(0, start - 1); ; ) {
    const newline = file.indexOf(NEWLINE_FROM, at);
    if (newline < 0) return file.sizeBytes;
    if (isEmptyLineBefore(file, newline) && isSeparator(file, newline + 1)) return newline + 1;
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
    if (isSeparator(file, next)) return { end, next };
    const view = latin1(file.view(next, 2));
    if (view.startsWith('\n')) next += 1;
    else if (view === '\r\n') next += 2;
    else return undefined;
  }
  return next === file.sizeBytes || isSeparator(file, next) ? { end, next } : undefined;
}
