/**
 * Delivery: one message that has come in, to the INBOX of each of its recipients. The bytes are stored once; every
 * recipient's copy has trace fields of its own in front of them (RFC 5321 §4.4), and the body is what was received.
 *
 * Each recipient's outcome is its own (RFC 2033 §4.2): neither a full mailbox nor one whose rows cannot be read, nor a bug
 * of ours, touches the others. `deliver` never throws: it would make the sender's server deliver again to those who have
 * their copy. An outcome `delivered` is durable. Appends run together, so that they share transactions and a sync.
 */

import { EMPTY } from '../../base/bytes.ts';
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import type { AccountId, Uid } from '../model/model.ts';
import { appendMessages } from './append.ts';
import type { Received } from './incoming.ts';
import { mailboxOf } from './mailboxes.ts';

export interface Recipient {
  readonly account: AccountId;
  /** As the sender wrote it, tag and all. */
  readonly address: string;
}

export type DeliveryOutcome =
  | { readonly kind: 'delivered'; readonly uid: Uid }
  | { readonly kind: 'refused'; readonly error: MailboxError };

/** Recipients at once: a few milliseconds of the event loop. */
const SLICE = 100;

/** Outcomes in the order of the recipients. `envelopeFrom` is empty for bounces; `fields` stand behind what is written here. */
export async function deliver(
  domain: Domain,
  recipients: readonly Recipient[],
  received: Received,
  envelopeFrom: string,
  fields: Buffer = EMPTY,
): Promise<DeliveryOutcome[]> {
  const outcomes: DeliveryOutcome[] = [];
  for (let at = 0; at < recipients.length; at += SLICE) {
    const slice = recipients.slice(at, at + SLICE);
    outcomes.push(
      ...(await Promise.all(slice.map((one) => deliverOne(domain, one, received, { envelopeFrom, fields })))),
    );
  }
  return outcomes;
}

async function deliverOne(
  domain: Domain,
  recipient: Recipient,
  received: Received,
  { envelopeFrom, fields }: { readonly envelopeFrom: string; readonly fields: Buffer },
): Promise<DeliveryOutcome> {
  try {
    const account = await domain.accounts.open(recipient.account);
    const { uids } = await appendMessages(domain, account, mailboxOf(account, 'INBOX'), [
      {
        ...received,
        prefix: Buffer.concat([traceFields(envelopeFrom, recipient.address), fields]),
        flags: 0,
        keywords: [],
        internalDate: undefined,
      },
    ]);
    return { kind: 'delivered', uid: uids[0] as Uid };
  } catch (error) {
    if (error instanceof MailboxError) return { kind: 'refused', error };
    domain.log.error({ err: error, accountId: recipient.account }, 'a delivery failed');
    const message = 'the mailbox cannot be opened; try again later';
    return { kind: 'refused', error: new MailboxError('unavailable', message, { cause: error }) };
  }
}

/** RFC 5321 §4.4 for Return-Path; Delivered-To is how people find out which of their addresses a message came to. */
function traceFields(envelopeFrom: string, address: string): Buffer {
  return Buffer.from(
    `Return-Path: <${oneLine(envelopeFrom)}>\r\nDelivered-To: ${oneLine(address)}\r\n`,
    'utf8',
  );
}

/** An address with a line break in it would write header fields of its own. */
function oneLine(address: string): string {
  return address.replace(/\p{Cc}/gu, '');
}
