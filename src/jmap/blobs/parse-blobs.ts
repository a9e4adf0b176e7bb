/** Blobs that a method reads as something (RFC 8621 §4.9, RFC 9007 §2.2): held in memory while they are looked at, one at a time. */
import type { AccountState } from '../../mailbox/state/account.ts';
import { id, list, text } from '../core/arguments.ts';
import { MethodError } from '../core/fault.ts';
import { type JsonObject, orNull } from '../core/json.ts';
import type { Call } from '../core/method.ts';
import type { BlobFinder } from './find-blob.ts';
import { heldOctets } from './held-octets.ts';
import { ReadingRoom } from './reading-room.ts';

export const PARSE_ARGUMENTS = { accountId: id, blobIds: list(text) };
/** Of all blobs of a call. */
const MOST_BYTES = 64 * 1024 * 1024;

/** `parse`: undefined of what is none. */
export async function parseBlobs(
  findBlob: BlobFinder,
  call: Call,
  account: AccountState,
  asked: readonly string[],
  parse: (octets: Buffer, blobId: string) => Promise<JsonObject | undefined>,
): Promise<JsonObject> {
  const blobIds = [...new Set(asked)];
  if (blobIds.length > call.limits.maxObjectsInGet)
    throw new MethodError('requestTooLarge', `at most ${call.limits.maxObjectsInGet} blobs at once`);
  const parsed = new Map<string, JsonObject>();
  const notParsable: string[] = [];
  const notFound: string[] = [];
  const room = ReadingRoom.ofMethod(call.limits);
  let left = MOST_BYTES;
  for (const blobId of blobIds) {
    const blob = await findBlob(call.domain, account, blobId, room);
    if (blob === undefined) {
      notFound.push(blobId);
      continue;
    }
    left -= blob.mostBytes;
    if (left < 0) throw new MethodError('requestTooLarge', 'the blobs are too large to be parsed at once');
    const one = await parse(await heldOctets(blob), blobId);
    if (one === undefined) notParsable.push(blobId);
    else parsed.set(blobId, one);
  }
  return {
    parsed: orNull(parsed),
    notParsable: notParsable.length === 0 ? null : notParsable,
    notFound: notFound.length === 0 ? null : notFound,
  };
}
