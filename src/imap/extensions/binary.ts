/**
 * BINARY (RFC 3516, RFC 9051 §6.4.5): parts of messages without their transfer encoding.
 *
 * What decodes to NUL octets is sent as literal8, everything else as an ordinary literal (RFC 3516 §4.3). A part in an
 * encoding that nobody knows is NIL and the command ends in NO [UNKNOWN-CTE]; what has no encoding (multiparts, messages)
 * is sent as it stands. A long part is decoded twice, once to learn how long it is and whether it has NUL in it, because
 * the length stands in front: time is cheaper than memory for thousands of slow readers.
 */
import type { PartOffsets } from '../../mail/part.ts';
import { partAt } from '../../mail/section.ts';
import { transferDecoder } from '../../mail/transfer-decoder.ts';
import { decodeTransfer, type TransferEncoding } from '../../mail/transfer-encoding.ts';
import { defineExtension } from '../extension.ts';
import { clipped, HELD_BYTES } from '../fetch/body-items.ts';
import { type FetchedMessage, fetchItem, type Octets, type Written } from '../item.ts';
import { no } from '../replies.ts';
import { type BinaryRequest, binaryRequest, sectionBinary } from '../wire/section.ts';
import type { WireWriter } from '../wire/writer.ts';

interface BinaryArgs extends BinaryRequest {
  /** `BINARY[1]<0> ` as the answer has it. */
  readonly label: string;
}

interface Encoded extends Octets {
  readonly encoding: TransferEncoding;
}

const NUL = 0;
/** A millisecond or two. */
const DECODED_AT_ONCE = 64 * 1024;

const binaryItem = (name: string, isPeek: boolean) =>
  fetchItem<BinaryArgs>({
    name,
    parse(c) {
      const request = binaryRequest(c);
      const origin = request.partial === undefined ? '' : `<${request.partial.offset}>`;
      return { ...request, label: `BINARY[${request.path.join('.')}]${origin} ` };
    },
    needs: () => ['parts'],
    setsSeen: () => !isPeek,
    reads: (message, { path }) => encodedAt(message, path),
    write: writeBinary,
  });

const sizeItem = fetchItem<readonly number[]>({
  name: 'BINARY.SIZE',
  parse: sectionBinary,
  needs: () => ['parts'],
  reads(message, path) {
    const encoded = encodedAt(message, path);
    return encoded?.encoding === 'identity' ? undefined : encoded;
  },
  write: writeSize,
});

export const binary = defineExtension({
  rfc: 'RFC 3516 BINARY',
  capabilities: () => ['BINARY'],
  fetchItems: [binaryItem('BINARY', false), binaryItem('BINARY.PEEK', true), sizeItem],
});

function encodedAt(message: FetchedMessage, path: readonly number[]): Encoded | undefined {
  if (path.length === 0) return { start: 0, end: message.record.size, encoding: 'identity' };
  const part: PartOffsets | undefined = partAt(message.parts, path);
  if (part === undefined) return undefined;
  return {
    start: part.bodyStart,
    end: part.end,
    encoding: part.kind === 'leaf' ? part.encoding : 'identity',
  };
}

function refuse(message: FetchedMessage): void {
  message.refuse(no('The transfer encoding of a part is not known here', 'UNKNOWN-CTE'));
}

/** Its label, and the octets decoded, or NIL. */
export async function writeBinary(
  out: WireWriter,
  message: FetchedMessage,
  { path, partial, label }: BinaryArgs,
): Promise<Written> {
  const encoded = encodedAt(message, path);
  if (encoded === undefined || encoded.encoding === 'unknown') {
    if (encoded !== undefined) refuse(message);
    out.ascii(label).nil();
    return undefined;
  }
  if (encoded.end - encoded.start > HELD_BYTES) {
    await writeLong(out, message, encoded, { path, ...(partial && { partial }), label });
    return undefined;
  }
  const bytes = await message.read(encoded.start, encoded.end);
  const decoded = decodeTransfer(bytes, encoded.encoding) as Buffer;
  const { start, end } = clipped({ start: 0, end: decoded.length }, partial);
  const sent = decoded.subarray(start, end);
  out.ascii(label);
  if (sent.length === 0) out.ascii('""');
  else if (sent.includes(NUL)) out.literal8Header(sent.length).raw(sent);
  else out.literal(sent);
  return undefined;
}

async function writeLong(
  out: WireWriter,
  message: FetchedMessage,
  encoded: Encoded,
  { partial, label }: BinaryArgs,
): Promise<void> {
  let sizeBytes = 0;
  for await (const piece of decodedPieces(message, encoded)) sizeBytes += piece.length;
  const window = clipped({ start: 0, end: sizeBytes }, partial);
  let hasNul = false;
  for await (const piece of windowed(decodedPieces(message, encoded), window)) {
    hasNul = piece.includes(NUL);
    if (hasNul) break;
  }
  const size = window.end - window.start;
  out.ascii(label);
  if (size === 0) {
    out.ascii('""');
    return;
  }
  if (hasNul) out.literal8Header(size);
  else out.literalHeader(size);
  for await (const piece of windowed(decodedPieces(message, encoded), window)) {
    out.raw(piece);
    const pause = message.breathe();
    if (pause !== undefined) await pause;
  }
}

async function writeSize(
  out: WireWriter,
  message: FetchedMessage,
  path: readonly number[],
): Promise<Written> {
  const encoded = encodedAt(message, path);
  if (encoded === undefined) return false;
  if (encoded.encoding === 'unknown') {
    refuse(message);
    return false;
  }
  let sizeBytes = 0;
  if (encoded.encoding === 'identity') sizeBytes = encoded.end - encoded.start;
  else if (encoded.end - encoded.start > HELD_BYTES) {
    for await (const piece of decodedPieces(message, encoded)) sizeBytes += piece.length;
  } else {
    const bytes = await message.read(encoded.start, encoded.end);
    sizeBytes = (decodeTransfer(bytes, encoded.encoding) as Buffer).length;
  }
  out.ascii(`BINARY.SIZE[${path.join('.')}] `).number(sizeBytes);
  return undefined;
}

async function* decodedPieces(
  message: FetchedMessage,
  { start, end, encoding }: Encoded,
): AsyncGenerator<Buffer> {
  const decoder = transferDecoder(encoding);
  if (decoder === undefined) return;
  for await (const slice of message.stream(start, end)) {
    for (let at = 0; at < slice.length; at += DECODED_AT_ONCE) {
      const piece = decoder.write(slice.subarray(at, at + DECODED_AT_ONCE));
      if (piece.length > 0) yield piece;
      const rest = message.rest();
      if (rest !== undefined) await rest;
    }
  }
  const last = decoder.end();
  if (last.length > 0) yield last;
}

/** The part of the pieces that lies in the window. */
async function* windowed(pieces: AsyncIterable<Buffer>, { start, end }: Octets): AsyncGenerator<Buffer> {
  let at = 0;
  for await (const piece of pieces) {
    const from = Math.max(start - at, 0);
    const to = Math.min(end - at, piece.length);
    if (to > from) yield piece.subarray(from, to);
    at += piece.length;
    if (at >= end) return;
  }
}
