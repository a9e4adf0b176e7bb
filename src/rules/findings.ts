/**
 * What filters have found in a message, for `spamtest` and `virustest` (RFC 5235), read from the fields that they write.
 *
 * Fields above the first Received are this server's own. Below it stands what came with the message: that is believed when a
 * transfer agent has brought it, by LMTP, since its filters are the ones of this place, and from nobody else.
 */
import { HeaderBlock } from '../mail/header.ts';
import type { Delivery } from '../mailbox/disposition.ts';
import type { Filtered } from '../sieve/environment.ts';

const SURELY = 1;
const CLEAN = 1;
const INFECTED = 5;
/** `score=5.2 required=5.0` of SpamAssassin and those who write like it. */
const SCORE = /\bscore=(-?\d{1,6}(?:\.\d{1,6})?)\b.*?\brequired=(-?\d{1,6}(?:\.\d{1,6})?)/i;
/** `default: False [1.20 / 15.00]` of rspamd. */
const RSPAMD = /\[(-?\d{1,6}(?:\.\d{1,6})?) \/ (-?\d{1,6}(?:\.\d{1,6})?)\]/;
/** RFC 3848, RFC 6531 §4.3: how the message came here. */
const BY_LMTP = /\bwith (?:UTF8)?LMTP/i;

export function findingsOf({
  fields,
  isJunk,
  message,
}: Pick<Delivery, 'fields' | 'isJunk' | 'message'>): Filtered {
  const header = new HeaderBlock(Buffer.concat([fields, message.header.bytes]));
  const trace = header.indexOf('received');
  const isBelieved = trace >= 0 && BY_LMTP.test(header.textAt(trace));
  const read = (name: string): string | undefined => {
    const at = header.indexOf(name);
    return at >= 0 && (at < trace || isBelieved) ? header.textAt(at) : undefined;
  };
  const spam = isJunk ? SURELY : spamIn(read);
  const virus = virusIn(read);
  return { ...(spam !== undefined && { spam }), ...(virus !== undefined && { virus }) };
}

type Read = (name: string) => string | undefined;

function spamIn(read: Read): number | undefined {
  const status = read('x-spam-status');
  const scored = SCORE.exec(status ?? '') ?? RSPAMD.exec(read('x-spamd-result') ?? '');
  if (scored !== null) return share(Number(scored[1]), Number(scored[2]));
  const word = /^(yes|no|true|false)\b/i.exec(read('x-spam-flag') ?? read('x-spam') ?? status ?? '')?.[1];
  if (word === undefined) return undefined;
  return /^(?:yes|true)$/i.test(word) ? SURELY : 0;
}

/** What the filter calls spam is surely that; below, as far as it is on the way there. */
function share(score: number, required: number): number {
  if (required <= 0) return score >= required ? SURELY : 0;
  return Math.min(Math.max(score / required, 0), 1);
}

function virusIn(read: Read): number | undefined {
  const status = read('x-virus-status') ?? read('x-virus');
  if (read('x-amavis-alert')?.toUpperCase().includes('INFECTED') === true) return INFECTED;
  if (status !== undefined) return /^(?:yes|infected)\b/i.test(status) ? INFECTED : CLEAN;
  return read('x-virus-scanned') === undefined ? undefined : CLEAN;
}
