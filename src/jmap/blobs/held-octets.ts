/** Octets that are held in memory whole: of a blob, and looked at piece by piece. */
import { TimeSlice } from '../../base/time-slice.ts';
import type { ReadingRoom } from './reading-room.ts';

/** Looked at at once: some hundred microseconds. */
const PIECE_BYTES = 64 * 1024;

export async function heldOctets(
  blob: { open(): AsyncIterable<Buffer> },
  room?: ReadingRoom,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const read = room === undefined ? blob.open() : room.metered(blob.open());
  for await (const piece of read) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

/** Gives all of it to whoever looks, and others their turns in between. */
export async function inPieces(octets: Buffer, look: (piece: Buffer) => void): Promise<void> {
  const slice = new TimeSlice();
  for (let at = 0; at < octets.length; at += PIECE_BYTES) {
    look(octets.subarray(at, at + PIECE_BYTES));
    const spent = slice.spent();
    if (spent !== undefined) await spent;
  }
}
