/**
 * MOVE and UID MOVE (RFC 9051 §6.4.8, RFC 6851). COPYUID comes in an untagged OK before the EXPUNGEs, so that a client
 * knows where its messages went before they vanish (RFC 6851 §4.3). A message that is gone already was moved or deleted
 * by another device, which is what this one wanted: it is passed over.
 */

import { uidsForLog } from '../../identity/activity.ts';
import { MailboxError } from '../../mailbox/model/errors.ts';
import { type Command, defineCommand, SELECTED } from '../command.ts';
import type { Call } from '../context.ts';
import { tellAdded } from '../mailbox-events.ts';
import { cutOf, done, limitOf, runsWithin } from '../message-limit.ts';
import { selectMessages, uidsOf } from '../message-set.ts';
import { type Completion, copyUid, ok, writeStatus } from '../replies.ts';
import { type CopyArgs, noTarget, parseCopy } from './copy.ts';
import { highestModSeq } from './expunge.ts';
import { moveTo } from './transfer.ts';

export const moveCommand: Command = moveLike('MOVE', false);
export const uidMoveCommand: Command = moveLike('UID MOVE', true);

function moveLike(name: string, isUid: boolean): Command {
  return defineCommand<CopyArgs, 'selected'>({
    name,
    states: SELECTED,
    takesNumbers: name === 'MOVE',
    mayTakeLong: true,
    parse: (c) => parseCopy(c, isUid),
    run: (call, args) => run(call, args, name),
  });
}

async function run({ session, state }: Call<'selected'>, args: CopyArgs, name: string): Promise<Completion> {
  const { selected } = state;
  if (selected.isReadOnly) throw new MailboxError('read-only', 'the mailbox is open for reading only');
  const named = selectMessages(selected, args.set);
  const cut = cutOf(selected.view, named, limitOf(session.settings));
  const uids = uidsOf(selected, runsWithin(selected.view, named, cut));
  const target = await session.reach.targetOf(args.target);
  if (target === undefined) return noTarget();
  const moved = await moveTo(session, selected, uids, target);
  if (moved.from.length === 0)
    return cut === undefined ? ok(`${name} completed, nothing was moved`) : done(session, name, cut);
  tellAdded(session, target.account, target.mailbox, 'COPY', moved.to);
  session.note(selected.place, 'messages moved', {
    mailbox: selected.name,
    to: target.name,
    messages: moved.from.length,
    uids: uidsForLog(moved.from),
  });
  writeStatus(session.out, '*', 'OK', 'Moved', copyUid(moved.uidValidity, moved.from, moved.to));
  // RFC 6851 §4.3: what was moved before the failure is told all the same.
  if (moved.failure !== undefined) throw moved.failure;
  return done(session, name, cut, highestModSeq(session.modes, selected));
}
