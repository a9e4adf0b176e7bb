/**
 * What emails need of their messages for the properties that are asked for: facts that delivery computed, for many at once; where these do
 * not say it, the header is read, and no more than the header.
 */
import { TimeSlice } from '../../base/time-slice.ts';
import { HeaderBlock, MAX_PARSED_BYTES } from '../../mail/header.ts';
import { PartScanner } from '../../mail/part.ts';
import { selectFields, wantedFields } from '../../mail/stored-header.ts';
import type { Domain } from '../../mailbox/domain.ts';
import type { EmailFacts, FactPart } from '../../mailbox/model/facts.ts';
import { emailId } from '../../mailbox/model/model.ts';
import type { EmailRow } from '../../mailbox/query/email-rows.ts';
import { loadFacts, partsOf, readRanges } from '../../mailbox/reading/message-reader.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { mailBlobId } from '../blobs/blob-id.ts';
import type { MessageProperties } from './email-arguments.ts';
import { type MessageOctets, storedOctets } from './message-octets.ts';
import type { ViewedMessage } from './message-view.ts';

export interface LoadedMessage extends ViewedMessage {
  readonly row: EmailRow;
  /** What was asked for of it. */
  readonly header: HeaderBlock;
  readonly thread: number;
  readonly preview: string;
}

export interface LoadRequest {
  readonly properties: ReadonlySet<string>;
  readonly message: MessageProperties;
}

const BATCH = 200;
/** Of headers read at once. */
const READ_BYTES = 2 * 1024 * 1024;
const NO_HEADER = new HeaderBlock(Buffer.alloc(0));

export async function loadMessages(
  domain: Domain,
  account: AccountState,
  rows: readonly EmailRow[],
  request: LoadRequest,
): Promise<readonly LoadedMessage[]> {
  const loaded: LoadedMessage[] = [];
  const slice = new TimeSlice();
  for (let at = 0; at < rows.length; at += BATCH) {
    loaded.push(...(await loadSome(domain, account, rows.slice(at, at + BATCH), request)));
    const spent = slice.spent();
    if (spent !== undefined) await spent;
  }
  return loaded;
}

async function loadSome(
  domain: Domain,
  account: AccountState,
  rows: readonly EmailRow[],
  { properties, message }: LoadRequest,
): Promise<readonly LoadedMessage[]> {
  const wanted = wantedHeader(message);
  const needed: FactPart[] = [
    ...(properties.has('threadId') ? (['thread'] as const) : []),
    ...(properties.has('preview') ? (['preview'] as const) : []),
    ...(wanted instanceof Uint8Array ? (['header'] as const) : []),
    ...(wanted === 'whole' || message.body.size > 0 ? (['parts'] as const) : []),
  ];
  const ids = rows.map(({ email }) => emailId(account.id, email));
  const facts = needed.length === 0 ? [] : await loadFacts(domain, ids, needed);
  const headers = await headersOf(domain, account, rows, facts, wanted);
  const loaded: LoadedMessage[] = [];
  for (const [i, row] of rows.entries()) {
    const octets = storedOctets(domain, emailId(account.id, row.email), row.sizeBytes);
    const preview = properties.has('preview') ? (facts[i]?.preview ?? (await readPreview(octets))) : EMPTY;
    loaded.push({
      row,
      octets,
      header: headers[i] ?? NO_HEADER,
      parts: partsOf(facts[i], row.sizeBytes),
      thread: facts[i]?.thread ?? row.email,
      preview: preview.toString(),
      blobIdOf: (path) => mailBlobId(row.email, path),
    });
  }
  return loaded;
}

const EMPTY = Buffer.alloc(0);

/** The fields in the stored form, where it has them all. */
function wantedHeader({ headers, hasHeaderList }: MessageProperties): Uint8Array | 'whole' | undefined {
  if (hasHeaderList) return 'whole';
  if (headers.length === 0) return undefined;
  return wantedFields(headers.map(({ name }) => name)) ?? 'whole';
}

async function headersOf(
  domain: Domain,
  account: AccountState,
  rows: readonly EmailRow[],
  facts: readonly (EmailFacts | undefined)[],
  wanted: Uint8Array | 'whole' | undefined,
): Promise<readonly (HeaderBlock | undefined)[]> {
  if (wanted === undefined) return [];
  const headers = rows.map((_, i) => (wanted === 'whole' ? undefined : selected(facts[i]?.header, wanted)));
  const missing = headers.flatMap((header, i) => (header === undefined ? [i] : []));
  if (missing.length === 0) return headers;
  const ids = missing.map((i) => emailId(account.id, (rows[i] as EmailRow).email));
  const parts = wanted === 'whole' ? missing.map((i) => facts[i]) : await loadFacts(domain, ids, ['parts']);
  for (let at = 0; at < missing.length; ) {
    const ranges = [];
    const first = at;
    for (let bytes = 0; at < missing.length && bytes < READ_BYTES; at++) {
      const { sizeBytes } = rows[missing[at] as number] as EmailRow;
      const end = Math.min(partsOf(parts[at], sizeBytes).bodyStart, MAX_PARSED_BYTES);
      ranges.push({ email: ids[at] as (typeof ids)[0], start: 0, end });
      bytes += end;
    }
    const read = await readRanges(domain, ranges);
    for (const [i, octets] of read.entries()) headers[missing[first + i] as number] = new HeaderBlock(octets);
  }
  return headers;
}

function selected(stored: Buffer | undefined, wanted: Uint8Array): HeaderBlock | undefined {
  const pieces = stored === undefined ? undefined : selectFields(stored, wanted);
  return pieces && new HeaderBlock(pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces));
}

/** Of mail that an older version has stored, until the upkeep comes by. */
async function readPreview(octets: MessageOctets): Promise<Buffer> {
  const scanner = new PartScanner();
  const slice = new TimeSlice();
  for await (const piece of octets.stream({ start: 0, end: octets.sizeBytes })) {
    scanner.write(piece);
    const spent = slice.spent();
    if (spent !== undefined) await spent;
  }
  scanner.end();
  return Buffer.from(scanner.preview());
}
