/**
 * One attempt to give one message to the server of some of its recipients, all of one domain. What comes of it is a value for each of
 * them: delivered, failed for ever, deferred, or not tried. Nothing is written here.
 */
import { notifications } from '../delivery/wishes.ts';
import {
  type Arrival,
  type DeliverBy,
  NOTIFY,
  type Outgoing,
  type OutgoingRecipient,
  type OutgoingRow,
} from '../mailbox/model/outgoing.ts';
import { encodedAddress } from '../smtp/original-recipient.ts';
import { byWord } from '../smtp/parameters.ts';
import { encodeXtext } from '../smtp/xtext.ts';
import { HopFailure } from './client/channel.ts';
import { limitOf } from './client/limits.ts';
import { type HopReply, isPermanent, isPositive, replyText } from './client/reply.ts';
import type { Recipient, Transaction } from './client/session.ts';
import { type Hop, Unreachable } from './hop.ts';
import type { HopPool } from './hop-pool.ts';
import type { DepartingMessage } from './message.ts';
import type { Route } from './routes.ts';

export interface Outcome {
  readonly recipient: OutgoingRecipient;
  /** `again`: the server took others of this message and wants this one in another transaction. */
  readonly kind: 'delivered' | 'failed' | 'deferred' | 'again';
  /** An enhanced code (RFC 3463). */
  readonly status: string;
  /** Who said it, or who was not reached; empty when it was nobody. */
  readonly host: string;
  /** The server's words, or ours about it. */
  readonly text: string;
  /** The server said so itself. */
  readonly isReply: boolean;
  /** It tells the sender itself when asked to (RFC 3461). */
  readonly hasDsn: boolean;
  /** What a sender who asks is told of its delivery, when that is something special. */
  readonly arrival?: Arrival;
}

export interface AttemptResult {
  readonly outcomes: readonly Outcome[];
  /** No host could be spoken to, or wanted to be: it says nothing about the message. */
  readonly isRouteDown: boolean;
  /** The server wants us to be slower. */
  readonly isTooFast: boolean;
}

export interface Attempt {
  readonly outgoing: Outgoing;
  readonly domain: string;
  /** As it leaves, which of what is passed on is an address of ours. */
  readonly sender: string;
  readonly recipients: readonly OutgoingRecipient[];
  readonly message: DepartingMessage;
  readonly route: Route;
}

/** RFC 5321 §4.5.3.1.8: every server takes a hundred. */
export const MOST_RECIPIENTS = 100;

/** Never throws but for bugs. */
export async function attempt(pool: HopPool, trial: Attempt): Promise<AttemptResult> {
  const { requiresTls, sender } = trial.outgoing.row;
  const result = await tryRoute(pool, { ...trial, requiresTls });
  // RFC 8689 §5: what comes from nobody is not lost for want of TLS.
  const isDesperate = requiresTls && sender === '' && result.outcomes.some(isForWantOfTls);
  return isDesperate ? tryRoute(pool, { ...trial, requiresTls: false }) : result;
}

interface Trial extends Attempt {
  /** At this try. */
  readonly requiresTls: boolean;
}

const WANT_OF_TLS = new Set(['4.7.4', '4.7.5', '5.7.10', '5.7.30']);

function isForWantOfTls({ status, isReply }: Outcome): boolean {
  return !isReply && WANT_OF_TLS.has(status);
}

async function tryRoute(pool: HopPool, trial: Trial): Promise<AttemptResult> {
  const { route, domain, outgoing, requiresTls } = trial;
  const { isTlsOptional } = outgoing.row;
  let last = new Unreachable('4.4.4', 'the domain has no server');
  let isForEver = true;
  let isReached = false;
  for (const host of route.hosts) {
    for (let isFresh = false; ; isFresh = true) {
      let hop: Hop;
      try {
        hop = await pool.take({ route, host, domain, requiresTls, isTlsOptional, isFresh });
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
        last = error;
        isForEver &&= error.isForEver;
        break;
      }
      isForEver = false;
      const wasUsed = hop.session.messages > 0;
      const result = await tryHop(hop, trial, wasUsed);
      if (result === 'stale' && wasUsed) continue;
      isReached = true;
      pool.giveBack(hop);
      if (result !== 'stale') return result;
      last = new Unreachable('4.4.2', `${hop.words}: it closed the connection`);
      break;
    }
    // Whoever says that it is too much speaks for all of them.
    if (last.hasAnswered) break;
  }
  const outcome = (recipient: OutgoingRecipient): Outcome => ({
    ...{ recipient, kind: isForEver ? 'failed' : 'deferred', status: last.status },
    ...{ host: '', text: last.message, isReply: false, hasDsn: false },
  });
  const isTooFast = last.hasAnswered;
  // What it could not prove is about this domain and this message, and not about the server.
  const isRouteDown = !isForEver && !isReached && !last.status.startsWith('4.7.');
  return { outcomes: trial.recipients.map(outcome), isRouteDown, isTooFast };
}

