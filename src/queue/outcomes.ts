/**
 * What an outcome makes of a recipient's row. Pure. A row ends as delivered, or stays until its sender has been told; what is deferred has
 * a next time, and once that lies behind the end of the message it has failed.
 */
import {
  NOTIFY,
  type OutgoingRecipient,
  type OutgoingRow,
  type RecipientChange,
} from '../mailbox/model/outgoing.ts';
import type { Outcome } from './attempt.ts';
import { nextTryMs, type Schedule } from './schedule.ts';

export interface Settling {
  readonly row: OutgoingRow;
  readonly nowMs: number;
  readonly schedule: Schedule;
  /** From 0 to below 1. */
  readonly random: number;
  /** Nobody was reached, and not for the sake of this message: the next try is then, and this was none. */
  readonly notBeforeMs?: number;
}

export function changeFor(outcome: Outcome, settling: Settling): RecipientChange {
  switch (outcome.kind) {
    case 'delivered':
      return delivered(outcome, settling);
    case 'failed':
      return failed(outcome, settling);
    case 'deferred':
      return deferred(outcome, settling);
    case 'again':
      return later(outcome, settling, { nextMs: settling.nowMs }, undefined);
  }
}

function delivered(outcome: Outcome, settling: Settling): RecipientChange {
  const { recipient, hasDsn } = outcome;
  const { row, nowMs } = settling;
  // A server that knows of reports makes this one itself (RFC 3461 §5.2.1); one of ours is made for what goes on without.
  const isWanted = (recipient.notify & NOTIFY.Success) !== 0 && !hasDsn;
  // Who traces a message hears of each hop (RFC 2852 §3), unless of nothing.
  const isTraced = row.deliverBy?.isTraced === true && recipient.notify !== NOTIFY.Never;
  const isTold = (isWanted || isTraced) && row.sender !== '';
  if (!isTold) return changed(outcome, settling, 'ended', 'delivered');
  const state = outcome.arrival ?? (recipient.route === 'remote' ? 'relayed' : 'delivered');
  return changed(outcome, settling, { state, nextMs: nowMs }, 'delivered');
}

function failed(outcome: Outcome, settling: Settling): RecipientChange {
  const { row, nowMs, schedule } = settling;
  if (!isFailureTold(outcome.recipient.notify, row)) return changed(outcome, settling, 'ended', 'failed');
  return changed(outcome, settling, { state: 'failed', nextMs: nowMs + schedule.gatherMs }, 'failed');
}

/** Nobody answers a report, and who does not want to hear is not told. */
export function isFailureTold(notify: number, { sender }: Pick<OutgoingRow, 'sender'>): boolean {
  return sender !== '' && (notify & NOTIFY.Failure) !== 0;
}

function deferred(outcome: Outcome, settling: Settling): RecipientChange {
  const { row, nowMs, schedule, random, notBeforeMs } = settling;
  const isCounted = notBeforeMs === undefined;
  const attempts = outcome.recipient.attempts + (isCounted ? 1 : 0);
  const wantedMs = notBeforeMs ?? nextTryMs(schedule, attempts, nowMs, random);
  const byMs = row.deliverBy?.atMs ?? 0;
  // At its deadline somebody is to hear of it.
  const nextMs = byMs > nowMs ? Math.min(wantedMs, byMs) : wantedMs;
  if (nextMs >= row.expiresMs) {
    // Once more at the very end, if that is not now.
    if (nowMs >= row.expiresMs - LAST_MS) return failed(expired(outcome, row), settling);
    return later(outcome, settling, { attempts, nextMs: row.expiresMs - LAST_MS }, 'deferred');
  }
  return later(outcome, settling, { attempts, nextMs }, isCounted ? 'deferred' : undefined);
}

/** A person may have ended it meanwhile: that stands, with its reason. */
function later(
  outcome: Outcome,
  settling: Settling,
  become: Exclude<RecipientChange['become'], 'ended'>,
  event: 'deferred' | undefined,
): RecipientChange {
  return { ...changed(outcome, settling, become, event), when: ['waiting', 'held'] };
}

/** So close to its end that it is the end. */
const LAST_MS = 1000;

function expired(outcome: Outcome, { deliverBy }: OutgoingRow): Outcome {
  const text = `it could not be delivered in time; last: ${outcome.text}`;
  return { ...outcome, status: deliverBy?.mode === 'return' ? '5.4.7' : '4.4.7', text, isReply: false };
}

function changed(
  { recipient, host, text, status, isReply }: Outcome,
  { row, nowMs }: Settling,
  become: RecipientChange['become'],
  event: 'delivered' | 'failed' | 'deferred' | undefined,
): RecipientChange {
  // What the server said begins with its codes; what we say gets one.
  const words = isReply ? text : `${status} ${text}`;
  const last = { lastAtMs: nowMs, lastReply: words, ...(host === '' ? {} : { lastHost: host }) };
  const detail = [host, words].filter((part) => part !== '').join(': ');
  return {
    outgoing: row.id,
    n: recipient.n,
    become: become === 'ended' ? become : { ...become, ...last },
    ...(event === undefined ? {} : { log: { atMs: nowMs, address: recipient.address, event, detail } }),
  };
}

/** It is late, and its sender is to be told once (RFC 3461 §5.2.5). */
export function isDelayTold(
  { notify, isTold }: Pick<OutgoingRecipient, 'notify' | 'isTold'>,
  { sender, createdMs, kind, deliverBy }: Pick<OutgoingRow, 'sender' | 'createdMs' | 'kind' | 'deliverBy'>,
  nowMs: number,
  { warnMs }: Pick<Schedule, 'warnMs'>,
): boolean {
  return (
    sender !== '' &&
    kind !== 'forward' &&
    !isTold &&
    (notify & NOTIFY.Delay) !== 0 &&
    nowMs >=
      Math.min(createdMs + warnMs, deliverBy?.mode === 'notify' ? deliverBy.atMs : Number.MAX_SAFE_INTEGER)
  );
}
