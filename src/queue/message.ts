/**
 * The octets of a message that leaves: the header as it is to be, signed, and the email's body, with lines that end with CRLF. They
 * are read from the store when they are sent, in pieces; what is small is read once. Signing takes a reading of its own.
 *
 * Signed twice, a message has the same octets both times: the signature says when the message was accepted.
 */
import { isAscii } from 'node:buffer';
import { parseAddressList } from '../mail/address.ts';
import { HeaderBlock } from '../mail/header.ts';
import type { Domain } from '../mailbox/domain.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { OutgoingRow } from '../mailbox/model/outgoing.ts';
import { saysDmarcPass, sealHeader } from '../message-auth/seal.ts';
import { MessageSigner, type SigningKey } from '../message-auth/sign.ts';
import { LineEnds } from './client/dot-stuffing.ts';

/** The keys with which mail from a domain is signed; none for one that is not ours. */
export type KeysOf = (domain: string) => Promise<readonly SigningKey[]> | readonly SigningKey[];

export interface DepartingMessage {
  /** As they leave. */
  readonly sizeBytes: number;
  /** There are octets above 127 in it (RFC 6152). */
  readonly isEightBit: boolean;
  /** Without the blank line behind it. */
  readonly header: Buffer;
  octets(): AsyncIterable<Buffer>;
}

const SMALL_BYTES = 256 * 1024;
const MAX_HEADER_BYTES = 1024 * 1024;
const BLANK_LINE = '\r\n\r\n';

export interface Signing {
  readonly keysOf: KeysOf;
  /** Signs what is not from a domain of ours and leaves in our name all the same: what is passed on, and reports. */
  readonly ownDomain: string;
  /** The name under which we have said what was found out about mail that came (RFC 8601): what is passed on is sealed with it. */
  readonly sealsAs: string;
}

export const UNSIGNED: Signing = Object.freeze({ keysOf: () => [], ownDomain: '', sealsAs: '' });

/** Throws MailboxError `damaged` when its octets are lost, `unavailable`. */
export async function departingMessage(
  { store }: Pick<Domain, 'store'>,
  row: OutgoingRow,
  signing: Signing,
): Promise<DepartingMessage> {
  const unsigned = () => asItLeaves(octetsOf(store, row));
  const kept = await readSmall(unsigned());
  const again = kept === undefined ? unsigned : () => pieces(kept);
  const header = await headerOf(again());
  const keys = await keysFor(row, header, signing);
  const sealer = await sealerFor(row, signing);
  const signer = keys.length > 0 || sealer !== undefined ? new MessageSigner(header) : undefined;
  let sizeBytes = 0;
  let isEightBit = false;
  let toSkip = header.length + BLANK_LINE.length / 2;
  for await (const piece of again()) {
    sizeBytes += piece.length;
    isEightBit ||= !isAscii(piece);
    const body = piece.subarray(Math.min(toSkip, piece.length));
    toSkip -= piece.length - body.length;
    if (body.length > 0) signer?.update(body);
  }
  const hash = signer?.bodyHash ?? '';
  const seal = sealer === undefined ? '' : await sealer(header, hash);
  const signature = Buffer.from(seal + ((await signer?.finish(keys, row.createdMs)) ?? ''), 'latin1');
  return {
    sizeBytes: sizeBytes + signature.length,
    isEightBit,
    header,
    async *octets() {
      if (signature.length > 0) yield signature;
      yield* again();
    },
  };
}

async function keysFor(
  { kind }: OutgoingRow,
  header: Buffer,
  { keysOf, ownDomain, sealsAs }: Signing,
): Promise<readonly SigningKey[]> {
  // It came from elsewhere, and goes into a mailbox.
  if (kind === 'retry') return [];
  // Readers differ about whose it is; a proof that it is ours would be one for each of them.
  if (kind === 'forward' && new HeaderBlock(header).all('from').length > 1) return [];
  const author = fromDomain(header);
  if (kind === 'forward' && !saysDmarcPass(header, sealsAs))
    return isAligned(author, ownDomain) ? [] : keysOf(ownDomain);
  const keys = await keysOf(author);
  return keys.length > 0 || kind === 'sent' ? keys : keysOf(ownDomain);
}

/** A signature of the one would prove the other (RFC 9989, relaxed alignment). */
function isAligned(author: string, own: string): boolean {
  return author === own || author.endsWith(`.${own}`) || (author.includes('.') && own.endsWith(`.${author}`));
}

/** Whoever trusts us can believe what is passed on, although our hop breaks SPF (RFC 8617). */
async function sealerFor(
  { kind, createdMs: nowMs }: OutgoingRow,
  { keysOf, ownDomain, sealsAs: hostname }: Signing,
): Promise<((header: Buffer, bodyHash: string) => Promise<string>) | undefined> {
  if (kind !== 'forward' || hostname === '') return undefined;
  const keys = await keysOf(ownDomain);
  const key = keys.find((one) => one.key.asymmetricKeyType === 'rsa') ?? keys[0];
  return key && ((header, bodyHash) => sealHeader(header, bodyHash, { hostname, key, nowMs }));
}

/** Undefined when it is not small. */
async function readSmall(octets: AsyncIterable<Buffer>): Promise<readonly Buffer[] | undefined> {
  const kept: Buffer[] = [];
  let bytes = 0;
  for await (const piece of octets) {
    bytes += piece.length;
    if (bytes > SMALL_BYTES) return undefined;
    kept.push(piece);
  }
  return kept;
}

async function* pieces(kept: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* kept;
}

async function* octetsOf(store: Domain['store'], row: OutgoingRow): AsyncGenerator<Buffer> {
  if (row.header !== undefined) yield row.header;
  const range = { email: row.email, start: row.bodyFrom, end: Number.MAX_SAFE_INTEGER };
  yield* store.readStream(range);
}

async function* asItLeaves(octets: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const lines = new LineEnds();
  for await (const piece of octets) yield lines.push(piece);
  yield lines.end();
}

/** With the end of its last line. Throws MailboxError `damaged` for what has no header that ends. */
async function headerOf(octets: AsyncIterable<Buffer>): Promise<Buffer> {
  let read = Buffer.alloc(0);
  for await (const piece of octets) {
    const from = Math.max(0, read.length - BLANK_LINE.length);
    read = Buffer.concat([read, piece]);
    if (read.subarray(0, 2).toString() === '\r\n') return read.subarray(0, 0);
    const end = read.indexOf(BLANK_LINE, from);
    if (end >= 0) return read.subarray(0, end + 2);
    if (read.length > MAX_HEADER_BYTES)
      throw new MailboxError('damaged', 'the header of the message does not end');
  }
  return read;
}

/** Of the first mailbox in From, in ASCII letters of one case; empty when there is none. */
function fromDomain(header: Buffer): string {
  const from = new HeaderBlock(header).find('from');
  const [first] = from === undefined ? [] : parseAddressList(from);
  return (first?.host ?? '').toLowerCase();
}
