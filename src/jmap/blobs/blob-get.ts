/** Blob/get (RFC 9404 §4.2): small blobs and parts of large ones, their sizes and digests, within a request. */
import { createHash } from 'node:crypto';
import { BLOB } from '../capabilities.ts';
import { id, list, optional, readArguments, text, unsigned } from '../core/arguments.ts';
import { MethodError } from '../core/fault.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Method } from '../core/method.ts';
import type { BlobServices } from './blob-services.ts';
import type { FoundBlob } from './find-blob.ts';
import { ReadingRoom } from './reading-room.ts';

/** By their names in the registry of HTTP digests. */
export const DIGESTS: Readonly<Record<string, string>> = Object.freeze({
  sha: 'sha1',
  'sha-256': 'sha256',
  'sha-512': 'sha512',
});
const DATA = ['data', 'data:asText', 'data:asBase64'];
/** Of data in one answer. */
const MOST_DATA = 10_000_000;
const TABLE = {
  accountId: id,
  ids: optional(list(text)),
  properties: optional(list(text)),
  offset: optional(unsigned),
  length: optional(unsigned),
};

export function blobGet({ findBlob }: BlobServices): Method {
  return {
    name: 'Blob/get',
    capability: BLOB,
    async run(raw, call) {
      const { accountId, ids, properties = ['data', 'size'], offset, length } = readArguments(raw, TABLE);
      const account = await call.account(accountId);
      const wrong = properties.find((name) => !isProperty(name));
      if (wrong !== undefined)
        throw new MethodError('invalidArguments', 'no property of a blob', { arguments: ['properties'] });
      const blobIds = [...new Set(ids ?? [])];
      if (ids === undefined || blobIds.length > call.limits.maxObjectsInGet)
        throw new MethodError('requestTooLarge', 'name the blobs, not too many');
      const found: JsonObject[] = [];
      const notFound: string[] = [];
      const room: Room = { left: MOST_DATA, reading: ReadingRoom.ofMethod(call.limits) };
      for (const blobId of blobIds) {
        const blob = await findBlob(call.domain, account, call.created.resolve(blobId) ?? '', room.reading);
        if (blob === undefined) notFound.push(blobId);
        else found.push({ id: blobId, ...(await describe(blob, properties, { offset, length }, room)) });
      }
      return { accountId, list: found, notFound };
    },
  };
}

function isProperty(name: string): boolean {
  if (name === 'id' || name === 'size' || DATA.includes(name)) return true;
  return name.startsWith('digest:') && Object.hasOwn(DIGESTS, name.slice(7));
}

interface Range {
  readonly offset: number | undefined;
  readonly length: number | undefined;
}

/** What a call may still do. */
interface Room {
  /** Octets of data in the answer. */
  left: number;
  readonly reading: ReadingRoom;
}

/** One reading gives all that is wanted: of what has no size before it was read, to its end. */
async function describe(
  blob: FoundBlob,
  properties: readonly string[],
  { offset = 0, length }: Range,
  room: Room,
): Promise<JsonObject> {
  const wantsData = properties.some((name) => DATA.includes(name));
  const hashes = properties.flatMap((name) =>
    name.startsWith('digest:') ? [{ name, hash: createHash(DIGESTS[name.slice(7)] as string) }] : [],
  );
  const end = length === undefined ? Number.MAX_SAFE_INTEGER : offset + length;
  const pieces: Buffer[] = [];
  const take = (piece: Buffer): void => {
    for (const { hash } of hashes) hash.update(piece);
    if (!wantsData) return;
    room.left -= piece.length;
    if (room.left < 0)
      throw new MethodError('requestTooLarge', 'that is too much for one answer; ask for less');
    pieces.push(piece);
  };
  let size = blob.sizeBytes ?? 0;
  if (blob.sizeBytes === undefined) {
    for await (const piece of room.reading.metered(blob.open())) {
      const wanted = piece.subarray(Math.max(0, offset - size), Math.max(0, end - size));
      size += piece.length;
      if (wanted.length > 0) take(wanted);
    }
  } else if ((wantsData || hashes.length > 0) && offset < size) {
    const stretch = blob.range(offset, Math.min(end, size));
    for await (const piece of room.reading.metered(stretch)) take(piece);
  }
  const isTruncated = length !== undefined && offset + length > size;
  const out: Record<string, Json> = {};
  if (properties.includes('size')) out.size = size;
  for (const { name, hash } of hashes) out[name] = hash.digest('base64');
  if (wantsData) Object.assign(out, dataOf(Buffer.concat(pieces), properties));
  if (isTruncated || offset > size) out.isTruncated = true;
  return out;
}

/** Text where it is text, else base64 with a word about it (RFC 9404 §4.2). */
function dataOf(octets: Buffer, properties: readonly string[]): Record<string, Json> {
  const decoded = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let asText: string | null;
  try {
    asText = decoded.decode(octets);
  } catch {
    asText = null;
  }
  const wants = (name: string): boolean => properties.includes(name);
  const out: Record<string, Json> = {};
  if (wants('data:asText') || (wants('data') && asText !== null)) out['data:asText'] = asText;
  if (wants('data:asBase64') || (wants('data') && asText === null))
    out['data:asBase64'] = octets.toString('base64');
  if (asText === null && (wants('data') || wants('data:asText'))) out.isEncodingProblem = true;
  return out;
}
