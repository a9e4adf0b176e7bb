/** What the parameters of MAIL and RCPT say of reports (RFC 3461) and of time (RFC 2852), as the domain has it. */
import type { SenderWishes } from '../mailbox/disposition.ts';
import { NOTIFY } from '../mailbox/model/outgoing.ts';
import type { MailParameters, Notification, RecipientParameters } from '../smtp/parameters.ts';
import { decodeXtext } from '../smtp/xtext.ts';

/** Undefined when nothing was said. */
export function wishesOf(
  { ret, envid, deliverBy }: MailParameters,
  { notify, orcpt }: RecipientParameters,
  nowMs: number,
): SenderWishes | undefined {
  if ([ret, envid, deliverBy, notify, orcpt].every((one) => one === undefined)) return undefined;
  return {
    ...(notify !== undefined && { notify: notifyBits(notify) }),
    ...(orcpt !== undefined && { orcpt: decodedAddress(orcpt) }),
    ...(ret !== undefined && { ret: ret === 'FULL' ? ('full' as const) : ('headers' as const) }),
    ...(envid !== undefined && { envid: decodeXtext(envid) ?? '' }),
    ...(deliverBy !== undefined && { deliverBy: { ...deliverBy, atMs: nowMs + deliverBy.seconds * 1000 } }),
  };
}

/** RFC 3461 §4.1. */
export function notifyBits(notify: readonly Notification[]): number {
  const bits = { SUCCESS: NOTIFY.Success, FAILURE: NOTIFY.Failure, DELAY: NOTIFY.Delay };
  return notify.reduce((sum, one) => sum | bits[one], NOTIFY.Never as number);
}

/** RFC 3461 §4.2: a type, a semicolon, and xtext. */
export function decodedAddress(orcpt: string): string {
  const at = orcpt.indexOf(';') + 1;
  return orcpt.slice(0, at) + (decodeXtext(orcpt.slice(at)) ?? orcpt.slice(at));
}