/** `stale`: the connection broke before the message was begun, or is of no use any more, and nothing has happened. */
async function tryHop(hop: Hop, whole: Trial, wasUsed: boolean): Promise<AttemptResult | 'stale'> {
  const most = limitOf(hop.session, 'RCPTMAX');
  const trial = { ...whole, recipients: whole.recipients.slice(0, most) };
  const result = await tryTransaction(hop, trial, wasUsed);
  if (result === 'stale' || trial.recipients.length === whole.recipients.length) return result;
  const rest = sameForAll(hop, { ...whole, recipients: whole.recipients.slice(most) }, TOO_MANY);
  return { ...result, outcomes: [...result.outcomes, ...rest.outcomes] };
}

/** RFC 9422 §4.2: the server has said how many it takes. */
const TOO_MANY: Why = Object.freeze({
  ...({ kind: 'again', status: '4.5.3', text: 'in another transaction', isReply: false } as const),
});

async function tryTransaction(hop: Hop, trial: Trial, wasUsed: boolean): Promise<AttemptResult | 'stale'> {
  const refusal = whyNot(hop, trial);
  if (refusal !== undefined) return sameForAll(hop, trial, { kind: 'failed', isReply: false, ...refusal });
  let hasBegun = false;
  const transaction = transactionFor(hop, trial, () => {
    hasBegun = true;
  });
  try {
    const { mail, recipients, data } = await hop.session.send(transaction);
    // It has a transaction open that we know nothing of, or has had enough of this connection: that says nothing about the next one.
    if ((mail.code === 503 || mail.code === 421) && wasUsed) {
      hop.session.close();
      return 'stale';
    }
    if (!isPositive(mail))
      return judged(
        hop,
        trial,
        trial.recipients.map(() => mail),
      );
    const replies = recipients.map((reply) => (isPositive(reply) ? (data ?? reply) : reply));
    return judged(hop, trial, replies);
  } catch (error) {
    if (!(error instanceof HopFailure)) {
      hop.session.abort('the message cannot be read to its end');
      throw error;
    }
    if (!hasBegun && error.kind === 'closed') return 'stale';
    const status = error.kind === 'timeout' ? '4.4.7' : '4.4.2';
    return sameForAll(hop, trial, { kind: 'deferred', status, text: error.message, isReply: false });
  }
}

function judged(hop: Hop, trial: Attempt, replies: readonly HopReply[]): AttemptResult {
  const hasTaken = replies.some(isPositive);
  const outcomes = trial.recipients.map((recipient, i): Outcome => {
    const reply = replies[i] as HopReply;
    return {
      recipient,
      kind: kindOf(reply, hasTaken),
      status: reply.status ?? (isPositive(reply) ? '2.0.0' : isPermanent(reply) ? '5.0.0' : '4.0.0'),
      host: hop.words,
      text: replyText(reply),
      isReply: true,
      hasDsn: hop.session.offer('DSN') !== undefined,
    };
  });
  return { outcomes, isRouteDown: false, isTooFast: replies.some(isTooFast) };
}

/** RFC 5321 §4.5.3.1.10: 452 for one recipient too many; some say 552, as its ancestor had it. */
function kindOf(reply: HopReply, hasTaken: boolean): Outcome['kind'] {
  if (isPositive(reply)) return 'delivered';
  const { code, status } = reply;
  // 552 without more may be a full mailbox: that is what the next transaction, which has the others, will find out.
  const isTooMany = (code === 452 || code === 552) && (status === undefined || /^[45]\.5\.3$/.test(status));
  if (isTooMany && hasTaken) return 'again';
  return isPermanent(reply) ? 'failed' : 'deferred';
}

function isTooFast({ code, status }: HopReply): boolean {
  return code === 421 || (code === 450 && status?.startsWith('4.7.') === true);
}

interface Why {
  readonly kind: 'failed' | 'deferred' | 'again';
  readonly status: string;
  readonly text: string;
  readonly isReply: boolean;
}

function sameForAll(hop: Hop, { recipients }: Attempt, why: Why): AttemptResult {
  const outcomes = recipients.map((recipient) => ({ recipient, host: hop.words, hasDsn: false, ...why }));
  return { outcomes, isRouteDown: false, isTooFast: false };
}

