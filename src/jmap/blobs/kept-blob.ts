/** Octets that are kept as a blob until they are used: within what their uploader may have, and what becomes of it otherwise. */
import { MailboxError } from '../../mailbox/model/errors.ts';
import type { AccountId } from '../../mailbox/model/model.ts';
import { SetError, setErrorOf } from '../core/fault.ts';
import type { BlobServices } from './blob-services.ts';

export interface BlobSource {
  open(): AsyncIterable<Buffer> | Iterable<Buffer>;
}

/** All of them, one behind the other; they have at most so many octets together. Throws MailboxError. */
export async function keepBlob(
  { keptUploads, uploads }: Pick<BlobServices, 'keptUploads' | 'uploads'>,
  uploader: AccountId,
  mostBytes: number,
  sources: readonly BlobSource[],
): Promise<{ readonly id: string; readonly sizeBytes: number }> {
  const room = uploads.reserve(uploader, mostBytes);
  try {
    const writer = await keptUploads.begin(uploader, mostBytes);
    try {
      for (const source of sources) for await (const piece of source.open()) await writer.write(piece);
      return await writer.finish();
    } catch (error) {
      await writer.abort();
      throw error;
    }
  } finally {
    room.release();
  }
}

/** Of one blob of a call. */
export function blobRefusal(error: unknown): SetError {
  if (error instanceof SetError) return error;
  if (error instanceof MailboxError) return setErrorOf(error);
  throw error;
}
