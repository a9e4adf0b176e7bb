/**
 * Copying and moving from one account to another: the octets are written again, as those of new messages. A slice is there whole or not at all; a copy
 * that fails half-way takes its finished slices back, whatever he who asked for it may by then. A move removes the originals of a slice when their copies are durable: killed in
 * between, the messages are in both places, never in none.
 */
import type { Domain } from '../domain.ts';
import { MailboxError, OutcomeUnknown } from '../model/errors.ts';
import { type AccountId, emailId } from '../model/model.ts';
import { type MessageRecord, recordAt } from '../model/record.ts';
import { streamIntact } from '../reading/message-reader.ts';
import type { AccountState } from '../state/account.ts';
import { loadList } from '../state/load.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { appendMessages, type IncomingMessage } from './append.ts';
import { type CopyResult, MessagesGone, type MoveResult } from './copy.ts';
import { expungeMessages } from './expunge.ts';
import { halfDone } from './half-done.ts';
import { openIncoming } from './incoming.ts';

export interface AcrossEnd {
  /** Through which what happens at this end is done. */
  readonly domain: Domain;
  /** And what is taken back of it: whoever has lost his rights in the middle leaves nothing half done. */
  readonly undoing: Domain;
  readonly account: AccountState;
  readonly mailbox: MailboxState;
}

export interface AcrossOptions {
  /** All of the messages or none. */
  readonly isOfAll?: boolean;
  /** The flags that a message is to have there. */
  readonly flagsOf: (record: MessageRecord) => Pick<IncomingMessage, 'flags' | 'keywords'>;
  /** Who is not the owner there. */
  readonly reader?: AccountId | undefined;
  /** After each durable slice. */
  readonly onSlice?: () => void;
  readonly pause: () => Promise<void> | undefined;
}

const MESSAGES_PER_SLICE = 50;
const BYTES_PER_SLICE = 16 * 1024 * 1024;

export async function copyAcross(
  from: AcrossEnd,
  uids: readonly number[],
  to: AcrossEnd,
  options: AcrossOptions,
): Promise<CopyResult> {
  const done = { from: [] as number[], to: [] as number[] };
  try {
    await eachSlice(from, uids, to, options, async (source, target) => {
      done.from.push(...source);
      done.to.push(...target);
    });
  } catch (error) {
    if (done.to.length > 0 && !(await takeBack(to, done.to))) throw leftBehind(done.to.length, error);
    throw error;
  }
  return { uidValidity: to.mailbox.uidValidity, ...done };
}

/** Messages that are gone are passed over. Throws when nothing was moved. */
export async function moveAcross(
  from: AcrossEnd,
  uids: readonly number[],
  to: AcrossEnd,
  options: AcrossOptions,
): Promise<MoveResult> {
  const done = { from: [] as number[], to: [] as number[] };
  const { uidValidity } = to.mailbox;
  try {
    await eachSlice(from, uids, to, options, async (source, target) => {
      const gone = new Set(await removeOriginals(from, source, to, target));
      done.from.push(...source.filter((uid) => gone.has(uid)));
      done.to.push(...target.filter((_, i) => gone.has(source[i] as number)));
      options.onSlice?.();
    });
  } catch (error) {
    if (done.to.length === 0 || !(error instanceof MailboxError)) throw error;
    return { uidValidity, ...done, failure: halfDone(error, done.to.length) };
  }
  return { uidValidity, ...done };
}

/**
 * Gives those that were still there. A copy whose original somebody else has taken away meanwhile, or that does not go, is taken
 * back: it is his, or stays where it is. Where the store cannot say whether the originals are gone the copies stay.
 */
export async function removeOriginals(
  from: AcrossEnd,
  source: readonly number[],
  to: AcrossEnd,
  target: readonly number[],
): Promise<readonly number[]> {
  const removed = await expungeMessages(from.domain, from.account, from.mailbox, { uids: source }).catch(
    async (error: unknown) => {
      const isKept = error instanceof MailboxError && !(error instanceof OutcomeUnknown);
      if (isKept && !(await takeBack(to, target))) throw leftBehind(target.length, error);
      throw error;
    },
  );
  const gone = new Set(removed);
  const others = target.filter((_, i) => !gone.has(source[i] as number));
  if (others.length > 0 && !(await takeBack(to, others))) throw leftBehind(others.length, undefined);
  return removed;
}

async function eachSlice(
  from: AcrossEnd,
  uids: readonly number[],
  to: AcrossEnd,
  options: AcrossOptions,
  done: (source: readonly number[], target: readonly number[]) => Promise<void>,
): Promise<void> {
  const list = await loadList(from.domain, from.account, from.mailbox);
  const records = uids.flatMap((uid) => {
    const row = list.indexOf(uid);
    return row < 0 ? [] : [recordAt(list.columns, row)];
  });
  if (options.isOfAll === true && records.length < uids.length) throw new MessagesGone();
  for (let at = 0; at < records.length; ) {
    const slice = sliceFrom(records, at);
    at += slice.length;
    const target = await addCopies(from, slice, to, options);
    await done(
      slice.map(({ uid }) => uid),
      target,
    );
    const pause = options.pause();
    if (pause !== undefined) await pause;
  }
}

function sliceFrom(records: readonly MessageRecord[], at: number): readonly MessageRecord[] {
  let bytes = 0;
  let end = at;
  while (end < records.length && end - at < MESSAGES_PER_SLICE && (end === at || bytes < BYTES_PER_SLICE))
    bytes += (records[end++] as MessageRecord).size;
  return records.slice(at, end);
}

async function addCopies(
  from: AcrossEnd,
  records: readonly MessageRecord[],
  to: AcrossEnd,
  { flagsOf, reader }: AcrossOptions,
): Promise<readonly number[]> {
  const streams = [];
  try {
    const messages: IncomingMessage[] = [];
    for (const record of records) {
      const stream = openIncoming(to.domain, [to.account.id], record.size, record.size);
      streams.push(stream);
      const email = emailId(from.account.id, record.email);
      let read = 0;
      for await (const octets of streamIntact(from.domain, { email, start: 0, end: record.size })) {
        read += octets.length;
        await stream.write(octets);
      }
      if (read < record.size) throw damaged(record);
      const { blob, facts } = await stream.finish();
      messages.push({ blob, facts, internalDate: record.internalDate, ...flagsOf(record) });
    }
    const asReader = reader === undefined ? {} : { reader };
    return (await appendMessages(to.domain, to.account, to.mailbox, messages, asReader)).uids;
  } finally {
    // What was stored is safe.
    for (const stream of streams) stream.abort();
  }
}

/** What stands for lost octets where mail is read is no mail: the original stays, for whoever can mend it. */
function damaged({ uid }: MessageRecord): MailboxError {
  return new MailboxError(
    'damaged',
    `the message with UID ${uid} is damaged on the server; leave it where it is`,
  );
}

async function takeBack(
  { undoing: domain, account, mailbox }: AcrossEnd,
  uids: readonly number[],
): Promise<boolean> {
  try {
    await expungeMessages(domain, account, mailbox, { uids, isSuperseded: true });
    return true;
  } catch (error) {
    domain.log.error({ err: error, mailbox: mailbox.name }, 'a copy that failed could not be taken back');
    return false;
  }
}

function leftBehind(messages: number, error: unknown): unknown {
  if (error !== undefined && !(error instanceof MailboxError)) return error;
  const words = `copies of ${messages} messages could not be taken back; look before you try again`;
  return new MailboxError(error?.code ?? 'unavailable', words, { cause: error });
}
