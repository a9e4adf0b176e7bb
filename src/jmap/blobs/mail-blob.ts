/** The octets of a message or of one of its parts, as a blob: a part without its transfer encoding (RFC 8621 §4.1.4). */
import { TimeSlice } from '../../base/time-slice.ts';
import { partAt } from '../../mail/section.ts';
import { transferDecoder } from '../../mail/transfer-decoder.ts';
import type { TransferEncoding } from '../../mail/transfer-encoding.ts';
import type { Domain } from '../../mailbox/domain.ts';
import { type EmailId, emailId } from '../../mailbox/model/model.ts';
import type { ByteRange } from '../../mailbox/port/store.ts';
import { loadFacts, partsOf, streamRange } from '../../mailbox/reading/message-reader.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { loadPlaces } from '../../mailbox/state/load-places.ts';
import { mailBlobIn } from './blob-id.ts';

export interface Blob {
  /** Of what is opened; of a part that is encoded no more than that. */
  readonly mostBytes: number;
  /** From its beginning, as often as it is asked for. */
  open(): AsyncIterable<Buffer>;
}

export interface MailBlob extends Blob {
  readonly email: EmailId;
  readonly start: number;
  readonly end: number;
  /** What is taken off; one that nobody knows stays (RFC 8621 §4.1.4). */
  readonly encoding: TransferEncoding;
}

/** Undefined when there is no such message or part. An email is there as long as its octets are. */
export async function findMailBlob(
  domain: Domain,
  account: AccountState,
  blobId: string,
): Promise<MailBlob | undefined> {
  const name = mailBlobIn(blobId);
  if (name === undefined) return undefined;
  if (!(await mayBeRead(domain, account, name.email))) return undefined;
  const id = emailId(account.id, name.email);
  const [facts] = await loadFacts(domain, [id], ['parts']);
  if (facts?.parts === undefined) return undefined;
  const root = partsOf(facts, 0);
  const part = partAt(root, name.path);
  if (part === undefined || (name.path.length > 0 && part.kind === 'multipart')) return undefined;
  const isWhole = name.path.length === 0;
  const encoding = isWhole ? 'identity' : part.encoding;
  const range = { email: id, start: isWhole ? 0 : part.bodyStart, end: part.end };
  return {
    ...range,
    encoding,
    mostBytes: range.end - range.start,
    open: () => decoded(domain, range, encoding),
  };
}

/** A visitor reads what is in a mailbox that he may read; its owner also what was there a moment ago. */
async function mayBeRead(domain: Domain, account: AccountState, email: number): Promise<boolean> {
  if (account.visit === undefined) return true;
  await loadPlaces(domain, account);
  return (account.placements?.placesOf(email).length ?? 0) > 0;
}

async function* decoded(
  domain: Domain,
  range: ByteRange,
  encoding: TransferEncoding,
): AsyncGenerator<Buffer> {
  const decoder = transferDecoder(encoding);
  const slice = new TimeSlice();
  for await (const octets of streamRange(domain, range)) {
    const piece = decoder === undefined ? octets : decoder.write(octets);
    if (piece.length > 0) yield piece;
    const spent = slice.spent();
    if (spent !== undefined) await spent;
  }
  const last = decoder?.end();
  if (last !== undefined && last.length > 0) yield last;
}
