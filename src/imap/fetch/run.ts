/**
 * The loop of FETCH: the client's messages, in order, each one line. The hottest path of the server.
 *
 * Three speeds. What the columns of the list hold is written straight from them, without an object or a promise per
 * message. Stored facts are loaded for some hundred messages at once, the next load under way while the last is written.
 * Octets are read for as many messages as fit into a megabyte; a long one passes by in slices, as fast as the client
 * takes it.
 *
 * Rows of the list move while this waits, so a row is looked up again by its UID after every wait. Messages that went
 * meanwhile are still written, from what was loaded or from the history. What fails in the middle of a line is thrown:
 * the session takes the line back.
 */
import { FLAG } from '../../mail/flags.ts';
import { MailboxError } from '../../mailbox/model/errors.ts';
import { emailId } from '../../mailbox/model/model.ts';
import type { NumberColumn } from '../../mailbox/model/record.ts';
import { changeFlags } from '../../mailbox/operations/flags.ts';
import type { ByteRange } from '../../mailbox/port/store.ts';
import { readRanges } from '../../mailbox/reading/message-reader.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import type { SessionContext } from '../context.ts';
import type { Written } from '../item.ts';
import { announceKeywords } from '../keywords.ts';
import { tellFlags } from '../mailbox-events.ts';
import type { PositionRun } from '../message-set.ts';
import type { Completion } from '../replies.ts';
import type { Selected } from '../selected.ts';
import { observe, writeFlagList } from '../updates.ts';
import type { WireWriter } from '../wire/writer.ts';
import { Batches, REST_MASK } from './batches.ts';
import { HELD_BYTES } from './body-items.ts';
import { type LoadedMessage, MessageCursor, type ReadOctets } from './message.ts';
import type { FetchPlan, PlannedItem } from './plan.ts';

/** Octets that are read at once. */
const READ_BYTES = 1024 * 1024;
/** Lines between two looks at the clock, less one; a power of two less one. */
const BREATH_MASK = 31;

export class FetchRun {
  readonly #session: SessionContext;
  readonly #account: AccountState;
  readonly #selected: Selected;
  readonly #plan: FetchPlan;
  readonly #cursor: MessageCursor;
  readonly #batches: Batches;
  /** Fetching the flags tells this client all it is owed of them. */
  readonly #settlesFlags: boolean;
  /** Decided once, not for each message. */
  readonly #begin: (out: WireWriter, message: MessageCursor) => void;
  #written = 0;
  readonly #uids: NumberColumn;
  /** Messages of the batch that this command has marked as read. */
  #seen: ReadonlySet<number> = new Set();

  constructor(session: SessionContext, selected: Selected, plan: FetchPlan) {
    const { account } = selected;
    this.#session = session;
    this.#account = account;
    this.#selected = selected;
    this.#plan = plan;
    this.#cursor = new MessageCursor(session, account.id);
    this.#batches = new Batches(session, selected, plan);
    this.#settlesFlags = plan.tellsFlags && (plan.tellsModSeq || !session.modes.condstore);
    this.#uids = selected.view.uids;
    this.#begin = session.modes.uidOnly ? beginByUid : beginByNumber;
  }

  /** Gives how the command must end, when not with OK. */
  async run(runs: readonly PositionRun[]): Promise<Completion | undefined> {
    const { fields, hasReads, setsSeen } = this.#plan;
    const isFromColumns = fields.length === 0 && !hasReads && !setsSeen;
    if (isFromColumns) for (const run of runs) await this.#writeColumns(run);
    else await this.#writeBatches(positionsOf(runs));
    return this.#cursor.refused;
  }

