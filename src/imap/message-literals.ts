/**
 * Message literals of a command that adds mail (APPEND, REPLACE). They stream to the store as they come. What can be known
 * before is refused before a synchronizing literal is sent, tagged, since clients block on anything else: size, quota, a
 * mailbox that is not there. NUL is taken in any literal and kept, for BINARY to give it back.
 */

import { MailboxError, type MailboxErrorCode } from '../mailbox/model/errors.ts';
import type { IncomingMessage } from '../mailbox/operations/append.ts';
import type { LiteralContext, SessionContext, SignedIn } from './context.ts';
import { saveLimitOf, tooMany } from './message-limit.ts';
import { bad, type Completion, no } from './replies.ts';
import type { Freed } from './uploads.ts';
import { catenated, type Destination, isCatenated } from './url/catenate.ts';
import type { AppendMessage } from './wire/append-args.ts';
import { Cursor } from './wire/cursor.ts';
import { SyntaxFault, type SyntaxFaultOptions } from './wire/fault.ts';
import { sp } from './wire/grammar.ts';
import { isMessageLiteral, type LiteralAnnouncement, type LiteralDecision } from './wire/literal.ts';
import { mailbox } from './wire/mailbox.ts';

/** What is known of a message, its text in the command, and the message itself when it is small wait in memory. */
const HELD_BYTES_PER_MESSAGE = 8 * 1024;
const SMALL_BYTES = 64 * 1024;
/** All that one command may keep so until it is complete. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;
/** All of them are one change, which nobody else's can come between: some twenty milliseconds. */
const MAX_MESSAGES = 2000;

export interface AddingCommand {
  readonly name: string;
  /** Arguments before the message data, the last of which is the mailbox. */
  readonly operands: number;
  /** Reads the operands before the mailbox. */
  readonly skip: (c: Cursor) => void;
  readonly freed: (announcement: LiteralAnnouncement, context: LiteralContext) => Freed;
}

export function literalPolicy(command: AddingCommand) {
  return (announcement: LiteralAnnouncement, context: LiteralContext): LiteralDecision => {
    if (!isMessageLiteral(announcement, command.operands)) return 'buffer';
    const refusal = refusalOf(command, announcement, context);
    return refusal === undefined ? 'stream' : { refuse: refusal };
  };
}

/** The messages of the command, or what to answer instead. Throws what went wrong while one came in. */
export async function incomingMessages(
  call: SignedIn,
  name: string,
  destination: Destination,
  given: readonly AppendMessage[],
): Promise<readonly IncomingMessage[] | Completion> {
  const { session } = call;
  const limit = saveLimitOf(session.settings);
  if (limit !== undefined && given.length > limit) return tooMany(limit);
  const messages = given.some(isCatenated) ? await catenated(call, destination, given) : given;
  if ('status' in messages) return messages;
  // RFC 6855 §4: UTF8 literals are for those who have said that they know of UTF-8 headers.
  if (!session.modes.isUtf8 && messages.some(({ data }) => data.kind === 'utf8')) {
    return bad('UTF8 needs ENABLE UTF8=ACCEPT first');
  }
  const received = messages.map((message) => incoming(session, message));
  // RFC 3502 §6.3.11: the way to cancel an APPEND whose literals have begun.
  if (received.some(({ facts }) => facts.sizeBytes === 0)) return no(`${name} cancelled by an empty message`);
  return received;
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

function refusalOf(
  command: AddingCommand,
  announcement: LiteralAnnouncement,
  context: LiteralContext,
): SyntaxFault | undefined {
  const { state, settings } = context;
  if (state.kind !== 'authenticated' && state.kind !== 'selected')
    return new SyntaxFault(`${command.name} needs a login first`);
  const { streamedBytes, streamedCount } = announcement.progress;
  if (announcement.sizeBytes > settings.maxAppendBytes) {
    return refused('TOOBIG', `A message can have at most ${settings.maxAppendBytes} octets`);
  }
  const most = Math.min(streamedBytes, streamedCount * SMALL_BYTES) + streamedCount * HELD_BYTES_PER_MESSAGE;
  if (most > MAX_HELD_BYTES || streamedCount >= MAX_MESSAGES) {
    return refused(
      'LIMIT',
      `${streamedCount + 1} messages of this size are too many for one command; use several`,
    );
  }
  const limit = saveLimitOf(settings);
  if (limit !== undefined && streamedCount >= limit) return tooManyMessages(limit);
  const name = targetOf(command, announcement, context);
  const place = name === undefined ? undefined : context.reach?.peek(name);
  if (place === 'nowhere') {
    return refused('TRYCREATE', 'There is no such mailbox');
  }
  try {
    const { sizeBytes } = announcement;
    // Whether somebody else has room for it is found out when it is known who that is.
    if (place === 'unknown') context.uploads.admitUnknown(state.own.id, sizeBytes);
    else {
      const wanted = { mailbox: place?.mailbox, sizeBytes, messages: streamedCount + 1 };
      context.uploads.admit(state.own, wanted, command.freed(announcement, context));
    }
  } catch (error) {
    if (!(error instanceof MailboxError)) throw error;
    return refused(NO_ROOM[error.code] ?? 'UNAVAILABLE', error.message);
  }
  return undefined;
}

function tooManyMessages(most: number): SyntaxFault {
  return new SyntaxFault(tooMany(most).text, { status: 'NO', code: { code: 'MESSAGELIMIT', most } });
}

type Refusal = 'TOOBIG' | 'LIMIT' | 'TRYCREATE' | 'OVERQUOTA' | 'UNAVAILABLE';

/** Of an upload that is not admitted. */
const NO_ROOM: Partial<Record<MailboxErrorCode, Refusal>> = { limit: 'LIMIT', 'over-quota': 'OVERQUOTA' };

/** The mailbox as far as it can be read by now; what is wrong with it is said when the command is parsed. */
function targetOf(
  { skip }: AddingCommand,
  announcement: LiteralAnnouncement,
  { modes }: LiteralContext,
): string | undefined {
  const c = new Cursor(announcement, modes);
  try {
    skip(c);
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
