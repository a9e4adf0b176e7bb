/**
 * The message that a FETCH is writing: one object for all of them, pointed at one after the other, so that a hundred
 * thousand answers cost no objects. Octets that were read ahead are given at once, others are read when asked for.
 */
import type { PartOffsets } from '../../mail/part.ts';
import type { Domain } from '../../mailbox/domain.ts';
import type { EmailFacts } from '../../mailbox/model/facts.ts';
import { type AccountId, emailId } from '../../mailbox/model/model.ts';
import type { MessageRecord, ReadonlyColumns } from '../../mailbox/model/record.ts';
import { partsOf, readRanges, streamRange } from '../../mailbox/reading/message-reader.ts';
import type { Lent } from '../../net/send-memory.ts';
import type { SessionContext } from '../context.ts';
import type { FetchedMessage, Octets } from '../item.ts';
import type { Completion } from '../replies.ts';

/** A message whose facts are loaded, on its way to be written. */
export interface LoadedMessage {
  readonly seq: number;
  readonly uid: number;
  readonly record: MessageRecord;
  /** Where it was in the list. */
  readonly row: number;
  email: EmailFacts | undefined;
  readonly octets: ReadOctets[];
}

export interface ReadOctets extends Octets {
  bytes: Buffer;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const NONE: readonly ReadOctets[] = Object.freeze([]);

export class MessageCursor implements FetchedMessage {
  seq = 0;
  uid = 0;
  record: MessageRecord;
  /** A row of the list, for as long as it is shown. */
  readonly #row: Mutable<MessageRecord> = {
    uid: 0,
    email: 0,
    modseq: 0,
    flags: 0,
    traits: 0,
    keywordSet: 0,
    internalDate: 0,
    size: 0,
    saveDate: 0,
  };
  email: EmailFacts | undefined;
  /** How the command must end, when not with OK. */
  refused: Completion | undefined;
  readonly #domain: Domain;
  readonly #account: AccountId;
  readonly #session: SessionContext;
  #parts: PartOffsets | undefined;
  #octets: readonly ReadOctets[] = NONE;

  constructor(session: SessionContext, account: AccountId) {
    this.#session = session;
    this.#domain = session.domain;
    this.#account = account;
    this.record = this.#row;
  }

  showRow(seq: number, columns: ReadonlyColumns, row: number): void {
    const record = this.#row;
    this.record = record;
    this.seq = seq;
    this.uid = columns.uid[row] as number;
    record.uid = this.uid;
    record.email = columns.email[row] as number;
    record.modseq = columns.modseq[row] as number;
    record.flags = columns.flags[row] as number;
    record.traits = columns.traits[row] as number;
    record.keywordSet = columns.keywordSet[row] as number;
    record.internalDate = columns.internalDate[row] as number;
    record.size = columns.size[row] as number;
    record.saveDate = columns.saveDate[row] as number;
  }

  showRecord(seq: number, record: MessageRecord): void {
    this.seq = seq;
    this.uid = record.uid;
    this.record = record;
  }

  show(message: LoadedMessage): void {
    this.showRecord(message.seq, message.record);
    this.email = message.email;
    this.#octets = message.octets;
    this.#parts = undefined;
  }

  get parts(): PartOffsets {
    this.#parts ??= partsOf(this.email, this.record.size);
    return this.#parts;
  }

  read(start: number, end: number): Buffer | Promise<Buffer> {
    for (const held of this.#octets) {
      if (held.start === start && held.end === end) return held.bytes;
    }
    return this.#read(start, end);
  }

  stream(start: number, end: number, memory?: Lent): AsyncIterable<Buffer> {
    return streamRange(this.#domain, this.#range(start, end), memory?.allocate);
  }

  lend(): Lent {
    return this.#session.lend();
  }

  rest(): Promise<void> | undefined {
    return this.#session.rest();
  }

  breathe(): Promise<void> | undefined {
    return this.#session.breathe();
  }

  refuse(completion: Completion): void {
    this.refused ??= completion;
  }

  async #read(start: number, end: number): Promise<Buffer> {
    const [bytes] = await readRanges(this.#domain, [this.#range(start, end)]);
    return bytes as Buffer;
  }

  #range(start: number, end: number) {
    return { email: emailId(this.#account, this.record.email), start, end };
  }
}
