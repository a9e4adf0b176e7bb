/**
 * The header fields that clients list mail by, as they were sent, kept beside a message so that `BODY[HEADER.FIELDS (...)]`
 * reads no octet of the message and takes no header apart.
 *
 * Format: the number of entries as one octet; for each entry the number of its name and its length (one and two octets); then
 * the octets of all entries in the order of the message, whole lines with their folding. The last entry, of name 0, is the
 * blank line that ends the header, when there is one.
 *
 * Promises: what `select` gives for names of `NAMES` is octet for octet what `header-filter.ts` gives from the header
 * itself. A header whose fields do not fit is not stored at all, rather than in part. The numbers of names are stored: names are
 * only ever added, at the end.
 */

import { startsWithFolded } from '../base/bytes.ts';
import { foldAscii, HeaderBlock, isBlankLine, lineEnd } from './header.ts';

/**
 * What Thunderbird, Apple Mail, Outlook, K-9, mutt, Evolution, alpine, Roundcube and programs that synchronize ask for. No
 * Received, no signatures of relays: they are long, and nobody lists mail by them.
 */
const NAMES: readonly string[] =
  `from to cc bcc subject date message-id references in-reply-to reply-to sender
  content-type content-transfer-encoding content-disposition content-description content-language content-id
  content-location content-md5 content-class content-base mime-version
  priority x-priority x-msmail-priority importance sensitivity precedence
  newsgroups followup-to path lines keywords comments
  list-id list-post list-unsubscribe list-unsubscribe-post list-subscribe list-help list-archive list-owner
  mailing-list x-mailing-list x-list x-loop x-beenthere originator
  return-path delivered-to x-original-to envelope-to x-envelope-to
  mail-followup-to mail-reply-to disposition-notification-to return-receipt-to x-confirm-reading-to
  resent-from resent-to resent-cc resent-date resent-message-id resent-sender
  auto-submitted x-auto-response-suppress x-mailer user-agent x-newsreader organization
  x-label x-status status x-keywords x-uid x-tuid x-offlineimap x-draft-info x-mozilla-draft-info x-identity-key
  x-account-key x-mozilla-status x-mozilla-status2 x-mozilla-keys
  x-universally-unique-identifier x-uniform-type-identifier x-mail-created-date x-apple-mail-remote-attachments
  x-calendar-attachment x-evolution-source chat-version chat-group-id x-gm-thrid x-gm-labels
  x-spam-flag x-spam-score x-spam-level x-spam`.split(/\s+/);

const NUMBERS: ReadonlyMap<string, number> = new Map(NAMES.map((name, i) => [name, i + 1]));
/** By length and first letter: of most fields nothing need be compared. */
const BY_SHAPE: ReadonlyMap<number, readonly string[]> = Map.groupBy(NAMES, (name) =>
  shapeOf(name.length, name.charCodeAt(0)),
);
const BLANK_LINE = 0;

/** What lists show is a few hundred octets; beyond this it is a list of recipients. */
const MAX_STORED_BYTES = 16 * 1024;
const MAX_ENTRIES = 255;
const ENTRY_BYTES = 3;

/** Of a whole header; undefined when it does not fit. */
export function storedHeader(header: HeaderBlock): Buffer | undefined {
  const { bytes, fieldsEnd } = header;
  const isBlank = isBlankLine(bytes, fieldsEnd, bytes.length);
  if (fieldsEnd < bytes.length && !isBlank) return undefined;
  const entries: Entry[] = [];
  for (let i = 0; i < header.count; i++) {
    const { start, nameEnd, end } = header.linesAt(i);
    const name = numberOf(bytes, start, nameEnd);
    if (name > 0) entries.push({ name, bytes, start, end });
  }
  if (isBlank)
    entries.push({ name: BLANK_LINE, bytes, start: fieldsEnd, end: lineEnd(bytes, fieldsEnd, bytes.length) });
  return packed(entries);
}

/** The same of the same message with header fields, whole lines, in front. */
export function withFieldsInFront(stored: Buffer | undefined, prefix: Buffer): Buffer | undefined {
  const front = storedHeader(new HeaderBlock(prefix));
  return stored && front && packed([...entriesOf(front), ...entriesOf(stored)]);
}

/** 1 at the numbers of these names and of the blank line; undefined when one of them is not stored. */
export function wantedFields(names: readonly string[]): Uint8Array | undefined {
  const wanted = new Uint8Array(NAMES.length + 1);
  wanted[BLANK_LINE] = 1;
  for (const name of names) {
    const number = NUMBERS.get(foldAscii(name));
    if (number === undefined) return undefined;
    wanted[number] = 1;
  }
  return wanted;
}

/** The wanted fields as they stand, in pieces; undefined when the stored octets are not what `storedHeader` makes. */
export function selectFields(stored: Buffer, wanted: Uint8Array): Buffer[] | undefined {
  const count = stored[0];
  if (count === undefined) return undefined;
  const out: Buffer[] = [];
  let at = 1 + count * ENTRY_BYTES;
  let from = at;
  let isOpen = false;
  for (let entry = 1; entry < 1 + count * ENTRY_BYTES; entry += ENTRY_BYTES) {
    const name = stored[entry];
    const size = (stored[entry + 1] ?? 0) | ((stored[entry + 2] ?? 0) << 8);
    const isWanted = name !== undefined && wanted[name] === 1;
    if (isWanted && !isOpen) from = at;
    if (isOpen && !isWanted) out.push(stored.subarray(from, at));
    isOpen = isWanted;
    at += size;
  }
  if (at !== stored.length) return undefined;
  if (isOpen) out.push(stored.subarray(from, at));
  return out;
}

/** A field's lines in the octets they are in. */
interface Entry {
  readonly name: number;
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

function shapeOf(length: number, firstLetter: number): number {
  return length * 32 + (firstLetter & 31);
}

/** 0 for a field that is not stored. */
function numberOf(bytes: Buffer, start: number, end: number): number {
  const candidates = BY_SHAPE.get(shapeOf(end - start, bytes[start] as number));
  const name = candidates?.find((candidate) => startsWithFolded(bytes, start, candidate));
  return name === undefined ? 0 : (NUMBERS.get(name) as number);
}

function packed(entries: readonly Entry[]): Buffer | undefined {
  let size = 0;
  for (const { start, end } of entries) size += end - start;
  if (entries.length > MAX_ENTRIES || size > MAX_STORED_BYTES) return undefined;
  const out = Buffer.allocUnsafe(1 + entries.length * ENTRY_BYTES + size);
  out[0] = entries.length;
  let entry = 1;
  let at = 1 + entries.length * ENTRY_BYTES;
  for (const { name, bytes, start, end } of entries) {
    out[entry] = name;
    out[entry + 1] = (end - start) & 0xff;
    out[entry + 2] = (end - start) >> 8;
    entry += ENTRY_BYTES;
    at += bytes.copy(out, at, start, end);
  }
  return out;
}

function* entriesOf(stored: Buffer): Generator<Entry> {
  const count = stored[0] ?? 0;
  let start = 1 + count * ENTRY_BYTES;
  for (let entry = 1; entry < 1 + count * ENTRY_BYTES; entry += ENTRY_BYTES) {
    const end = start + stored.readUInt16LE(entry + 1);
    yield { name: stored[entry] as number, bytes: stored, start, end };
    start = end;
  }
}
