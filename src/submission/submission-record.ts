/**
 * A submission as it is kept (RFC 8621 §7): what tells of a message that was given to the queue, beside the message. JMAP makes one of each
 * that it sends; of mail that programs send over SMTP there is one while it waits for its time, so that it can be taken back by whoever
 * speaks JMAP.
 */
import type { OutgoingId } from '../mailbox/model/outgoing.ts';

export interface DeliveryStatus {
  readonly smtpReply: string;
  readonly delivered: 'queued' | 'yes' | 'no' | 'unknown';
}

interface EnvelopeAddress {
  readonly email: string;
  readonly parameters: Readonly<Record<string, string | null>> | null;
}

/** What a program has sent over SMTP. */
export interface SentByProgram {
  /** A copy stays in Sent when it has left. */
  readonly keeps: boolean;
  readonly messageId?: string;
}

export interface SubmissionRecord<Envelope = unknown> {
  /** Empty of what a program has sent: the one that fits its sender. */
  readonly identityId: string;
  readonly emailId: string;
  /** Empty of what a program has sent: that of its email. */
  readonly threadId: string;
  readonly envelope: Envelope;
  readonly sendAtMs: number;
  readonly outgoing: number;
  readonly undoStatus: 'pending' | 'final' | 'canceled';
  /** By the address of a recipient. */
  readonly delivery: Readonly<Record<string, DeliveryStatus>>;
  /** Absent of what was sent over JMAP. */
  readonly program?: SentByProgram;
}

/** Nothing of it changes any more. */
export function isSettled({
  undoStatus,
  delivery,
}: Pick<SubmissionRecord, 'undoStatus' | 'delivery'>): boolean {
  if (undoStatus === 'canceled') return true;
  return undoStatus === 'final' && Object.values(delivery).every(({ delivered }) => delivered !== 'queued');
}

export const QUEUED: DeliveryStatus = Object.freeze({
  smtpReply: '250 2.0.0 waiting in the queue',
  delivered: 'queued',
});

export function queuedFor(addresses: readonly string[]): SubmissionRecord['delivery'] {
  return Object.fromEntries(addresses.map((address) => [address, QUEUED]));
}

export function writeSubmission(value: SubmissionRecord): Buffer {
  return Buffer.from(JSON.stringify(value));
}

export interface WaitingMail extends SentByProgram {
  readonly emailId: string;
  readonly outgoing: OutgoingId;
  readonly from: string;
  readonly to: readonly string[];
  readonly untilMs: number;
}

export function recordOfWaiting(mail: WaitingMail): SubmissionRecord {
  const { emailId, outgoing, from, to, untilMs, keeps, messageId } = mail;
  const until = new Date(untilMs).toISOString().replace(/\.\d+Z$/, 'Z');
  const envelope: { mailFrom: EnvelopeAddress; rcptTo: readonly EnvelopeAddress[] } = {
    mailFrom: { email: from, parameters: { HOLDUNTIL: until } },
    rcptTo: to.map((email) => ({ email, parameters: null })),
  };
  return {
    ...{ identityId: '', threadId: '', emailId, envelope, outgoing },
    ...{ sendAtMs: untilMs, undoStatus: 'pending', delivery: queuedFor(to) },
    program: { keeps, ...(messageId !== undefined && { messageId }) },
  };
}
