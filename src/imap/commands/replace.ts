/**
 * REPLACE and UID REPLACE (RFC 8508): a message comes and another one goes, as one change. A program that saves a draft over
 * and over never leaves two, nor none, and a full mailbox takes the draft all the same when it has not grown (§3.4).
 */
import { MailboxError } from '../../mailbox/model/errors.ts';
import { type AppendResult, appendMessages, type IncomingMessage } from '../../mailbox/operations/append.ts';
import { removeOriginals } from '../../mailbox/operations/copy-across.ts';
import { inFewWords, type Place } from '../../mailbox/operations/visiting.ts';
import { type Command, defineCommand, SELECTED } from '../command.ts';
import type { Call, LiteralContext, SessionContext } from '../context.ts';
import { tellAdded } from '../mailbox-events.ts';
import { incomingMessages, literalPolicy } from '../message-literals.ts';
import { type MessageSet, messageSet, selectMessages, uidsOf } from '../message-set.ts';
import { appendUid, type Completion, no, ok, writeStatus } from '../replies.ts';
import type { Selected } from '../selected.ts';
import { type Freed, NOTHING_FREED } from '../uploads.ts';
import { type AppendMessage, appendMessage } from '../wire/append-args.ts';
import { Cursor } from '../wire/cursor.ts';
import { SyntaxFault } from '../wire/fault.ts';
import { end, sp } from '../wire/grammar.ts';
import type { LiteralAnnouncement } from '../wire/literal.ts';
import { mailbox } from '../wire/mailbox.ts';
import { NumSet } from '../wire/numset.ts';
import { noTarget } from './copy.ts';
import { highestModSeq, noteExpunged } from './expunge.ts';
import { arrivingEnd, leavingEnd } from './transfer.ts';

interface ReplaceArgs {
  /** Of one message. */
  readonly set: MessageSet;
  readonly mailbox: string;
  readonly message: AppendMessage;
}

export const replaceCommand: Command = replaceLike('REPLACE', false);
export const uidReplaceCommand: Command = replaceLike('UID REPLACE', true);

/** Of a message whose size is not known at this moment: the change itself asks for room. */
const ENOUGH: Freed = { bytes: Number.POSITIVE_INFINITY, messages: Number.POSITIVE_INFINITY };

function replaceLike(name: string, isUid: boolean): Command {
  return defineCommand<ReplaceArgs, 'selected'>({
    name,
    states: SELECTED,
    takesNumbers: !isUid,
    mayTakeLong: true,
    literal: literalPolicy({
      ...{ name, operands: 2 },
      skip: (c) => void oneMessage(c, isUid),
      freed: (announcement, context) => freed(announcement, context, isUid),
    }),
    parse(c) {
      const set = oneMessage(c, isUid);
      sp(c);
      const args = { set, mailbox: mailbox(c), message: appendMessage(c) };
      end(c);
      return args;
    },
    run: (call, args) => run(call, args, name),
  });
}

/** `SP seq-number`, which may be `*` but neither a set nor `$`. */
function oneMessage(c: Cursor, isUid: boolean): MessageSet {
  sp(c);
  const set = messageSet(c, isUid);
  if (!(set instanceof NumSet) || !set.isOne) throw new SyntaxFault('REPLACE takes one message');
  return set;
}

async function run(call: Call<'selected'>, args: ReplaceArgs, name: string): Promise<Completion> {
  const { session, state } = call;
  const { selected } = state;
  if (selected.isReadOnly) throw new MailboxError('read-only', 'the mailbox is open for reading only');
  const target = await session.reach.targetOf(args.mailbox);
  if (target === undefined) return noTarget();
  const { place } = selected;
  for (const right of ['t', 'e'] as const) place.require(right);
  // What goes makes room for what comes where both are of one account.
  const freed = target.account === selected.account ? sizeOf(selected, args.set) : NOTHING_FREED;
  const messages = await incomingMessages(call, name, { target, freed }, [args.message]);
  if ('status' in messages) return messages;
  const [uid] = uidsOf(selected, selectMessages(selected, args.set));
  if (uid === undefined) return no('There is no such message to replace', 'NONEXISTENT');
  const appended = await replaceBy(session, selected, uid, target, messages);
  tellAdded(session, target.account, target.mailbox, 'APPEND', appended.uids);
  noteExpunged(session, place, [uid]);
  const code = appendUid(appended.uidValidity, appended.uids);
  writeStatus(session.out, '*', 'OK', 'Replacement message ready', code);
  return ok(`${name} completed`, highestModSeq(session.modes, selected));
}

/** In one change; from one account to another in two, the new message first, so that there is never none of them; it goes again where the old one stays. */
async function replaceBy(
  session: SessionContext,
  { place, account, mailbox }: Selected,
  uid: number,
  target: Place,
  messages: readonly IncomingMessage[],
): Promise<AppendResult> {
  const leaving = leavingEnd(session, place);
  const allowed = messages.map((message) => ({ ...message, ...target.allowed(message) }));
  const { reader } = target;
  const asReader = reader === undefined ? {} : { reader: reader.id };
  if (account === target.account) {
    const options = { replaced: { mailbox, uid }, ...asReader };
    const appended = appendMessages(
      target.acting(leaving.domain, 'i'),
      account,
      target.mailbox,
      allowed,
      options,
    );
    return target.isOwn ? appended : appended.catch(inFewWords);
  }
  const adding = arrivingEnd(session, place, target);
  const appended = appendMessages(adding.domain, target.account, target.mailbox, allowed, asReader);
  const result = await (target.isOwn ? appended : appended.catch(inFewWords));
  const removed = await removeOriginals(leaving, [uid], adding, result.uids);
  if (removed.length === 0) throw new MailboxError('nonexistent', 'the message to replace is gone');
  return result;
}

function freed(announcement: LiteralAnnouncement, { state, modes }: LiteralContext, isUid: boolean): Freed {
  if (state.kind !== 'selected') return NOTHING_FREED;
  if (state.selected.whenReady() !== undefined) return ENOUGH;
  try {
    return sizeOf(state.selected, oneMessage(new Cursor(announcement, modes), isUid));
  } catch (error) {
    // What is wrong with it is said when the command is parsed.
    if (error instanceof SyntaxFault) return NOTHING_FREED;
    throw error;
  }
}

function sizeOf(selected: Selected, set: MessageSet): Freed {
  const [uid] = uidsOf(selected, selectMessages(selected, set));
  const row = uid === undefined ? -1 : selected.rowOf(uid);
  return row < 0 ? NOTHING_FREED : { bytes: selected.list.columns.size[row] as number, messages: 1 };
}
