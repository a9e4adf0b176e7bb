/**
 * What SMTP and its relatives say of each outcome: a reply code and an enhanced status code (RFC 3463) per domain error,
 * exhaustive, and the replies that are the same everywhere.
 *
 * 4xx keeps the message in the sender's queue, 5xx sends it back. Only what cannot get better is a 5xx.
 */
import type { MailboxError, MailboxErrorCode } from '../mailbox/model/errors.ts';
import { NoRoom } from '../mailbox/operations/room.ts';
import { StoreError } from '../mailbox/port/store.ts';
import type { Reply } from './reply.ts';

/** `grace`: kept for a while, then returned. */
export type OverQuota = 'grace' | 'tempfail' | 'reject';

type Status = readonly [code: number, enhanced: string];

const FAULT: Status = [451, '4.3.0'];

/** Codes that mail on its way in never causes are faults of ours: the message stays in the sender's queue. */
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
  'not-empty': FAULT,
  cannot: FAULT,
  'invalid-name': FAULT,
  'read-only': FAULT,
  'bad-credentials': FAULT,
  forbidden: FAULT,
};

/** For whoever owns the account. */
export function replyOf(error: MailboxError): Reply {
  const [code, enhanced] = statusOf(error);
  return { code, text: `${enhanced} ${error.message}` };
}

/** For whoever has mail for it: how much there is in an account is its owner's business, and nobody else can make room. */
export function replyToSender(error: MailboxError, overQuota: OverQuota): Reply {
  if (error.code !== 'over-quota') return replyOf(error);
  const { isForGood, status, text } = fullInWords(error);
  if (overQuota === 'reject')
    return status === TOO_LARGE ? { code: 552, text: `${status} ${text}` } : REPLY.fullForGood;
  if (isForGood && overQuota === 'grace') return { code: 552, text: `${status} ${text}` };
  return { code: 452, text: `${FULL_FOR_NOW} ${isForGood ? FULL_MAILBOX : text}` };
}

/** RFC 3463 §3.3: there may be room later; there is none; there will never be any for a message of this size. */
export const FULL_FOR_NOW = '4.2.2';
const FULL = '5.2.2';
const TOO_LARGE = '5.2.3';

/** For whoever has mail for a full account: whether it is worth trying again. How much there is in it is not said. */
export function fullInWords(error: MailboxError): FullInWords {
  if (!(error instanceof NoRoom)) return { isForGood: false, status: FULL_FOR_NOW, text: FULL_MAILBOX };
  const { isForGood, graceMs } = error;
  if (graceMs === undefined)
    return { isForGood, status: TOO_LARGE, text: 'the message is larger than all the room of the mailbox' };
  const status = isForGood ? FULL : FULL_FOR_NOW;
  const time = timeInWords(graceMs);
  if (isForGood) return { isForGood, status, text: `the mailbox has been full for ${time}` };
  if (!error.isFull) return { isForGood, status, text: 'there is no room for a message of this size now' };
  return { isForGood, status, text: `${FULL_MAILBOX}; mail is waited with for ${time}` };
}

