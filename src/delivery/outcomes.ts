/** What became of a message for one recipient: what the sender's server is told, and what the log and the account's activity say. */
import type { Activity } from '../identity/activity.ts';
import type { MailboxError } from '../mailbox/model/errors.ts';
import type { DeliveryOutcome } from '../mailbox/operations/deliver.ts';
import type { Received } from '../mailbox/operations/incoming.ts';
import { type OverQuota, rejection, replyToSender } from '../smtp/replies.ts';
import type { Reply } from '../smtp/reply.ts';
import type { Envelope, NamedRecipient } from './envelope.ts';

export type Outcome =
  | DeliveryOutcome
  /** The queue has it, for elsewhere. */
  | { readonly kind: 'passed on' }
  /** The queue has it, for a mailbox here. */
  | { readonly kind: 'queued'; readonly reason: string }
  /** The queue has it, since the recipient could not take it now. */
  | { readonly kind: 'for later'; readonly error: MailboxError };

export function answerTo(outcome: Outcome, address: string, overQuota: OverQuota): Reply {
  switch (outcome.kind) {
    case 'delivered':
      return { code: 250, text: `2.0.0 ${printable(address)} delivered` };
    case 'passed on':
      return { code: 250, text: `2.1.5 ${printable(address)} passed on` };
    case 'queued':
    case 'for later':
      return { code: 250, text: `2.0.0 ${printable(address)} kept for later` };
    case 'refused':
      return replyToSender(outcome.error, overQuota);
    case 'rejected':
      return rejection(outcome.reason);
  }
}

/** In the log and in the account's activity. */
export function report(
  activity: Activity,
  { id, session, service, remote, from }: Pick<Envelope, 'id' | 'session' | 'service' | 'remote' | 'from'>,
  { name, address: to, forwards }: Pick<NamedRecipient, 'name' | 'address' | 'forwards'>,
  {
    received,
    ms,
    verdict,
  }: { readonly received: Received; readonly ms: number; readonly verdict: string | undefined },
  outcome: Outcome,
): void {
  const about = {
    ...{ id, session, service, remote, from, to, sizeBytes: received.facts.sizeBytes },
    ...namesOf(received),
    ...(verdict === undefined ? {} : { verdict }),
  };
  switch (outcome.kind) {
    case 'delivered': {
      const { copies } = outcome;
      if (copies.length === 0) activity.record(name, 'thrown away', { ...about, ms });
      for (const copy of copies) activity.record(name, 'delivered', { ...about, ...copy, ms });
      return;
    }
    case 'passed on':
      activity.record(name, 'passed on', { ...about, forwards: shownOf(forwards), ms });
      return;
    case 'queued':
      activity.record(name, 'kept for later', { ...about, reason: outcome.reason, ms });
      return;
    case 'for later': {
      const { code, message: reason } = outcome.error;
      activity.record(name, 'kept for later', { ...about, outcome: code, reason, ms });
      return;
    }
    case 'rejected': {
      const reason = outcome.reason.slice(0, MAX_SHOWN);
      activity.record(name, 'rejected', { ...about, reason, ms });
      return;
    }
    case 'refused': {
      const { code, message: reason } = outcome.error;
      activity.attempt(name, 'not delivered', { ...about, outcome: code, reason, ms }, true);
    }
  }
}

const MAX_SHOWN = 250;
/** RFC 5321 §4.4: `id`, the name of the message in the queue of the server that hands it on. */
const QUEUE_ID = /\sid\s+<?([^\s;<>()]{1,100})/i;

/** What the log of the server before us knows the message by. */
function namesOf({ facts: { messageId }, header }: Received): { messageId?: string; queueId?: string } {
  const queueId = QUEUE_ID.exec(header.text('received') ?? '')?.[1];
  return {
    ...(messageId === undefined ? {} : { messageId: messageId.slice(0, MAX_SHOWN) }),
    ...(queueId === undefined ? {} : { queueId }),
  };
}

/** Replies are ASCII unless both sides agreed otherwise (RFC 6531 §3.7.4.2). */
function printable(address: string): string {
  return /^[\x21-\x7e]{1,320}$/.test(address) ? `<${address}>` : 'the message was';
}

function shownOf(addresses: readonly string[] = []): string {
  return addresses.join(', ').slice(0, MAX_SHOWN);
}
