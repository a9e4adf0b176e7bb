/** A submission as it is kept, and what has become of it, from the queue (RFC 8621 §7). */
import type { Domain } from '../../mailbox/domain.ts';
import type {
  Outgoing,
  OutgoingId,
  OutgoingLogEntry,
  OutgoingRecipient,
} from '../../mailbox/model/outgoing.ts';
import { isUntried } from '../../mailbox/operations/cancel-outgoing.ts';
import { loadOutgoingLog } from '../../mailbox/reading/outgoing-mail.ts';
import { type DeliveryStatus, QUEUED, type SubmissionRecord } from '../../submission/submission-record.ts';
import type { JsonObject } from '../core/json.ts';

export type SubmissionValue = SubmissionRecord<JsonObject>;

const MAX_REPLY = 500;
/** Lines of what became of it: of each recipient the last one counts. */
const LOG_LINES = 2000;

export function readSubmission(value: Buffer): SubmissionValue {
  return JSON.parse(value.toString()) as SubmissionValue;
}

/** What it is by now; the same object when nothing is different. `outgoing`: what the queue has of it. */
export async function statusNow(
  domain: Pick<Domain, 'store'>,
  value: SubmissionValue,
  outgoing: Outgoing | undefined,
): Promise<SubmissionValue> {
  const id = value.outgoing as OutgoingId;
  if (outgoing !== undefined && isUntried(outgoing) && isWhole(outgoing, value)) return value;
  const log = await loadOutgoingLog(domain, id, LOG_LINES);
  const delivery = Object.fromEntries(
    Object.keys(value.delivery).map((address) => [address, statusOf(address, outgoing, log)]),
  );
  const undoStatus = wasEnded(value, log) ? 'canceled' : 'final';
  const now: SubmissionValue = { ...value, undoStatus, delivery };
  return JSON.stringify(now) === JSON.stringify(value) ? value : now;
}

/** None of its recipients has come to an end. */
function isWhole({ recipients }: Outgoing, { delivery }: SubmissionValue): boolean {
  return recipients.length >= Object.keys(delivery).length;
}

function statusOf(
  address: string,
  outgoing: Outgoing | undefined,
  log: readonly OutgoingLogEntry[],
): DeliveryStatus {
  const row = outgoing?.recipients.find((one) => one.address === address);
  if (row !== undefined) return statusOfRow(row);
  const last = endOf(address, log);
  if (last === undefined) return { smtpReply: '250 2.0.0 it left', delivered: 'unknown' };
  const [delivered, code] = ENDS[last.event] as readonly [DeliveryStatus['delivered'], string];
  // In front of what was said stands who said it.
  const said = last.detail.replace(/^[^ ]+: (?=\d{3}[ -]|\d\.\d)/, '');
  // A mailbox here has it; of another server nobody knows what it does.
  const isHere = last.event === 'delivered' && /^2\.0\.0 /.test(last.detail);
  return { smtpReply: replyText(said, code), delivered: isHere ? 'yes' : delivered };
}

/** Somebody has taken it back, or ended it: nobody gets it (RFC 8621 §7, `canceled`). */
function wasEnded({ delivery }: SubmissionValue, log: readonly OutgoingLogEntry[]): boolean {
  return Object.keys(delivery).every((address) => {
    const event = endOf(address, log)?.event;
    return event === 'dropped' || event === 'cancelled';
  });
}

function endOf(address: string, log: readonly OutgoingLogEntry[]): OutgoingLogEntry | undefined {
  return log.findLast((entry) => entry.address === address && ENDS[entry.event] !== undefined);
}

const ENDS: Readonly<
  Partial<Record<OutgoingLogEntry['event'], readonly [DeliveryStatus['delivered'], string]>>
> = {
  delivered: ['unknown', '250 2.0.0'],
  failed: ['no', '550 5.0.0'],
  dropped: ['no', '550 5.7.0'],
  cancelled: ['no', '550 5.7.0'],
};

function statusOfRow({ state, lastReply, route }: OutgoingRecipient): DeliveryStatus {
  switch (state) {
    case 'failed':
      return { smtpReply: replyText(lastReply, '550 5.0.0'), delivered: 'no' };
    case 'delivered':
      return {
        smtpReply: replyText(lastReply, '250 2.0.0'),
        delivered: route === 'remote' ? 'unknown' : 'yes',
      };
    case 'relayed':
    case 'expanded':
      return { smtpReply: replyText(lastReply, '250 2.0.0'), delivered: 'unknown' };
    default:
      return lastReply === undefined
        ? QUEUED
        : { smtpReply: replyText(lastReply, '450 4.0.0'), delivered: 'queued' };
  }
}

/** RFC 8621 §7: the reply in one line, or one that is made so: a code, an enhanced one, words. */
function replyText(said: string | undefined, otherwise: string): string {
  const text = (said ?? '').replace(/\s+/g, ' ').trim().slice(0, MAX_REPLY);
  if (/^\d{3} /.test(text)) return text;
  const code = otherwise.slice(0, 3);
  return /^\d\.\d+\.\d+ /.test(text) ? `${code} ${text}` : `${otherwise} ${text}`.trim();
}
