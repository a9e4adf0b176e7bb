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

import { latin1 } from '../base/bytes.ts';
import { colonOf, fieldEnd, foldAscii, isBlankLine, lineEnd, nameEnd } from './header.ts';

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
const LONGEST_NAME = NAMES.reduce((longest, name) => Math.max(longest, name.length), 0);
const BLANK_LINE = 0;

/** What lists show is a few hundred octets; beyond this it is a list of recipients. */
const MAX_STORED_BYTES = 16 * 1024;
const MAX_ENTRIES = 255;
const ENTRY_BYTES = 3;

/** Of a whole header; undefined when it does not fit. */
export function storedHeader(header: Buffer): Buffer | undefined {
  const entries: Entry[] = [];
  for (let at = 0; at < header.length; ) {
    if (isBlankLine(header, at, header.length)) {
      entries.push({ name: BLANK_LINE, octets: header.subarray(at, lineEnd(header, at, header.length)) });
      break;
    }
    const end = fieldEnd(header, at, header.length);
    const name = numberOf(header, at, end);
    if (name > 0) entries.push({ name, octets: header.subarray(at, end) });
    at = end;
  }
  return packed(entries);
}

/** The same of the same message with header fields, whole lines, in front. */
export function withFieldsInFront(stored: Buffer | undefined, prefix: Buffer): Buffer | undefined {
  const front = storedHeader(prefix);
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

interface Entry {
  readonly name: number;
  readonly octets: Buffer;
}

function numberOf(header: Buffer, at: number, end: number): number {
  const colon = colonOf(header, at, end);
  if (colon < 0) return -1;
  const nameStop = nameEnd(header, at, colon);
  if (nameStop - at > LONGEST_NAME) return -1;
  return NUMBERS.get(foldAscii(latin1(header, at, nameStop))) ?? -1;
}

function packed(entries: readonly Entry[]): Buffer | undefined {
  const size = entries.reduce((sum, { octets }) => sum + octets.length, 0);
  if (entries.length > MAX_ENTRIES || size > MAX_STORED_BYTES) return undefined;
  const out = Buffer.allocUnsafe(1 + entries.length * ENTRY_BYTES + size);
  out[0] = entries.length;
  let at = 1 + entries.length * ENTRY_BYTES;
  for (const [i, { name, octets }] of entries.entries()) {
    out[1 + i * ENTRY_BYTES] = name;
    out.writeUInt16LE(octets.length, 2 + i * ENTRY_BYTES);
    octets.copy(out, at);
    at += octets.length;
  }
  return out;
}

function* entriesOf(stored: Buffer): Generator<Entry> {
  const count = stored[0] ?? 0;
  let at = 1 + count * ENTRY_BYTES;
  for (let i = 0; i < count; i++) {
    const size = stored.readUInt16LE(2 + i * ENTRY_BYTES);
    yield { name: stored[1 + i * ENTRY_BYTES] as number, octets: stored.subarray(at, at + size) };
    at += size;
  }
}
