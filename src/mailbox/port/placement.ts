/**
 * Who holds an account. Exactly one process does: it has the account in memory, serves its sessions and changes its mail. Whoever
 * accepted a connection signs it in, asks here, and passes octets when it is somebody else.
 *
 * The answer may be old by the time it is used: whoever is asked for an account that it does not hold says so, and what it
 * writes of one is refused by the store (`fenced`).
 */
import type { AccountId } from '../model/model.ts';

export type Place =
  | { readonly kind: 'here' }
  /** `holder` is a name that the relay knows. */
  | { readonly kind: 'elsewhere'; readonly holder: string }
  /** Nobody holds it at this moment. */
  | { readonly kind: 'nowhere' };

export interface Placement {
  /** From what is known; it never waits. */
  locate(account: AccountId): Place;
}

const HERE: Place = Object.freeze({ kind: 'here' });

/** For the one process that holds everything. */
export const EVERYTHING_HERE: Placement = Object.freeze({ locate: () => HERE });
