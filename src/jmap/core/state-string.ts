/**
 * States as clients keep them (RFC 8620 §5.1): a moment of an account, or how far a client was told of the changes since one, as
 * a string. The first letter is of the type, so that a state of another type is none.
 *
 * `e12-40`: nothing changed in emails since modseq 12, and 40 is the next number. `e9-38-12-40-17`: of what changed between
 * the first moment and the second, everything up to number 17 was told. Of whoever is there by leave a word follows that says what it is
 * that he sees: `e12-40@Xz0kP3vQm1Lb`.
 */
import { asModSeq } from '../../mailbox/model/model.ts';
import type { Moment, Position } from '../../mailbox/reading/moment.ts';

export type StateKind = 'emails' | 'threads' | 'mailboxes';

const LETTERS: Readonly<Record<StateKind, string>> = { emails: 'e', threads: 't', mailboxes: 'm' };
/** Five numbers below 2^53. */
const FORM = /^([etm])(\d{1,16})-(\d{1,10})(?:-(\d{1,16})-(\d{1,10})-(\d{1,10}))?(?:@([\w-]{12}))?$/;

export function momentString(kind: StateKind, moment: Moment): string {
  return numbersOf(kind, moment) + leaveOf(moment);
}

export function positionString(kind: StateKind, { since, told }: Position): string {
  if (told === undefined) return momentString(kind, since);
  const { upTo, reached } = told;
  return `${numbersOf(kind, since)}-${upTo.modseq}-${nextOf(kind, upTo)}-${reached}${leaveOf(since)}`;
}

/** Undefined when it is no state of this type. Whether the account was ever in it is for the readings to say. */
export function positionIn(kind: StateKind, state: string): Position | undefined {
  const [, letter, modseq, next, upToModseq, upToNext, reached, leave] = FORM.exec(state) ?? [];
  if (letter !== LETTERS[kind]) return undefined;
  const since = moment(kind, Number(modseq), Number(next), leave);
  if (upToModseq === undefined) return { since };
  const upTo = moment(kind, Number(upToModseq), Number(upToNext), leave);
  return { since, told: { upTo, reached: Number(reached) } };
}

function numbersOf(kind: StateKind, moment: Moment): string {
  return `${LETTERS[kind]}${moment.modseq}-${nextOf(kind, moment)}`;
}

function leaveOf({ leave }: Moment): string {
  return leave === undefined ? '' : `@${leave}`;
}

function nextOf(kind: StateKind, { nextEmail, nextMailbox }: Moment): number {
  return kind === 'mailboxes' ? nextMailbox : nextEmail;
}

/** The number that the type does not have stands for none. */
function moment(kind: StateKind, modseq: number, next: number, leave: string | undefined): Moment {
  const nextEmail = kind === 'mailboxes' ? 0 : next;
  const nextMailbox = kind === 'mailboxes' ? next : 0;
  return { modseq: asModSeq(modseq), nextEmail, nextMailbox, ...(leave === undefined ? {} : { leave }) };
}
