/**
 * One reply for all recipients of a message (RFC 5321 §4.2.5). Pure.
 *
 * Who has it must not get it again, and who has not must not lose it. So with several recipients of whom some have it
 * the message is taken only if nobody is left who could have it later; else it is to come again.
 */
import type { Reply } from '../smtp/reply.ts';

const isTaken = ({ code }: Reply): boolean => code < 300;
const isTemporary = ({ code }: Reply): boolean => code >= 400 && code < 500;

/** `replies`: at least one. */
export function oneReply(replies: readonly Reply[], id: string): Reply {
  const later = replies.find(isTemporary);
  if (later !== undefined) return replies.length === 1 ? later : { code: 451, text: later.text };
  if (replies.some(isTaken)) return { code: 250, text: `2.0.0 taken; id ${id}` };
  return replies[0] ?? { code: 451, text: '4.3.0 the server failed; try again later' };
}
