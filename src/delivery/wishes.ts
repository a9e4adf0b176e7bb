/**
 * What the parameters of MAIL and RCPT say of reports (RFC 3461), of time (RFC 2852) and of the way (RFC 8689), as the domain has it, and
 * back, for another process of ours.
 */
import type { SenderWishes } from '../mailbox/disposition.ts';
import { type DeliverBy, NOTIFY } from '../mailbox/model/outgoing.ts';
import { decodedAddress, encodedAddress } from '../smtp/original-recipient.ts';
import {
  MAX_ENVID,
  MAX_ORCPT,
  type MailParameters,
  type Notification,
  type RecipientParameters,
} from '../smtp/parameters.ts';
import { decodeXtext, encodeXtext } from '../smtp/xtext.ts';

/** Undefined when nothing was said. */
export function wishesOf(
  { ret, envid, deliverBy, requireTls }: MailParameters,
  { notify, orcpt }: RecipientParameters,
  nowMs: number,
): SenderWishes | undefined {
  if ([ret, envid, deliverBy, requireTls, notify, orcpt].every((one) => one === undefined)) return undefined;
  return {
    ...(notify !== undefined && { notify: notifyBits(notify) }),
    ...(orcpt !== undefined && { orcpt: decodedAddress(orcpt) }),
    ...(ret !== undefined && { ret: ret === 'FULL' ? ('full' as const) : ('headers' as const) }),
    ...(envid !== undefined && { envid: decodeXtext(envid) ?? '' }),
    ...(deliverBy !== undefined && { deliverBy: { ...deliverBy, atMs: nowMs + deliverBy.seconds * 1000 } }),
    ...(requireTls && { requiresTls: true as const }),
  };
}

/** Of mail of ours that another process delivers: here is who tells its sender what became of it. */
export function parametersOf(
  { notify, orcpt, ret, envid, deliverBy, requiresTls }: SenderWishes,
  nowMs: number,
): { readonly mail: MailParameters; readonly recipient: RecipientParameters } {
  const name = envid && encodeXtext(envid);
  const original = orcpt && encodedAddress(orcpt, true);
  return {
    mail: {
      ...(ret !== undefined && { ret: ret === 'full' ? ('FULL' as const) : ('HDRS' as const) }),
      ...(name && name.length <= MAX_ENVID && { envid: name }),
      ...(deliverBy !== undefined && { deliverBy: timeLeft(deliverBy, nowMs) }),
      ...(requiresTls && { requireTls: true as const }),
    },
    recipient: {
      ...(notify !== undefined && { notify: notifications(notify) }),
      ...(original && original.length <= MAX_ORCPT && { orcpt: original }),
      arrival: 'untold',
    },
  };
}

/** What is to be returned when it is late has a moment left, or would not be delivered. */
function timeLeft({ atMs, mode, isTraced }: DeliverBy, nowMs: number) {
  const seconds = Math.floor((atMs - nowMs) / 1000);
  return { seconds: mode === 'return' ? Math.max(1, seconds) : seconds, mode, isTraced };
}

const BITS: Readonly<Record<Notification, number>> = {
  SUCCESS: NOTIFY.Success,
  FAILURE: NOTIFY.Failure,
  DELAY: NOTIFY.Delay,
};

/** RFC 3461 §4.1. */
export function notifyBits(notify: readonly Notification[]): number {
  return notify.reduce((sum, one) => sum | BITS[one], NOTIFY.Never as number);
}

/** The words for them; none: NEVER. */
export function notifications(bits: number): readonly Notification[] {
  return (Object.keys(BITS) as Notification[]).filter((word) => (bits & BITS[word]) !== 0);
}
