/**
 * COPY and UID COPY (RFC 9051 §6.4.7) with COPYUID (RFC 4315 §3). COPY is of all the messages or none: when one of them is
 * gone it is refused, for the client would delete the originals in the belief that they are safe. By UID, or by `$`, what
 * is gone was not named.
 */
import { MessagesGone } from '../../mailbox/operations/copy.ts';
import { type Command, defineCommand, SELECTED } from '../command.ts';
import type { Call } from '../context.ts';
import { tellAdded } from '../mailbox-events.ts';
import { cutOf, saveLimitOf, tooMany } from '../message-limit.ts';
import { type MessageSet, messageSet, selectMessages, uidsOf } from '../message-set.ts';
import { type Completion, copyUid, no, ok } from '../replies.ts';
import type { Cursor } from '../wire/cursor.ts';
import { end, sp } from '../wire/grammar.ts';
import { mailbox } from '../wire/mailbox.ts';
import { NumSet } from '../wire/numset.ts';
import { copyTo } from './transfer.ts';

export interface CopyArgs {
  readonly set: MessageSet;
  readonly target: string;
}

export const copyCommand: Command = copyLike('COPY', false);
export const uidCopyCommand: Command = copyLike('UID COPY', true);

function copyLike(name: string, isUid: boolean): Command {
  return defineCommand<CopyArgs, 'selected'>({
    name,
    states: SELECTED,
    takesNumbers: !isUid,
    mayTakeLong: true,
    parse: (c) => parseCopy(c, isUid),
    run: (call, args) => run(call, args, isUid),
  });
}

/** Also of MOVE. */
export function parseCopy(c: Cursor, isUid: boolean): CopyArgs {
  sp(c);
  const set = messageSet(c, isUid);
  sp(c);
  const target = mailbox(c);
  end(c);
  return { set, target };
}

async function run(
  { session, state }: Call<'selected'>,
  args: CopyArgs,
  isUid: boolean,
): Promise<Completion> {
  const { selected } = state;
  const named = selectMessages(selected, args.set);
  const cut = cutOf(selected.view, named, saveLimitOf(session.settings));
  if (cut !== undefined) return tooMany(cut.most, cut.lowest);
  const uids = uidsOf(selected, named);
  const target = await session.reach.targetOf(args.target);
  if (target === undefined) return noTarget();
  const isOfAll = args.set instanceof NumSet && !isUid;
  const copied = await copyTo(session, selected, uids, target, isOfAll).catch(ifGone);
  if (copied === undefined) return no('Some of the messages are gone; nothing was copied', 'EXPUNGEISSUED');
  tellAdded(session, target.account, target.mailbox, 'COPY', copied.to);
  const name = isUid ? 'UID COPY' : 'COPY';
  if (copied.from.length === 0) return ok(`${name} completed, nothing was copied`);
  return ok(`${name} completed`, copyUid(copied.uidValidity, copied.from, copied.to));
}

function ifGone(error: unknown): undefined {
  if (!(error instanceof MessagesGone)) throw error;
  return undefined;
}

/** RFC 9051 §6.4.7: the client may create it and try again. */
export function noTarget(): Completion {
  return no('There is no such mailbox', 'TRYCREATE');
}
