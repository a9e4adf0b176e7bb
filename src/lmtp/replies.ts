/**
 * What LMTP says of each outcome: a reply code and an enhanced status code (RFC 3463) per domain error, exhaustive.
 *
 * 4xx keeps the message in the sender's queue, 5xx sends it back. Only what cannot get better is a 5xx.
 */
import type { MailboxError, MailboxErrorCode } from '../mailbox/model/errors.ts';
import { StoreError } from '../mailbox/port/store.ts';

export interface Reply {
  readonly code: number;
  /** `x.y.z`, a blank, and a sentence. */
  readonly text: string;
}

/** What the listener library takes as a refusal: it sends `responseCode` and `message`. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly responseCode: number;

  constructor({ code, text }: Reply) {
    super(text);
    this.responseCode = code;
  }
}

export type OverQuota = 'tempfail' | 'reject';

type Status = readonly [code: number, enhanced: string];

const FAULT: Status = [451, '4.3.0'];

/** Codes that delivery never causes are faults of ours: the message stays in the sender's queue. */
const STATUS: Readonly<Record<MailboxErrorCode, Status>> = {
  nonexistent: [550, '5.1.1'],
  'over-quota': [452, '4.2.2'],
  'too-big': [552, '5.3.4'],
  limit: [452, '4.3.1'],
  unavailable: FAULT,
  damaged: FAULT,
  conflict: FAULT,
  throttled: [451, '4.3.2'],
  exists: FAULT,
  'has-children': FAULT,
  cannot: FAULT,
  'invalid-name': FAULT,
  'read-only': FAULT,
  'bad-credentials': FAULT,
};

export function replyOf(error: MailboxError, overQuota: OverQuota): Reply {
  const [code, enhanced] = statusOf(error, overQuota);
  return { code, text: `${enhanced} ${error.message}` };
}

function statusOf(error: MailboxError, overQuota: OverQuota): Status {
  if (error.code === 'over-quota' && overQuota === 'reject') return [552, '5.2.2'];
  if (error.code === 'unavailable' && isDiskFull(error)) return [452, '4.3.1'];
  return STATUS[error.code];
}

function isDiskFull(error: MailboxError): boolean {
  return error.cause instanceof StoreError && error.cause.code === 'full';
}

export const INTERNAL_ERROR: Reply = { code: 451, text: '4.3.0 the server failed; try again later' };
export const NO_SUCH_USER: Reply = { code: 550, text: '5.1.1 there is no such mailbox here' };
export const TOO_MANY_RECIPIENTS: Reply = {
  code: 452,
  text: '4.5.3 too many recipients; send the rest again',
};
export const BAD_SENDER: Reply = { code: 553, text: '5.1.7 the sender address is too long' };
export const SHUTTING_DOWN: Reply = { code: 421, text: '4.3.2 the server is shutting down' };
export const SERVER_FULL: Reply = { code: 421, text: '4.3.2 too many connections; try again later' };
