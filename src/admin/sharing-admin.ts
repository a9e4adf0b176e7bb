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

export interface SharingAdmin {
  /** By mailbox and whom it is shared with. */
  sharesOf(address: string): Promise<readonly Share[]>;
  /** Gives or takes rights, and says which there are now. Throws `nonexistent` (the mailbox, or whom), `cannot`, `limit`. */
  share(address: string, mailbox: string, who: string, change: RightsChange): Promise<string>;
}
