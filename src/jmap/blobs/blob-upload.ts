/**
 * Blob/upload (RFC 9404 §4.1): a blob put together from text, base64 and parts of other blobs, small ones without a request of
 * their own. A large file that was uploaded in slices becomes one here.
 */
import type { AccountState } from '../../mailbox/state/account.ts';
import { BLOB } from '../capabilities.ts';
import {
  id,
  list,
  mapOf,
  object,
  optional,
  readArguments,
  readTable,
  record,
  text,
  unsigned,
} from '../core/arguments.ts';
import { invalidProperties, MethodError, SetError } from '../core/fault.ts';
import { type JsonObject, orNull } from '../core/json.ts';
import type { Call, Method } from '../core/method.ts';
import { uploaderIn } from '../visitors.ts';
import type { BlobServices } from './blob-services.ts';
import { type BlobSource, blobRefusal, keepBlob } from './kept-blob.ts';
import { ReadingRoom } from './reading-room.ts';
import { mediaType } from './upload.ts';

export const MAX_DATA_SOURCES = 64;

const TABLE = { accountId: id, create: mapOf(object) };
const SOURCE = {
  'data:asText': optional(text),
  'data:asBase64': optional(text),
  blobId: optional(text),
  offset: optional(unsigned),
  length: optional(unsigned),
};
const OBJECT = { data: list(record(SOURCE)), type: optional(text) };
/** Without a group that repeats: of a text of megabytes that would be too much for the stack. */
const BASE64 = /^[A-Za-z0-9+/]*(={0,2})$/;

interface Source extends BlobSource {
  readonly sizeBytes: number;
}

export function blobUpload(services: BlobServices): Method {
  return {
    name: 'Blob/upload',
    capability: BLOB,
    async run(raw, call) {
      const { accountId, create } = readArguments(raw, TABLE);
      const account = await call.account(accountId);
      if (create.size > call.limits.maxObjectsInSet) throw new MethodError('requestTooLarge');
      const created = new Map<string, JsonObject>();
      const notCreated = new Map<string, JsonObject>();
      const room = ReadingRoom.ofObjects(call.limits);
      for (const [name, wanted] of create) {
        try {
          const made = await makeBlob(services, call, account, { wanted, room });
          created.set(name, made);
          call.created.set(name, made.id);
        } catch (error) {
          notCreated.set(name, blobRefusal(error).toAnswer());
        }
      }
      return {
        accountId,
        created: orNull(created),
        notCreated: orNull(notCreated),
      };
    },
  };
}

async function makeBlob(
  services: BlobServices,
  call: Call,
  account: AccountState,
  { wanted, room: reading }: { readonly wanted: JsonObject; readonly room: ReadingRoom },
): Promise<{ readonly id: string; readonly type: string | null; readonly size: number }> {
  const { values, faults } = readTable(wanted, OBJECT);
  if (faults.length > 0)
    throw invalidProperties(
      faults.map(({ name }) => name),
      faults[0]?.text,
    );
  const { data, type } = values;
  if (data.length > MAX_DATA_SOURCES) throw new SetError('tooLarge', `at most ${MAX_DATA_SOURCES} sources`);
  const sources: Source[] = [];
  for (const [index, one] of data.entries())
    sources.push(await sourceOf(one, { where: `data/${index}`, room: reading }, services, call, account));
  const size = sources.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (size > call.limits.maxSizeUpload) throw new SetError('tooLarge', 'the blob would be too large');
  const { id: blobId, sizeBytes } = await keepBlob(services, uploaderIn(account), size, sources);
  return { id: blobId, type: type === undefined ? null : mediaType(type), size: sizeBytes };
}

/** Throws `SetError` when it is none, or its blob is not there, or not so long. */
async function sourceOf(
  source: ReturnType<ReturnType<typeof record<typeof SOURCE>>>,
  { where, room }: { readonly where: string; readonly room: ReadingRoom },
  { findBlob }: BlobServices,
  call: Call,
  account: AccountState,
): Promise<Source> {
  const { 'data:asText': asText, 'data:asBase64': asBase64, blobId, offset = 0, length } = source;
  if ([asText, asBase64, blobId].filter((one) => one !== undefined).length !== 1)
    throw invalidProperties([where], 'one of data:asText, data:asBase64 and blobId');
  if (blobId === undefined) {
    if (asBase64 !== undefined && !isBase64(asBase64)) throw invalidProperties([`${where}/data:asBase64`]);
    const octets = asText === undefined ? Buffer.from(asBase64 ?? '', 'base64') : Buffer.from(asText);
    return { sizeBytes: octets.length, open: () => [octets] };
  }
  const blob = await findBlob(call.domain, account, call.created.resolve(blobId) ?? '', room);
  if (blob === undefined) throw new SetError('blobNotFound', undefined, { notFound: [blobId] });
  const whole = blob.sizeBytes ?? (await measured(room.metered(blob.open())));
  const end = length === undefined ? whole : offset + length;
  if (end > whole) throw invalidProperties([where], 'the blob is not so long');
  const open = () =>
    blob.sizeBytes === undefined
      ? cut(room.metered(blob.open()), offset, end)
      : room.metered(blob.range(offset, end));
  return { sizeBytes: end - offset, open };
}

/** RFC 4648 §4; padding may be left out. */
export function isBase64(text: string): boolean {
  const [, padding] = BASE64.exec(text) ?? [];
  if (padding === undefined) return false;
  const beyond = (text.length - padding.length) % 4;
  return beyond !== 1 && (padding === '' || padding.length + beyond === 4);
}

async function measured(pieces: AsyncIterable<Buffer>): Promise<number> {
  let size = 0;
  for await (const piece of pieces) size += piece.length;
  return size;
}

/** Octets `[start, end)` of what has to be read from its beginning. */
async function* cut(pieces: AsyncIterable<Buffer>, start: number, end: number): AsyncGenerator<Buffer> {
  let at = 0;
  for await (const piece of pieces) {
    const wanted = piece.subarray(Math.max(0, start - at), Math.max(0, end - at));
    at += piece.length;
    if (wanted.length > 0) yield wanted;
    if (at >= end) return;
  }
}