  async #writeColumns([from, to]: PositionRun): Promise<void> {
    const { changedSince } = this.#plan;
    const cursor = this.#cursor;
    let { list } = this.#selected;
    let row = list.lowerBound(this.#uids[from] as number) - 1;
    for (let at = from; at < to; at++) {
      const uid = this.#uids[at] as number;
      row++;
      if (row >= list.count || list.columns.uid[row] !== uid) row = list.lowerBound(uid);
      if (row < list.count && list.columns.uid[row] === uid) {
        if ((list.columns.modseq[row] as number) <= changedSince) {
          const rest = (at & REST_MASK) === 0 ? this.#session.rest() : undefined;
          if (rest === undefined) continue;
          await rest;
          list = this.#selected.list;
          continue;
        }
        cursor.showRow(at + 1, list.columns, row);
      } else {
        row--;
        const record = await this.#batches.expungedRecord(uid);
        list = this.#selected.list;
        if (record === undefined || record.modseq <= changedSince) continue;
        cursor.showRecord(at + 1, record);
      }
      const pending = this.#writeLine();
      if (pending !== undefined) await pending;
      const pause = (++this.#written & BREATH_MASK) === 0 ? this.#session.breathe() : undefined;
      if (pause === undefined) continue;
      await pause;
      list = this.#selected.list;
    }
  }

  async #writeBatches(positions: Generator<number>): Promise<void> {
    let loading = this.#batches.next(positions);
    try {
      for (;;) {
        using batch = await loading;
        if (batch === undefined) return;
        loading = this.#batches.next(positions);
        // Looked at later; until then a failure is not unheard of.
        loading.catch(() => {});
        if (this.#plan.setsSeen) await this.#markSeen(batch.messages);
        await this.#writeBatch(batch.messages);
      }
    } finally {
      // One that was loaded ahead of a failure is not written.
      void loading.then(
        (batch) => batch?.[Symbol.dispose](),
        () => {},
      );
    }
  }

  /** RFC 9051 §6.4.5: fetching octets without PEEK sets \Seen. Mail stays readable when that cannot be stored. */
  async #markSeen(batch: readonly LoadedMessage[]): Promise<void> {
    const { mailbox, list, isReadOnly, place } = this.#selected;
    this.#seen = new Set();
    if (isReadOnly || mailbox.isGone || !place.may('s')) return;
    const unseen = batch.filter(
      ({ record, uid }) => (place.flagsOf(uid, record.flags) & FLAG.Seen) === 0 && list.indexOf(uid) >= 0,
    );
    if (unseen.length === 0) return;
    const uids = unseen.map(({ uid }) => uid);
    try {
      const { reader } = place;
      const asReader = reader === undefined ? {} : { reader };
      const change = { mode: 'add', flags: FLAG.Seen, keywords: [], ...asReader } as const;
      const seen = new Set<number>();
      await changeFlags(
        place.acting(this.#session.domain, 's'),
        this.#account,
        mailbox,
        uids,
        change,
        (slice) => {
          for (const uid of slice.changed) seen.add(uid);
          tellFlags(this.#session, this.#account, mailbox, slice);
          return undefined;
        },
      );
      this.#seen = seen;
      observe(this.#selected);
    } catch (error) {
      if (!(error instanceof MailboxError)) throw error;
      this.#session.log.warn({ err: error }, 'messages could not be marked as read');
    }
  }

  async #writeBatch(batch: readonly LoadedMessage[]): Promise<void> {
    if (!this.#plan.hasReads) return this.#writeMessages(batch, 0, batch.length);
    let from = 0;
    let bytes = 0;
    const wanted: ReadOctets[] = [];
    const ranges: ByteRange[] = [];
    for (let at = 0; at < batch.length; at++) {
      bytes += this.#announceReads(batch[at] as LoadedMessage, wanted, ranges);
      if (bytes < READ_BYTES && at + 1 < batch.length) continue;
      const memory = this.#session.lend();
      const read = ranges.length === 0 ? [] : await readRanges(this.#session.domain, ranges, memory.allocate);
      wanted.forEach((octets, index) => {
        octets.bytes = read[index] as Buffer;
      });
      await this.#writeMessages(batch, from, at + 1);
      memory.written();
      for (; from <= at; from++) (batch[from] as LoadedMessage).octets.length = 0;
      bytes = 0;
      wanted.length = 0;
      ranges.length = 0;
    }
  }

  /** Which octets the message's items will ask for, each range once; returns how many octets. */
  #announceReads(message: LoadedMessage, wanted: ReadOctets[], ranges: ByteRange[]): number {
    const cursor = this.#cursor;
    const email = emailId(this.#account.id, message.record.email);
    let bytes = 0;
    cursor.show(message);
    for (const { item, args } of this.#plan.items) {
      const range = item.reads?.(cursor, args);
      if (range === undefined) continue;
      const { start, end } = range;
      // Many items of one message may ask for more than should be held: the others are read when they are written.
      if (end <= start || end - start > HELD_BYTES || bytes > READ_BYTES) continue;
      if (message.octets.some((octets) => octets.start === start && octets.end === end)) continue;
      const octets: ReadOctets = { start, end, bytes: NOTHING };
      message.octets.push(octets);
      wanted.push(octets);
      ranges.push({ email, start, end });
      bytes += end - start;
    }
    return bytes;
  }

  async #writeMessages(batch: readonly LoadedMessage[], from: number, to: number): Promise<void> {
    const cursor = this.#cursor;
    for (let at = from; at < to; at++) {
      const message = batch[at] as LoadedMessage;
      cursor.show(message);
      const { list } = this.#selected;
      const row = list.indexOf(message.uid, message.row);
      if (row >= 0) cursor.showRow(message.seq, list.columns, row);
      const pending = this.#writeLine();
      if (pending !== undefined) await pending;
      const pause = (++this.#written & BREATH_MASK) === 0 ? this.#session.breathe() : undefined;
      if (pause !== undefined) await pause;
    }
  }

  /** `* n FETCH (...)` of the message at hand; a promise only when something has to be waited for. */
  #writeLine(): Promise<void> | undefined {
    const { out } = this.#session;
    if (this.#cursor.record.keywordSet !== 0) announceKeywords(this.#session, this.#selected);
    const start = out.sizeBytes;
    this.#begin(out, this.#cursor);
    const { items } = this.#plan;
    let count = 0;
    for (let i = 0; i < items.length; i++) {
      const mark = out.sizeBytes;
      if (count > 0) out.sp();
      const written = this.#writeItem(items[i] as PlannedItem);
      if (written instanceof Promise) return this.#finishLine(start, mark, written, i + 1, count);
      if (written === false) out.truncate(mark);
      else count++;
    }
    this.#endLine(start, count);
    return undefined;
  }

  async #finishLine(
    start: number,
    firstMark: number,
    first: Promise<Written>,
    next: number,
    before: number,
  ): Promise<void> {
    const { out } = this.#session;
    let count = before;
    let mark = firstMark;
    let written: MaybeWritten = first;
    for (let i = next; ; i++) {
      if ((await written) === false) out.truncate(mark);
      else count++;
      // Nothing of a line leaves that may come to nothing.
      const pause = count > 0 ? this.#cursor.breathe() : undefined;
      if (pause !== undefined) await pause;
      const planned = this.#plan.items[i];
      if (planned === undefined) break;
      mark = out.sizeBytes;
      if (count > 0) out.sp();
      written = this.#writeItem(planned);
    }
    this.#endLine(start, count);
  }

  #writeItem({ item, args }: PlannedItem): MaybeWritten {
    return item.write(this.#session.out, this.#cursor, args, this.#session, this.#selected);
  }

  #endLine(start: number, written: number): void {
    const { out, modes } = this.#session;
    const cursor = this.#cursor;
    let count = written;
    if (this.#seen.has(cursor.uid)) count += this.#writeSeen(count);
    if (count === 0) {
      out.truncate(start);
      return;
    }
    out.close().crlf();
    if (this.#settlesFlags || (this.#seen.has(cursor.uid) && modes.condstore)) {
      this.#selected.view.forgetFlag(cursor.uid);
    }
  }

  /** What fetching has changed is told with it (RFC 9051 §6.4.5), with UID and MODSEQ for those who need them (RFC 7162 §3.2.4). */
  #writeSeen(before: number): number {
    const { out, modes } = this.#session;
    const { record, uid } = this.#cursor;
    const { tellsFlags, tellsModSeq, items } = this.#plan;
    let count = before;
    if (!tellsFlags) {
      if (count++ > 0) out.sp();
      out.ascii('FLAGS ');
      writeFlagList(out, this.#selected, record.flags, record.keywordSet, uid, modes);
    }
    if (!modes.condstore) return count - before;
    if (!modes.uidOnly && !items.some(({ item }) => item.name === 'UID')) {
      if (count++ > 0) out.sp();
      out.ascii('UID ').number(uid);
    }
    if (!tellsModSeq) {
      if (count++ > 0) out.sp();
      out.ascii('MODSEQ (').number(record.modseq).ascii(')');
    }
    return count - before;
  }
}

function beginByNumber(out: WireWriter, { seq }: MessageCursor): void {
  out.ascii('* ').number(seq).ascii(' FETCH (');
}

/** RFC 9586 §3.3. */
function beginByUid(out: WireWriter, { uid }: MessageCursor): void {
  out.ascii('* ').number(uid).ascii(' UIDFETCH (');
}

type MaybeWritten = Written | Promise<Written>;

const NOTHING = Buffer.alloc(0);

function* positionsOf(runs: readonly PositionRun[]): Generator<number> {
  for (const [from, to] of runs) for (let at = from; at < to; at++) yield at;
}
