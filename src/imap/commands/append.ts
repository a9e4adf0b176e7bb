/** APPEND (RFC 9051 §6.3.12) of one or several messages (RFC 3502), with APPENDUID (RFC 4315 §3): one change, all or none. CATENATE (RFC 4469) is a form of their data. */

import { MailboxError } from '../../mailbox/model/errors.ts';
import type { Uid } from '../../mailbox/model/model.ts';
import { type AppendResult, appendMessages, type IncomingMessage } from '../../mailbox/operations/append.ts';
import { copyMessages } from '../../mailbox/operations/copy.ts';
import { noteSentCopy, takeSentCopy, takeWaitingCopy } from '../../mailbox/operations/sent-copy.ts';
import { inFewWords, type Place } from '../../mailbox/operations/visiting.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import type { MailboxState } from '../../mailbox/state/mailbox.ts';
import { type Command, defineCommand, SIGNED_IN } from '../command.ts';
import type { Call, SessionContext } from '../context.ts';
import { tellAdded } from '../mailbox-events.ts';
import { incomingMessages, literalPolicy } from '../message-literals.ts';
import { appendUid, type Completion, ok } from '../replies.ts';
import { NOTHING_FREED } from '../uploads.ts';
import { type AppendArgs, appendArgs } from '../wire/append-args.ts';
import { end } from '../wire/grammar.ts';
import { noTarget } from './copy.ts';

export const appendCommand: Command = defineCommand<AppendArgs, 'authenticated' | 'selected'>({
  name: 'APPEND',
  states: SIGNED_IN,
  mayTakeLong: true,
  literal: literalPolicy({ name: 'APPEND', operands: 1, skip: () => {}, freed: () => NOTHING_FREED }),
  parse(c) {
    const args = appendArgs(c);
    end(c);
    return args;
  },
  run,
});

async function run(call: Call<'authenticated' | 'selected'>, args: AppendArgs): Promise<Completion> {
  const { session } = call;
  const place = await session.reach.targetOf(args.mailbox);
  if (place === undefined) return noTarget();
  const destination = { target: place, freed: NOTHING_FREED };
  const messages = await incomingMessages(call, 'APPEND', destination, args.messages);
  if ('status' in messages) return messages;
  if (!place.isOwn) return appendToOthers(session, place, messages);
  const { account, mailbox: target } = place;
  const { domain } = session;
  const [only, ...more] = messages;
  if (only !== undefined && more.length === 0 && target.role === 'sent')
    return appendToSent(session, account, target, only);
  return added(session, account, target, await appendMessages(domain, account, target, messages));
}

/** What was sent a moment ago is there once: the copy of the server, or that of the program where it says more. */
async function appendToSent(
  session: SessionContext,
  account: AccountState,
  target: MailboxState,
  message: IncomingMessage,
): Promise<Completion> {
  const { domain } = session;
  const known = await takeSentCopy(domain, account, target, { ...message, madeBy: 'server' });
  if (known !== undefined && !known.saysLess)
    return ok('It is there already', appendUid(target.uidValidity, [known.uid]));
  const waiting = await takeWaitingCopy(domain, account, target, message);
  if (waiting !== undefined) {
    const { to, uidValidity } = await copyMessages(domain, account, waiting.mailbox, [waiting.uid], target);
    tellAdded(session, account, target, 'APPEND', to);
    if (to.length > 0) return ok('It waits to be sent, and is there', appendUid(uidValidity, to));
  }
  const { messageId } = message.facts;
  if (known !== undefined) {
    const replaced = { mailbox: target, uid: known.uid, isSuperseded: true };
    const instead = await appendMessages(domain, account, target, [message], { replaced }).catch((error) => {
      // It was expunged in this moment. Else it is there, and the program tries again.
      if (error instanceof MailboxError && error.code === 'nonexistent') return undefined;
      noteSentCopy(domain, account, target, { messageId, madeBy: 'server', uid: known.uid });
      throw error;
    });
    if (instead !== undefined) return added(session, account, target, instead);
  }
  const appended = await appendMessages(domain, account, target, [message]);
  const uid = appended.uids[0] as Uid;
  if (known === undefined) noteSentCopy(domain, account, target, { messageId, madeBy: 'program', uid });
  return added(session, account, target, appended);
}

function added(
  session: SessionContext,
  account: AccountState,
  target: MailboxState,
  { uidValidity, uids }: AppendResult,
): Completion {
  tellAdded(session, account, target, 'APPEND', uids);
  return ok('APPEND completed', appendUid(uidValidity, uids));
}

/** RFC 4314 §4: flags that the visitor may not set are left out; what he has seen only he has. */
async function appendToOthers(
  session: SessionContext,
  place: Place,
  messages: readonly IncomingMessage[],
): Promise<Completion> {
  const { account, mailbox, reader } = place;
  const allowed = messages.map((message) => ({ ...message, ...place.allowed(message) }));
  const domain = place.acting(session.domain, 'i');
  const options = reader === undefined ? {} : { reader: reader.id };
  const appended = await appendMessages(domain, account, mailbox, allowed, options).catch(inFewWords);
  tellAdded(session, account, mailbox, 'APPEND', appended.uids);
  session.note(place, 'messages added', { mailbox: place.name, messages: appended.uids.length });
  return ok('APPEND completed', appendUid(appended.uidValidity, appended.uids));
}
