/**
 * APPEND (RFC 9051 §6.3.12) of one or several messages (RFC 3502), with APPENDUID (RFC 4315 §3).
 *
 * Message literals stream to the store as they come. What can be known before is refused before a synchronizing literal
 * is sent, tagged, since clients block on anything else: size, quota, a mailbox that is not there (`literal`). NUL is
 * taken in any literal and kept, for BINARY to give it back. Several messages are one change, all or none.
 */

import { MailboxError, type MailboxErrorCode } from '../../mailbox/model/errors.ts';
import { appendMessages, type IncomingMessage } from '../../mailbox/operations/append.ts';
import { findMailbox } from '../../mailbox/operations/mailboxes.ts';
import { type Command, defineCommand, SIGNED_IN } from '../command.ts';
import type { Call, LiteralContext, SessionContext } from '../context.ts';
import { appendUid, bad, type Completion, no, ok } from '../replies.ts';
import { type AppendArgs, type AppendMessage, appendArgs } from '../wire/append-args.ts';
import { Cursor } from '../wire/cursor.ts';
import { SyntaxFault, type SyntaxFaultOptions } from '../wire/fault.ts';
import { end, sp } from '../wire/grammar.ts';
import { isMessageLiteral, type LiteralAnnouncement, type LiteralDecision } from '../wire/literal.ts';
import { mailbox } from '../wire/mailbox.ts';
import { noTarget } from './copy.ts';

/** What is known of a message, its text in the command, and the message itself when it is small wait in memory. */
const HELD_BYTES_PER_MESSAGE = 8 * 1024;
const SMALL_BYTES = 64 * 1024;
/** All that one command may keep so until it is complete: some thousands of messages. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;

export const appendCommand: Command = defineCommand<AppendArgs, 'authenticated' | 'selected'>({
  name: 'APPEND',
  states: SIGNED_IN,
  literal: literalPolicy,
  parse(c) {
    const args = appendArgs(c);
    end(c);
    return args;
  },
  run,
});

async function run(
  { session, state }: Call<'authenticated' | 'selected'>,
  args: AppendArgs,
): Promise<Completion> {
  const { account } = state;
  if (args.messages.some(({ data }) => data.kind === 'catenate')) return bad('CATENATE is not offered here');
  // RFC 6855 §4: UTF8 literals are for those who have said that they know of UTF-8 headers.
  if (!session.modes.isUtf8 && args.messages.some(({ data }) => data.kind === 'utf8')) {
    return bad('UTF8 needs ENABLE UTF8=ACCEPT first');
  }
  const target = findMailbox(account, args.mailbox);
  if (target === undefined) return noTarget();
  const messages = args.messages.map((message) => incoming(session, message));
  // RFC 3502 §6.3.11: the way to cancel an APPEND whose literals have begun.
  if (messages.some((message) => message.facts.sizeBytes === 0))
    return no('APPEND cancelled by an empty message');
  const appended = await appendMessages(session.domain, account, target, messages);
  return ok('APPEND completed', appendUid(appended.uidValidity, appended.uids));
}

function incoming(session: SessionContext, { flags, dateTime, data }: AppendMessage): IncomingMessage {
  const literal = data.kind === 'catenate' ? undefined : data.literal;
  if (literal?.kind !== 'streamed') throw new SyntaxFault('Expected the message as a literal');
  return {
    ...session.received(literal),
    flags: flags.bits,
    keywords: flags.keywords,
    internalDate: dateTime?.seconds,
  };
}

function literalPolicy(announcement: LiteralAnnouncement, context: LiteralContext): LiteralDecision {
  if (!isMessageLiteral(announcement, 1)) return 'buffer';
  const refusal = refusalOf(announcement, context);
  return refusal === undefined ? 'stream' : { refuse: refusal };
}

function refusalOf(announcement: LiteralAnnouncement, context: LiteralContext): SyntaxFault | undefined {
  const { state, settings } = context;
  if (state.kind !== 'authenticated' && state.kind !== 'selected')
    return new SyntaxFault('APPEND needs a login first');
  const { streamedBytes, streamedCount } = announcement.progress;
  if (announcement.sizeBytes > settings.maxAppendBytes) {
    return refused('TOOBIG', `A message can have at most ${settings.maxAppendBytes} octets`);
  }
  const most = Math.min(streamedBytes, streamedCount * SMALL_BYTES) + streamedCount * HELD_BYTES_PER_MESSAGE;
  if (most > MAX_HELD_BYTES) {
    return refused(
      'LIMIT',
      `${streamedCount} messages of this size are too many for one command; use several`,
    );
  }
  const name = targetOf(announcement, context);
  if (name !== undefined && findMailbox(state.account, name) === undefined) {
    return refused('TRYCREATE', 'There is no such mailbox');
  }
  try {
    context.uploads.admit(state.account, announcement.sizeBytes, streamedCount + 1);
  } catch (error) {
    if (!(error instanceof MailboxError)) throw error;
    return refused(NO_ROOM[error.code] ?? 'UNAVAILABLE', error.message);
  }
  return undefined;
}

type Refusal = 'TOOBIG' | 'LIMIT' | 'TRYCREATE' | 'OVERQUOTA' | 'UNAVAILABLE';

/** Of an upload that is not admitted. */
const NO_ROOM: Partial<Record<MailboxErrorCode, Refusal>> = { limit: 'LIMIT', 'over-quota': 'OVERQUOTA' };

/** The mailbox as far as it can be read by now; what is wrong with it is said when the command is parsed. */
function targetOf(announcement: LiteralAnnouncement, { modes }: LiteralContext): string | undefined {
  const c = new Cursor(announcement, modes);
  try {
    sp(c);
    return mailbox(c);
  } catch (error) {
    if (error instanceof SyntaxFault) return undefined;
    throw error;
  }
}

function refused(code: Refusal, message: string): SyntaxFault {
  const options: SyntaxFaultOptions = { status: 'NO', code: { code } };
  return new SyntaxFault(message, options);
}
