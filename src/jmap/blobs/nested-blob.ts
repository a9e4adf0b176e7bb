/**
 * Parts of messages that have no place of their own in what is stored: of a message that was uploaded, or that lies in another in a
 * transfer encoding. Email/parse names them (RFC 8621 §4.9) by the blob that was parsed and their numbers in it.
 *
 * They are found by reading the message they are in, which is held in memory for that.
 */
import { HeaderBlock } from '../../mail/header.ts';
import { type PartOffsets, PartScanner } from '../../mail/part.ts';
import { partAt } from '../../mail/section.ts';
import { transferDecoder } from '../../mail/transfer-decoder.ts';
import type { TransferEncoding } from '../../mail/transfer-encoding.ts';
import { type BlobFinder, heldBlob } from './find-blob.ts';
import { heldOctets, inPieces } from './held-octets.ts';

/** Of a larger one nothing is found. */
const MOST_BYTES = 64 * 1024 * 1024;
/** Of its beginning, which says whether it is a message. */
const HEAD_BYTES = 64 * 1024;
const FORM = /^(b[1-9]\d{0,9}|u[0-9a-f]{32})((?:-[1-9]\d{0,4}){1,100})$/;

/** As `find`, and parts that it does not know. */
export function withNestedParts(find: BlobFinder): BlobFinder {
  return async (domain, account, blobId, room) => {
    const known = await find(domain, account, blobId);
    const [, name, parts = ''] = known === undefined ? (FORM.exec(blobId) ?? []) : [];
    if (name === undefined) return known;
    const path = parts.split('-').slice(1).map(Number);
    for (let length = path.length - 1; length >= 0; length--) {
      const outer = await find(domain, account, [name, ...path.slice(0, length)].join('-'));
      if (outer === undefined) continue;
      if (outer.mostBytes > MOST_BYTES) return undefined;
      const octets = await partIn(await heldOctets(outer, room), path.slice(length));
      return octets && heldBlob(octets);
    }
    return undefined;
  };
}

/** Of a message in octets; a part that is a message in a transfer encoding is looked into. */
async function partIn(octets: Buffer, path: readonly number[]): Promise<Buffer | undefined> {
  if (!isMessage(octets)) return undefined;
  const root = await scanned(octets);
  for (let length = path.length; length > 0; length--) {
    const part = partAt(root, path.slice(0, length));
    if (part === undefined) continue;
    const rest = path.slice(length);
    if (part.kind === 'multipart' || (rest.length > 0 && part.kind !== 'leaf')) return undefined;
    const encoded = octets.subarray(part.bodyStart, part.end);
    const decoded = await decodedOctets(encoded, part.encoding);
    return rest.length === 0 ? decoded : partIn(decoded, rest);
  }
  return undefined;
}

/** It begins with a header field, or with the line that mbox has before one. */
export function isMessage(octets: Buffer): boolean {
  const header = new HeaderBlock(octets.subarray(0, HEAD_BYTES));
  if (header.count === 0) return false;
  return header.linesAt(0).start === 0 || octets.toString('latin1', 0, 5) === 'From ';
}

async function scanned(octets: Buffer): Promise<PartOffsets> {
  const scanner = new PartScanner();
  await inPieces(octets, (piece) => scanner.write(piece));
  return scanner.end();
}

async function decodedOctets(octets: Buffer, encoding: TransferEncoding): Promise<Buffer> {
  const decoder = transferDecoder(encoding);
  if (decoder === undefined) return octets;
  const pieces: Buffer[] = [];
  await inPieces(octets, (piece) => void pieces.push(decoder.write(piece)));
  return Buffer.concat([...pieces, decoder.end()]);
}
