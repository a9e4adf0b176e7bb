import type { Recipient } from '../mailbox/operations/deliver.ts';

export interface MailFrom {
  /** Empty for a bounce. */
  readonly from: string;
  readonly declaredBytes: number;
}

/** A recipient, and the account's own name. */
export interface NamedRecipient extends Recipient {
  readonly name: string;
  /** Who holds the account; absent: this process. */
  readonly holder?: string;
}

export interface Envelope {
  /** In the log and in the replies, so that both servers' logs can be laid side by side. */
  readonly id: string;
  /** Empty for a bounce. */
  readonly from: string;
  readonly recipients: readonly NamedRecipient[];
  readonly declaredBytes: number;
  /** Who delivers: for the log. */
  readonly session: string;
  readonly service: string;
  readonly remote: string;
}
