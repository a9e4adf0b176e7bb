/**
 * The header fields in which mail programs keep their own notes inside an mbox: flags, keywords, lengths. They are facts
 * of the file, not of the message that was delivered, so an import reads them and takes them out.
 *
 * Our own exports put all of them first, led by `X-Brevduva-Mbox`, which says how many lines are ours and how the body
 * was written; of such a message exactly those lines are read and removed, whatever it begins with itself, be it fields
 * of the same names, white space that would continue our last one, or no header at all. So every octet comes back.
 */
import { CR, LF, latin1, startsWithFolded } from '../base/bytes.ts';
import { parseDateTime } from '../mail/date.ts';
import { canonicalKeyword, FLAG, foldKeyword, isKeyword } from '../mail/flags.ts';

export interface Marker {
  /** Lines of ours, the marker's own included. */
  readonly lines: number;
  readonly isRaw: boolean;
  /** The message does not end with a line end; the one in the file was added. */
  readonly lacksEnd: boolean;
}

export interface Bookkeeping {
  /** The header without the fields that were read. */
  readonly header: Buffer;
  readonly flags: number;
  readonly keywords: readonly string[];
  /** Deleted in the mail program, still in the file until it is compacted. */
  readonly isExpunged: boolean;
  /** Not mail: a note of the program that owns the file. */
  readonly isInternal: boolean;
  readonly marker: Marker | undefined;
  readonly contentLength: number | undefined;
  /** Of the topmost Received field, else of Date; seconds since 1970. */
  readonly date: number | undefined;
}

const MARKER = 'x-brevduva-mbox:';
const FIELDS = [
  'status:',
  'x-status:',
  'x-keywords:',
  'x-mozilla-status:',
  'x-mozilla-status2:',
  'x-mozilla-keys:',
  'x-uid:',
  'x-uidl:',
  'x-imap:',
  'x-imapbase:',
  'content-length:',
] as const;
type Field = (typeof FIELDS)[number];
/** Those that our exports write behind the marker. */
const OWN_FIELDS: readonly Field[] = ['status:', 'x-status:', 'x-keywords:'];
/** A hundred keywords as long as they may be are a fifth of this. */
const MAX_VALUE_BYTES = 64 * 1024;

const SEEN: ReadonlyMap<string, number> = new Map([
  ['R', FLAG.Seen],
  ['A', FLAG.Answered],
  ['F', FLAG.Flagged],
  ['T', FLAG.Draft],
  ['D', FLAG.Deleted],
]);

export function markerLine(marker: Marker): string {
  return `X-Brevduva-Mbox: v1 lines=${marker.lines} body=${marker.isRaw ? 'raw' : 'lf'} end=${marker.lacksEnd ? 'added' : 'own'}`;
}

/** `header` ends with the last field's line end; line ends of either kind. */
export function readBookkeeping(header: Buffer): Bookkeeping {
  const own = readOwn(header);
  if (own !== undefined) return own;
  const values = new Map<Field, string>();
  const kept: Buffer[] = [];
  let received: string | undefined;
  let date: string | undefined;
  let keptFrom = 0;
  for (let at = 0; at < header.length; ) {
    const end = fieldEnd(header, at);
    const field = bookkeepingField(header, at);
    if (field !== undefined && !values.has(field))
      values.set(field, fieldValue(header, at, field.length, end));
    if (received === undefined && startsWithFolded(header, at, 'received:'))
      received = fieldValue(header, at, 9, end);
    if (date === undefined && startsWithFolded(header, at, 'date:')) date = fieldValue(header, at, 5, end);
    if (field !== undefined) {
      if (at > keptFrom) kept.push(header.subarray(keptFrom, at));
      keptFrom = end;
    }
    at = end;
  }
  if (header.length > keptFrom) kept.push(header.subarray(keptFrom));
  return { header: Buffer.concat(kept), marker: undefined, date: dateOf(received, date), ...factsOf(values) };
}

