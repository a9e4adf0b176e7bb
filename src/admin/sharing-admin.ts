/** What an administrator can do about mailboxes that an account shares. Each throws `nonexistent` when there is no such account. */
import type { RightsChange } from '../mailbox/model/rights.ts';

export type { RightsChange };

/** One mailbox, for one of those it is shared with. */
export interface Share {
  readonly mailbox: string;
  /** An address, `anyone`, or either with `-` in front: then the rights are taken. */
  readonly with: string;
  readonly rights: string;
}

/** What became of somebody's rights in one mailbox. */
export interface ChangedShare {
  /** Whom it is about, as in `Share`. */
  readonly with: string;
  readonly before: string;
  readonly rights: string;
  /** What an account may do there in any case, as a member of a list or as `anyone`; what is taken from it is left out. */
  readonly byOthers: readonly Pick<Share, 'with' | 'rights'>[];
}

export interface SharingAdmin {
  /** By mailbox and whom it is shared with. */
  sharesOf(address: string): Promise<readonly Share[]>;
  /** Gives or takes rights, and says which there were and are. Throws `nonexistent` (the mailbox, or whom), `cannot`, `limit`. */
  share(address: string, mailbox: string, who: string, change: RightsChange): Promise<ChangedShare>;
}
