/** Mail that is to leave an account, and what became of it, for whoever tells its sender. */
import type { Domain } from '../domain.ts';
import type { Outgoing, OutgoingId, OutgoingLogEntry } from '../model/outgoing.ts';

type Reader = Pick<Domain, 'store'>;

/** In the order asked; undefined for what has ended. Keep them few. */
export function loadOutgoing(
  { store }: Reader,
  ids: readonly OutgoingId[],
): Promise<readonly (Outgoing | undefined)[]> {
  return store.outgoing.load(ids);
}

/** What happened to a message, in its order, the newest `limit`. */
export function loadOutgoingLog(
  { store }: Reader,
  id: OutgoingId,
  limit: number,
): Promise<readonly OutgoingLogEntry[]> {
  return store.outgoing.loadLog(id, limit);
}
