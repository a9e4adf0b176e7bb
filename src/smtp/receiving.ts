/**
 * A message on its way from a client into the store's staging, with back-pressure. After a failure the rest of it is read and
 * thrown away, since the client listens only at its end. A message whose header is larger than headers may be
 * (`header-bounds.ts`) is refused for good.
 */
import { MailboxError } from '../mailbox/model/errors.ts';
import type { IncomingStream, Received } from '../mailbox/operations/incoming.ts';
import type { Reservation } from '../mailbox/operations/upload-budget.ts';
import { checkPartHeaders, HeaderBounds } from './header-bounds.ts';
import { REPLY } from './replies.ts';
import { ClientGone, type ReadMessage } from './role.ts';

/** Octets for which room is asked at a time. */
const RESERVED_AT_ONCE = 1024 * 1024;

/**
 * To its end, whatever is wrong with it; gives what it was refused for instead of throwing it. The reservation is made
 * larger as octets come; whoever made it, and opened `incoming`, releases and aborts. Throws `ClientGone`, and what `read` throws.
 */
export async function receiveInto(
  incoming: IncomingStream,
  reservation: Reservation,
  read: ReadMessage,
): Promise<Received | MailboxError> {
  const header = new HeaderBounds();
  const room = new Room(reservation);
  let failure: MailboxError | undefined;
  for (let isLast = false; !isLast; ) {
    const piece = await read();
    if (piece === undefined) throw new ClientGone('the connection ended in the middle of a message');
    isLast = piece.isLast;
    if (failure !== undefined) continue;
    try {
      header.look(piece.bytes);
      room.make(piece.bytes.length);
      await incoming.write(piece.bytes);
    } catch (error) {
      failure = asRefusable(error);
      incoming.abort();
      reservation.release();
    }
  }
  if (failure !== undefined) return failure;
  try {
    const received = await incoming.finish();
    checkPartHeaders(received.facts.sizeBytes, received.facts.parts);
    return received;
  } catch (error) {
    return asRefusable(error);
  }
}

/** A message that nobody here gets. Throws as `receiveInto` does. */
export async function readPast(read: ReadMessage): Promise<void> {
  for (;;) {
    const piece = await read();
    if (piece === undefined) throw new ClientGone('the connection ended in the middle of a message');
    if (piece.isLast) return;
  }
}

/** The place among all uploads that this one has, made larger in steps. */
class Room {
  readonly #reservation: Reservation;
  #left = 0;

  constructor(reservation: Reservation) {
    this.#reservation = reservation;
  }

  make(bytes: number): void {
    if (bytes > this.#left) {
      const more = Math.max(bytes - this.#left, RESERVED_AT_ONCE);
      this.#reservation.grow(more);
      this.#left += more;
    }
    this.#left -= bytes;
  }
}

function asRefusable(error: unknown): MailboxError {
  if (error instanceof MailboxError) return error;
  return new MailboxError('unavailable', REPLY.internalError.text.slice('4.3.0 '.length), { cause: error });
}