/** What the message needs and the server does not offer. */
function whyNot(
  hop: Hop,
  { outgoing, message, requiresTls }: Trial,
): Pick<Why, 'status' | 'text'> | undefined {
  const { isUtf8 } = outgoing.row;
  const lacks = (keyword: string): boolean => hop.session.offer(keyword) === undefined;
  const { host } = hop;
  if (isUtf8 && lacks('SMTPUTF8'))
    return { status: '5.6.7', text: `${host.name} cannot take addresses that are not in ASCII` };
  if (message.isEightBit && lacks('8BITMIME'))
    return { status: '5.6.3', text: `${host.name} cannot take a message with octets above 127` };
  if (requiresTls && lacks('REQUIRETLS'))
    return { status: '5.7.30', text: `${host.name} does not promise TLS all the way, as this message needs` };
  const late = whyTooLate(hop, outgoing.row);
  if (late !== undefined) return late;
  const most = Number(hop.session.offer('SIZE') || 0);
  if (most > 0 && message.sizeBytes > most)
    return {
      status: '5.3.4',
      text: `the message has ${message.sizeBytes} octets, ${host.name} takes ${most} at most`,
    };
  return undefined;
}

/** RFC 2852 §4.2: what has to be returned when it is late goes only to servers that see to that, in time. */
function whyTooLate(hop: Hop, { deliverBy }: OutgoingRow): Pick<Why, 'status' | 'text'> | undefined {
  if (deliverBy?.mode !== 'return') return undefined;
  const offer = hop.session.offer('DELIVERBY');
  const leftSeconds = secondsLeft(deliverBy);
  if (offer !== undefined && leftSeconds > 0 && leftSeconds >= Number(offer || 0)) return undefined;
  const text =
    offer === undefined
      ? `${hop.host.name} does not promise to deliver in time, as this message needs`
      : `${hop.host.name} needs more time than the message has`;
  return { status: '5.4.7', text };
}

function secondsLeft({ atMs }: DeliverBy): number {
  return Math.floor((atMs - Date.now()) / 1000);
}

function transactionFor(hop: Hop, trial: Trial, onBegin: () => void): Transaction {
  const { outgoing, message, recipients, requiresTls } = trial;
  const { row } = outgoing;
  const has = (keyword: string): boolean => hop.session.offer(keyword) !== undefined;
  const hasDsn = has('DSN');
  return {
    sender: trial.sender,
    parameters: [
      ...(has('SIZE') ? [`SIZE=${message.sizeBytes}`] : []),
      ...(message.isEightBit ? ['BODY=8BITMIME'] : []),
      ...(row.isUtf8 ? ['SMTPUTF8'] : []),
      ...(requiresTls ? ['REQUIRETLS'] : []),
      ...(hasDsn ? dsnParameters(row) : []),
      ...(has('MT-PRIORITY') && row.priority !== undefined ? [`MT-PRIORITY=${row.priority}`] : []),
      ...(has('DELIVERBY') && row.deliverBy !== undefined ? [byParameter(row.deliverBy)] : []),
    ],
    recipients: recipients.map((one) => recipientFor(one, { hasDsn, isUtf8: row.isUtf8 })),
    octets: () => {
      onBegin();
      return message.octets();
    },
  };
}

/** RFC 2852 §4: what is left of the time; below zero it is late already. */
function byParameter(deliverBy: DeliverBy): string {
  return `BY=${byWord({ ...deliverBy, seconds: secondsLeft(deliverBy) })}`;
}

function dsnParameters({ ret, envid }: OutgoingRow): string[] {
  return [
    ...(ret === undefined ? [] : [`RET=${ret === 'full' ? 'FULL' : 'HDRS'}`]),
    ...(envid === undefined ? [] : [`ENVID=${encodeXtext(envid)}`]),
  ];
}

/** RFC 3461 §5.2.1: what the sender wants is passed on, and nothing that he has not said. */
function recipientFor(
  { address, notify, orcpt }: OutgoingRecipient,
  { hasDsn, isUtf8 }: { readonly hasDsn: boolean; readonly isUtf8: boolean },
): Recipient {
  if (!hasDsn) return { address, parameters: [] };
  const isSaid = (notify & NOTIFY.Unsaid) === 0;
  return {
    address,
    parameters: [
      ...(isSaid ? [`NOTIFY=${notifications(notify).join(',') || 'NEVER'}`] : []),
      ...(orcpt === undefined ? [] : [`ORCPT=${encodedAddress(orcpt, isUtf8)}`]),
    ],
  };
}