export interface FullInWords {
  readonly isForGood: boolean;
  /** RFC 3463. */
  readonly status: string;
  readonly text: string;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function timeInWords(ms: number): string {
  const [count, unit] = ms % DAY_MS === 0 ? [ms / DAY_MS, 'day'] : [Math.ceil(ms / HOUR_MS), 'hour'];
  return count === 1 ? `a ${unit}`.replace('a hour', 'an hour') : `${count} ${unit}s`;
}

/** What a line of a reply has room for: RFC 5321 §4.5.3.1.5, with the name of the message behind it. */
const MAX_REASON = 400;
const MAX_REASON_LINES = 20;

/** The recipient's own words line by line (RFC 5429 §2.5); of a text that no reply can carry only that there is one. */
export function rejection(reason: string): Reply {
  const lines = reason
    .split(/\r?\n/)
    .map((line) => line.trim().replace(/\s+/g, ' ').slice(0, MAX_REASON))
    .filter((line) => line !== '')
    .slice(0, MAX_REASON_LINES);
  const isPlain = lines.length > 0 && lines.every((line) => /^[\x20-\x7e]+$/.test(line));
  return { code: 550, text: `5.7.1 ${isPlain ? lines.join('\n') : 'the recipient refused the message'}` };
}

function statusOf(error: MailboxError): Status {
  if (error.code === 'unavailable' && isDiskFull(error)) return [452, '4.3.1'];
  return STATUS[error.code];
}

function isDiskFull(error: MailboxError): boolean {
  return error.cause instanceof StoreError && error.cause.code === 'full';
}

const FULL_MAILBOX = 'the mailbox is full';

export const REPLY = Object.freeze({
  internalError: { code: 451, text: '4.3.0 the server failed; try again later' },
  holderGone: { code: 451, text: '4.4.1 the mailbox cannot be reached at this moment; try again later' },
  onlyElsewhere: {
    code: 550,
    text: '5.7.1 mail for this address goes to other servers, and is not taken here',
  },
  fullForNow: { code: 452, text: `4.2.2 ${FULL_MAILBOX}` },
  fullForGood: { code: 552, text: `5.2.2 ${FULL_MAILBOX}` },
  foreignDomain: { code: 550, text: '5.7.1 there are no mailboxes of that domain here' },
  noSuchUser: { code: 550, text: '5.1.1 there is no such mailbox here' },
  tooManyRecipients: { code: 452, text: '4.5.3 too many recipients; send the rest again' },
  senderTooLong: { code: 553, text: '5.1.7 the sender address is too long' },
  shuttingDown: { code: 421, text: '4.3.2 the server is shutting down' },
  serverFull: { code: 421, text: '4.3.2 too many connections; try again later' },
  tooSlow: { code: 421, text: '4.4.2 nothing came for too long, or too little' },
  nonsense: { code: 421, text: '4.4.2 too many commands that make no sense' },
  lineTooLong: { code: 421, text: '5.5.2 the command line is too long' },
  senderTaken: { code: 250, text: '2.1.0 sender taken' },
  recipientTaken: { code: 250, text: '2.1.5 recipient taken' },
  begin: { code: 354, text: 'end the message with a line of a single dot' },
  forgotten: { code: 250, text: '2.0.0 forgotten' },
  done: { code: 250, text: '2.0.0 done' },
  goodbye: { code: 221, text: '2.0.0 goodbye' },
  beginTls: { code: 220, text: '2.0.0 begin TLS negotiation now' },
  secureAlready: { code: 503, text: '5.5.1 the connection is secure already' },
  willTry: { code: 252, text: '2.5.0 RCPT says whether there is such a mailbox' },
  senderFirst: { code: 503, text: '5.5.1 MAIL comes first' },
  recipientFirst: { code: 503, text: '5.5.1 there is no recipient' },
  nestedSender: { code: 503, text: '5.5.1 there is a sender already; RSET forgets it' },
  noArgument: { code: 501, text: '5.5.4 this command takes no argument' },
  notYourTurn: { code: 554, text: '5.5.1 it was not your turn to speak' },
  bareLf: { code: 500, text: '5.5.2 a line ends in CR and LF' },
  enough: { code: 421, text: '4.4.2 these were enough messages for one connection' },
  badSender: { code: 501, text: '5.1.7 this is no address' },
  badRecipient: { code: 501, text: '5.1.3 this is no address' },
  utf8First: { code: 553, text: '5.6.7 an address beyond ASCII needs SMTPUTF8 behind MAIL' },
  binaryInChunks: { code: 503, text: '5.5.1 BODY=BINARYMIME comes with BDAT' },
  lastFirst: { code: 503, text: '5.5.1 the message is not whole yet; RSET forgets it' },
  recipientEmpty: { code: 501, text: '5.1.3 the recipient is empty' },
} as const satisfies Record<string, Reply>);
