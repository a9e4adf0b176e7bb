/**
 * The octets of the messages in a maildrop, as they are stored. A message that was expunged since the session signed in
 * is read from what the mailbox keeps of it; one that was moved away is gone.
 *
 * A client that fetches one message after the other waits for each; while it works on one, the next few are read in one
 * go. What is read ahead is bounded in octets, whatever the client does.
 */
import { setImmediate } from 'node:timers';
import { type HeaderRange, headerRanges } from '../mail/downgrade/surrogate.ts';
import type { Domain } from '../mailbox/domain.ts';
import { type EmailId, emailId } from '../mailbox/model/model.ts';
import { ExpungedRecords } from '../mailbox/reading/expunged-records.ts';
import { loadFacts, partsOf, readRanges, streamRange } from '../mailbox/reading/message-reader.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type { Viewer } from '../mailbox/state/mailbox.ts';
import type { Maildrop } from './maildrop.ts';
import { needsSurrogate } from './sent-form.ts';

/** Larger messages are streamed. */
export const SMALL_BYTES = 256 * 1024;
const AHEAD_BYTES = 256 * 1024;
const AHEAD_MESSAGES = 16;
/** Most of the larger ones are files. */
const QUICK_BYTES = 64 * 1024;

export interface StoredMessage {
  readonly email: EmailId;
  readonly sizeBytes: number;
  readonly traits: number;
}

/** Octets `[start, end)` of a message. */
export interface MessageRange extends HeaderRange {
  readonly message: StoredMessage;
}

export class MaildropReader {
  readonly #domain: Domain;
  readonly #account: AccountState;
  readonly #viewer: Viewer;
  readonly #maildrop: Maildrop;
  readonly #expunged: ExpungedRecords;
  readonly #ahead = new Map<number, Promise<Buffer | undefined>>();
  #expectedNext = 0;

  constructor(domain: Domain, account: AccountState, viewer: Viewer, maildrop: Maildrop) {
    this.#domain = domain;
    this.#account = account;
    this.#viewer = viewer;
    this.#maildrop = maildrop;
    this.#expunged = new ExpungedRecords(domain, account, viewer);
  }

  /** Undefined when it was moved to another mailbox. */
  locate(index: number): StoredMessage | Promise<StoredMessage | undefined> {
    return this.#locateNow(index) ?? this.#locateExpunged(index);
  }

  async #locateExpunged(index: number): Promise<StoredMessage | undefined> {
    const record = await this.#expunged.find(this.#maildrop.uidOf(index));
    if (record === undefined) return undefined;
    const { email, size, traits } = record;
    return { email: emailId(this.#account.id, email), sizeBytes: size, traits };
  }

  /** Of a message of at most `SMALL_BYTES`. */
  async read(index: number, message: StoredMessage): Promise<Buffer> {
    const isSequential = index === this.#expectedNext;
    this.#expectedNext = index + 1;
    const waiting = this.#ahead.get(index);
    this.#ahead.delete(index);
    const bytes = await waiting;
    if (!isSequential) this.#ahead.clear();
    // After the reply has left, so that reading delays nobody.
    else if (this.#ahead.size === 0) setImmediate(() => this.#readAhead(index + 1));
    return bytes ?? ((await readRanges(this.#domain, [rangeOf(message)]))[0] as Buffer);
  }

  stream(message: StoredMessage): AsyncGenerator<Buffer> {
    return streamRange(this.#domain, rangeOf(message));
  }

  /** Many small pieces, for those that only want to count. */
  readAll(ranges: readonly MessageRange[]): Promise<readonly Buffer[]> {
    return readRanges(
      this.#domain,
      ranges.map(({ message: { email }, start, end }) => ({ email, start, end })),
    );
  }

  /** Where each message has headers that this session may not get as they are; undefined when it has none. */
  async headersOf(
    messages: readonly StoredMessage[],
  ): Promise<readonly (readonly HeaderRange[] | undefined)[]> {
    const asked = messages.filter(({ traits }) => needsSurrogate(traits, this.#maildrop.isUtf8));
    if (asked.length === 0) return messages.map(() => undefined);
    const facts = await loadFacts(
      this.#domain,
      asked.map(({ email }) => email),
      ['parts'],
    );
    return messages.map((message) => {
      const at = asked.indexOf(message);
      if (at < 0) return undefined;
      const ranges = headerRanges(partsOf(facts[at], message.sizeBytes));
      // Where its parts are was lost: at least its own header is there, and it ends with a blank line.
      return ranges.length > 0 ? ranges : [{ start: 0, end: message.sizeBytes }];
    });
  }

  #locateNow(index: number): StoredMessage | undefined {
    const { list } = this.#viewer.mailbox;
    if (list === undefined) return undefined;
    const uid = this.#maildrop.uidOf(index);
    // While nothing was removed, the mailbox's rows are the maildrop's.
    const row = index < list.count && list.columns.uid[index] === uid ? index : list.indexOf(uid);
    if (row < 0) return undefined;
    const { email, size, traits } = list.columns;
    return {
      email: emailId(this.#account.id, email[row] as number),
      sizeBytes: size[row] as number,
      traits: traits[row] as number,
    };
  }

  #readAhead(from: number): void {
    if (this.#expectedNext !== from || this.#ahead.size > 0) return;
    const messages: StoredMessage[] = [];
    let bytes = 0;
    for (let index = from; index < this.#maildrop.count && messages.length < AHEAD_MESSAGES; index++) {
      const message = this.#locateNow(index);
      if (message === undefined || bytes + message.sizeBytes > AHEAD_BYTES) break;
      bytes += message.sizeBytes;
      messages.push(message);
    }
    if (messages.length === 0) return;
    // Small ones come out of the database in one go; a large one has to be waited for, and only by who wants it.
    const few = messages.filter(isQuick);
    const quick = this.#readQuietly(few);
    for (const [i, message] of messages.entries()) {
      const at = few.indexOf(message);
      const reading =
        at < 0 ? this.#readQuietly([message]).then((all) => all?.[0]) : quick.then((all) => all?.[at]);
      this.#ahead.set(from + i, reading);
    }
  }

  /** What fails here is read again when it is asked for, and fails there. */
  async #readQuietly(messages: readonly StoredMessage[]): Promise<readonly Buffer[] | undefined> {
    try {
      return await readRanges(this.#domain, messages.map(rangeOf));
    } catch {
      return undefined;
    }
  }
}

function isQuick({ sizeBytes }: StoredMessage): boolean {
  return sizeBytes <= QUICK_BYTES;
}

function rangeOf({ email, sizeBytes }: StoredMessage) {
  return { email, start: 0, end: sizeBytes };
}
