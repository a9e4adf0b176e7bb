/**
 * Blob/copy (RFC 8620 §6.3). What was uploaded is its uploader's, wherever he uses it, and keeps its id; of what is in a mail the octets
 * are uploaded again.
 */
import { CORE } from '../capabilities.ts';
import { id, list, readArguments, text } from '../core/arguments.ts';
import { type CopyEnds, copyEnds } from '../core/copy-between.ts';
import { MethodError, SetError } from '../core/fault.ts';
import { type JsonObject, orNull } from '../core/json.ts';
import type { Call, Method } from '../core/method.ts';
import { uploaderIn } from '../visitors.ts';
import type { BlobServices } from './blob-services.ts';
import { blobRefusal, keepBlob } from './kept-blob.ts';
import { ReadingRoom } from './reading-room.ts';

const TABLE = { fromAccountId: id, accountId: id, blobIds: list(text) };

export function blobCopy(services: BlobServices): Method {
  return {
    name: 'Blob/copy',
    capability: CORE,
    async run(raw, call) {
      const { fromAccountId, accountId, blobIds } = readArguments(raw, TABLE);
      const ends = await copyEnds(call, fromAccountId, accountId);
      if (blobIds.length > call.limits.maxObjectsInSet)
        throw new MethodError('requestTooLarge', `at most ${call.limits.maxObjectsInSet} blobs at once`);
      const copied = new Map<string, string>();
      const notCopied = new Map<string, JsonObject>();
      const room = ReadingRoom.ofObjects(call.limits);
      for (const blobId of new Set(blobIds)) {
        try {
          copied.set(blobId, await copyOf(services, call, ends, { blobId, room }));
        } catch (error) {
          notCopied.set(blobId, blobRefusal(error).toAnswer());
        }
      }
      return { fromAccountId, accountId, copied: orNull(copied), notCopied: orNull(notCopied) };
    },
  };
}

async function copyOf(
  services: BlobServices,
  call: Call,
  { from, to }: CopyEnds,
  { blobId, room: reading }: { readonly blobId: string; readonly room: ReadingRoom },
): Promise<string> {
  const blob = await services.findBlob(call.domain, from, blobId, reading);
  if (blob === undefined) throw new SetError('notFound');
  if (/^u[0-9a-f]+$/.test(blobId)) return blobId;
  const { id: copied } = await keepBlob(services, uploaderIn(to), blob.mostBytes, [blob]);
  return copied;
}
