/**
 * EXPUNGE and UID EXPUNGE (RFC 9051 §6.4.3, §6.4.9; RFC 4315 §2.1). What is removed is told by the updates, as EXPUNGE or
 * VANISHED; when nothing is, nothing is said: an EXISTS in that place sends Apple Mail into a loop.
 */
import { uidsForLog } from '../../identity/activity.ts';
import { FLAG } from '../../mail/flags.ts';
import { MailboxError } from '../../mailbox/model/errors.ts';
import { expungeMessages } from '../../mailbox/operations/expunge.ts';
import type { Place } from '../../mailbox/operations/visiting.ts';
import { type Command, defineCommand, SELECTED } from '../command.ts';
import type { Call, SessionContext } from '../context.ts';
import { type Cut, done, limitOf } from '../message-limit.ts';
import { type MessageSet, messageSet } from '../message-set.ts';
import type { Modes } from '../modes.ts';
import { type Completion, ok } from '../replies.ts';
import type { Selected } from '../selected.ts';
import { observe } from '../updates.ts';
import { end, sp } from '../wire/grammar.ts';
import { NumSet, type UidSet } from '../wire/numset.ts';

export const expungeCommand: Command = defineCommand<undefined, 'selected'>({
  name: 'EXPUNGE',
  states: SELECTED,
  mayTakeLong: true,
  parse: (c) => void end(c),
  run: (call) => expunge(call, { isMarked: () => true }, 'EXPUNGE'),
});

export const uidExpungeCommand: Command = defineCommand<MessageSet, 'selected'>({
  name: 'UID EXPUNGE',
  states: SELECTED,
  mayTakeLong: true,
  parse(c) {
    sp(c);
    const set = messageSet(c, true);
    end(c);
    return set;
  },
  run(call, set) {
    const { selected } = call.state;
    const uids = set instanceof NumSet ? (set as UidSet).resolve(selected.view.highestUid) : selected.saved;
    const most = limitOf(call.session.settings);
    const marked = most === undefined ? ALL : highestDeleted(selected, uids, most);
    const isMarked = (uid: number): boolean => uids.contains(uid) && marked.has(uid);
    return expunge(call, { isMarked, cut: marked.cut }, 'UID EXPUNGE');
  },
});

interface Expunged {
  readonly isMarked: (uid: number) => boolean;
  readonly cut?: Cut | undefined;
}

interface Highest {
  has(uid: number): boolean;
  readonly cut: Cut | undefined;
}

const ALL: Highest = { has: () => true, cut: undefined };

/** Of those that would be removed now so many: what others mark meanwhile is not among them. */
function highestDeleted({ list }: Selected, uids: Pick<UidSet, 'contains'>, most: number): Highest {
  const { uid, flags } = list.columns;
  const chosen = new Set<number>();
  let lowest = 0;
  for (let row = list.count - 1; row >= 0; row--) {
    const one = uid[row] as number;
    if (((flags[row] as number) & FLAG.Deleted) === 0 || !uids.contains(one)) continue;
    if (chosen.size === most) return { has: (asked) => chosen.has(asked), cut: { most, lowest } };
    chosen.add(one);
    lowest = one;
  }
  return { has: (asked) => chosen.has(asked), cut: undefined };
}

async function expunge(
  { session, state }: Call<'selected'>,
  { isMarked, cut }: Expunged,
  name: string,
): Promise<Completion> {
  const { selected } = state;
  const { account } = selected;
  if (selected.isReadOnly) throw new MailboxError('read-only', 'the mailbox is open for reading only');
  const { place } = selected;
  place.require('e');
  const onSlice = (): void => observe(selected);
  const removed = await expungeMessages(place.acting(session.domain, 'e'), account, selected.mailbox, {
    marked: isMarked,
    onSlice,
  });
  if (removed.length === 0 && cut === undefined) return ok(`${name} completed, nothing was removed`);
  noteExpunged(session, place, removed);
  return done(session, name, cut, highestModSeq(session.modes, selected));
}

/** For the account's history: who deleted it. */
export function noteExpunged(session: SessionContext, place: Place, uids: ArrayLike<number>): void {
  if (uids.length > 0) {
    session.note(place, 'messages deleted', {
      mailbox: place.name,
      messages: uids.length,
      uids: uidsForLog(uids),
    });
  }
}

/** RFC 7162 §3.2.7, §3.2.9; RFC 6851 §4.4: where the mailbox stands once the client has applied what it is told. */
export function highestModSeq(modes: Modes, { mailbox }: Selected): string | undefined {
  return modes.qresync ? `HIGHESTMODSEQ ${mailbox.modseq}` : undefined;
}
