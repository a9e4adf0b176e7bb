/** By when a message is to be delivered (RFC 2852). Pure. */
import type { DeliverBy } from '../mailbox/model/outgoing.ts';
import type { MailParameters } from '../smtp/parameters.ts';
import type { Reply } from '../smtp/reply.ts';

const TOO_LATE: Reply = { code: 501, text: '5.5.4 the message would be held for longer than it has time' };

/** From when it is taken; undefined: whenever. */
export function deliverByOf({ deliverBy }: MailParameters, nowMs: number): DeliverBy | undefined {
  if (deliverBy === undefined) return undefined;
  const { seconds, mode, isTraced } = deliverBy;
  return { atMs: nowMs + seconds * 1000, mode, isTraced };
}

/** Why it cannot be: it would come back before it may leave. */
export function whyNeverInTime(
  parameters: MailParameters,
  holdUntilMs: number | undefined,
  nowMs: number,
): Reply | undefined {
  const by = deliverByOf(parameters, nowMs);
  return by?.mode === 'return' && (holdUntilMs ?? 0) >= by.atMs ? TOO_LATE : undefined;
}
