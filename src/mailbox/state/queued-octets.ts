/**
 * How many octets of an account wait to leave. Counted in the store when it is asked for, and from then on what comes is added and what goes
 * is not taken away: so there are never more than is said here, and whoever finds too many counts once more, and has them exactly.
 */
import type { TranslatedStore } from '../port/translated-store.ts';
import { type AccountState, WritableAccount } from './account.ts';

/** Exactly those that there are, and what comes meanwhile. */
export async function countQueuedOctets(
  { store }: { readonly store: Pick<TranslatedStore, 'outgoing'> },
  account: AccountState,
): Promise<number> {
  const target = WritableAccount.of(account);
  const before = target.queuedSince;
  // What was added before is in the store then, or never will be.
  await target.unsettled?.catch(() => {});
  const counted = await store.outgoing.countOctets(account.id);
  target.queuedOctets = counted + target.queuedSince - before;
  return target.queuedOctets;
}

/** In the change that gives them to the queue. Undone it is more than there are. */
export function addQueuedOctets(account: AccountState, octets: number): void {
  const target = WritableAccount.of(account);
  target.queuedSince += octets;
  if (target.queuedOctets !== undefined) target.queuedOctets += octets;
}