function factsOf(values: ReadonlyMap<Field, string>) {
  let flags = 0;
  for (const letter of (values.get('status:') ?? '') + (values.get('x-status:') ?? ''))
    flags |= SEEN.get(letter) ?? 0;
  const mozilla = Number.parseInt(values.get('x-mozilla-status:') ?? '0', 16) || 0;
  if (mozilla & 0x0001) flags |= FLAG.Seen;
  if (mozilla & 0x0002) flags |= FLAG.Answered;
  if (mozilla & 0x0004) flags |= FLAG.Flagged;
  const words = `${values.get('x-keywords:') ?? ''} ${values.get('x-mozilla-keys:') ?? ''}`.split(
    /[ \t\r\n]+/,
  );
  if (mozilla & 0x1000) words.push('$Forwarded');
  const length = values.get('content-length:')?.trim() ?? '';
  return {
    flags,
    keywords: keywordsOf(words),
    isExpunged: (mozilla & 0x0008) !== 0,
    isInternal: values.has('x-imap:'),
    contentLength: /^\d{1,12}$/.test(length) ? Number(length) : undefined,
  };
}

/** Those that are keywords by the grammar, each once, in canonical spelling. */
export function keywordsOf(words: Iterable<string>): string[] {
  const found = new Map<string, string>();
  for (const word of words) {
    if (isKeyword(word) && !found.has(foldKeyword(word)))
      found.set(foldKeyword(word), canonicalKeyword(word));
  }
  return [...found.values()];
}

function bookkeepingField(header: Buffer, at: number): Field | undefined {
  const first = (header[at] ?? 0) | 0x20;
  if (first !== 0x73 && first !== 0x78 && first !== 0x63) return undefined;
  return FIELDS.find((field) => startsWithFolded(header, at, field));
}

/** Of a message that our export wrote; its date stands in the separator. */
function readOwn(header: Buffer): Bookkeeping | undefined {
  const marker = readMarker(header);
  if (marker === undefined) return undefined;
  const values = new Map<Field, string>();
  let at = lineEnd(header, 0);
  for (let line = 1; line < marker.lines; line++) {
    const field = OWN_FIELDS.find((name) => startsWithFolded(header, at, name));
    if (field === undefined || values.has(field)) return undefined;
    const end = lineEnd(header, at);
    values.set(field, fieldValue(header, at, field.length, end));
    at = end;
  }
  return { header: header.subarray(at), marker, date: undefined, ...factsOf(values) };
}

function readMarker(header: Buffer): Marker | undefined {
  if (!startsWithFolded(header, 0, MARKER)) return undefined;
  const value = fieldValue(header, 0, MARKER.length, lineEnd(header, 0));
  const match = /^v1 lines=(\d{1,2}) body=(lf|raw) end=(own|added)$/.exec(value);
  if (match === null) return undefined;
  return { lines: Number(match[1]), isRaw: match[2] === 'raw', lacksEnd: match[3] === 'added' };
}

function lineEnd(header: Buffer, start: number): number {
  const lf = header.indexOf(LF, start);
  return lf < 0 ? header.length : lf + 1;
}

/** Past the field's last line end, folded lines included. */
function fieldEnd(header: Buffer, start: number): number {
  let at = start;
  for (;;) {
    const lf = header.indexOf(LF, at);
    if (lf < 0) return header.length;
    at = lf + 1;
    const next = header[at];
    if (next !== 0x20 && next !== 0x09) return at;
  }
}

function fieldValue(header: Buffer, at: number, nameLength: number, end: number): string {
  return latin1(header, at + nameLength, Math.min(end, at + MAX_VALUE_BYTES)).trim();
}

function dateOf(received: string | undefined, date: string | undefined): number | undefined {
  const stamp = received?.slice(received.lastIndexOf(';') + 1);
  const fromReceived = stamp === undefined ? undefined : parseDateTime(stamp);
  return (fromReceived ?? (date === undefined ? undefined : parseDateTime(date)))?.seconds;
}

/**
 * Where the header of a message ends: behind its last field and before the empty line. A message without an empty line
 * is all header.
 */
export function headerEnd(message: Buffer): number {
  if (message[0] === LF || (message[0] === CR && message[1] === LF)) return 0;
  for (let lf = message.indexOf(LF); lf >= 0; lf = message.indexOf(LF, lf + 1)) {
    const next = message[lf + 1];
    if (next === LF || (next === CR && message[lf + 2] === LF)) return lf + 1;
  }
  return message.length;
}
