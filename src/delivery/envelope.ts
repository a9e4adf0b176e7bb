import type { Recipient } from '../mailbox/operations/deliver.ts';
import type { MailParameters, RecipientParameters } from '../smtp/parameters.ts';

export interface MailFrom {
  /** Empty for a bounce. */
  readonly from: string;
  readonly declaredBytes: number;
  readonly parameters: MailParameters;
}

/** A recipient, and the account's own name. */
export interface NamedRecipient extends Recipient {
  readonly parameters: RecipientParameters;
  readonly name: string;
  /** Who holds the account; absent: this process. */
  readonly holder?: string;
  /** Addresses elsewhere, to which the account passes it on; it gets no copy itself for them. */
  readonly forwards?: readonly string[];
}

export interface Envelope extends MailFrom {
  /** In the log and in the replies, so that both servers' logs can be laid side by side. */
  readonly id: string;
  readonly recipients: readonly NamedRecipient[];
  /** Who delivers: for the log. */
  readonly session: string;
  readonly service: string;
  readonly remote: string;
}
