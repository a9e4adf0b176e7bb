/**
 * Looking closer at messages whose records do not decide: stored search texts for many at once, then envelopes, headers, texts,
 * each only for those that are still open. What was decided is written into the answers of the block.
 */
import type { Pause } from '../../base/time-slice.ts';
import { WHOLE_HEADER_BYTES } from '../../mail/envelope.ts';
import type { TextCollation } from '../../mail/fold.ts';
import type { PartOffsets } from '../../mail/part.ts';
import { headerEnd } from '../../mail/part-codec.ts';
import { asFoldedNow, fieldOf, isInField } from '../../mail/search-text.ts';
import type { Domain } from '../domain.ts';
import type { EmailFacts } from '../model/facts.ts';
import { emailId } from '../model/model.ts';
import { type MessageRecord, type NumberColumn, recordAt } from '../model/record.ts';
import type { ByteRange } from '../port/store.ts';
import { loadFacts, partsOf, readIntact } from '../reading/message-reader.ts';
import type { AccountState } from '../state/account.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { StoredEnvelope } from './envelope.ts';
import { FieldSearch } from './field.ts';
import { type SearchedBytes, TextSearch } from './text.ts';
import { type DateTest, type FieldTest, type LoadedForSearch, MAYBE, NO, type SearchTree } from './tree.ts';

/** Messages whose envelopes are loaded at once. */
const BATCH = 200;
/** Stored facts can be as long as a header, of which a megabyte is read: so many octets of messages at once are enough. */
const BATCH_BYTES = 64 * 1024 * 1024;
const MOST_BYTES = 1024 * 1024;
/** Octets of headers or whole messages that are read at once. */
const READ_BYTES = 1024 * 1024;
/** Of a longer one the header is read instead: looking for a thousand words in it would be work. */
const SHORT_ENVELOPE = 16 * 1024;

export class MessageSearch {
  readonly #domain: Domain;
  readonly #account: AccountState;
  readonly #mailbox: MailboxState;
  readonly #tree: SearchTree;
  readonly #pause: Pause;
  readonly #fields: FieldSearch;
  readonly #texts: TextSearch;

  constructor(domain: Domain, account: AccountState, mailbox: MailboxState, tree: SearchTree, pause: Pause) {
    this.#domain = domain;
    this.#account = account;
    this.#mailbox = mailbox;
    this.#tree = tree;
    this.#pause = pause;
    this.#fields = new FieldSearch(domain, tree, pause);
    this.#texts = new TextSearch(domain, tree, pause);
  }

  /** Turns the next open answers from `from` on, in the direction of `step`, into NO or YES; returns where it stopped. */
  async resolve(answers: Uint8Array, uids: NumberColumn, from: number, step: 1 | -1): Promise<number> {
    const open: OpenMessage[] = [];
    const list = this.#mailbox.list;
    let at = from;
    let bytes = 0;
    for (; at >= 0 && at < answers.length && open.length < BATCH && bytes < BATCH_BYTES; at += step) {
      if (answers[at] !== MAYBE) continue;
      const row = list?.indexOf(uids[at] as number) ?? -1;
      if (list === undefined || row < 0) answers[at] = NO;
      else {
        const record = recordAt(list.columns, row);
        open.push(new OpenMessage(at, record, this.#tree));
        bytes += Math.min(record.size, MOST_BYTES);
      }
    }
    const undecided = await this.#withSearchTexts(answers, open);
    let left = await this.#withEnvelopes(answers, undecided);
    const needsHeader = ({ isEnvelopeWhole }: OpenMessage): boolean =>
      this.#tree.hasHeaders || (this.#tree.fields.length > 0 && !isEnvelopeWhole);
    const withHeader = left.filter(needsHeader);
    if (withHeader.length > 0) {
      const others = left.filter((message) => !needsHeader(message));
      left = [...others, ...(await this.#withHeaders(answers, withHeader))];
    }
    if (left.length > 0) await this.#withTexts(answers, left);
    return at;
  }

  async #withSearchTexts(answers: Uint8Array, open: readonly OpenMessage[]): Promise<readonly OpenMessage[]> {
    if (!this.#tree.hasSearchFields || open.length === 0) return open;
    const ids = open.map(({ record }) => emailId(this.#account.id, record.email));
    const facts = await loadFacts(this.#domain, ids, ['search']);
    for (const [index, message] of open.entries()) message.setSearchText(facts[index]?.search);
    return this.#decide(answers, open);
  }

  async #withEnvelopes(answers: Uint8Array, open: readonly OpenMessage[]): Promise<OpenMessage[]> {
    if (open.length === 0) return [];
    const ids = open.map(({ record }) => emailId(this.#account.id, record.email));
    const facts = await loadFacts(this.#domain, ids, ['envelope', 'parts']);
    for (const [index, message] of open.entries()) message.setFacts(facts[index]);
    return this.#decide(answers, open);
  }

  async #withHeaders(answers: Uint8Array, open: readonly OpenMessage[]): Promise<OpenMessage[]> {
    const left: OpenMessage[] = [];
    for (const group of inGroups(open, (message) => message.headerBytes)) {
      // A single one that is larger than a group is searched in pieces instead.
      const isHeld = group.length > 1 || (group[0] as OpenMessage).headerBytes <= READ_BYTES;
      const headers = isHeld
        ? await readIntact(
            this.#domain,
            group.map((message) => this.#rangeOf(message, message.headerBytes)),
          )
        : [];
      for (const [index, message] of group.entries())
        await this.#scanHeader(message, isHeld ? headers[index] : 'streamed');
      left.push(...(await this.#decide(answers, group)));
    }
    return left;
  }

  async #scanHeader(message: OpenMessage, bytes: SearchedBytes): Promise<void> {
    const range = this.#rangeOf(message, message.headerBytes);
    message.fieldsFound = new Uint8Array(this.#tree.fields.length);
    const isRead = await this.#fields.search(range, bytes, message.fieldsFound);
    if (isRead) message.hasHeader = true;
    message.isHeaderOver = true;
  }

  async #withTexts(answers: Uint8Array, open: readonly OpenMessage[]): Promise<void> {
    for (const group of inGroups(open, (message) => message.record.size)) {
      // A single one that is larger than a group is searched in pieces instead.
      const isHeld = group.length > 1 || (group[0] as OpenMessage).record.size <= READ_BYTES;
      const whole = isHeld
        ? await readIntact(
            this.#domain,
            group.map((message) => this.#rangeOf(message, message.record.size)),
          )
        : [];
      for (const [index, message] of group.entries()) {
        const range = this.#rangeOf(message, message.record.size);
        await this.#texts.search(range, message.parts, isHeld ? whole[index] : 'streamed', message.found);
        message.isTextOver = true;
        answers[message.index] = this.#answer(message);
        const pause = this.#pause();
        if (pause !== undefined) await pause;
      }
    }
  }

  async #decide(answers: Uint8Array, open: readonly OpenMessage[]): Promise<OpenMessage[]> {
    const left: OpenMessage[] = [];
    for (const message of open) {
      const answer = this.#answer(message);
      answers[message.index] = answer;
      if (answer === MAYBE) left.push(message);
      const pause = this.#pause();
      if (pause !== undefined) await pause;
    }
    return left;
  }

  #answer(message: OpenMessage): number {
    return this.#tree.answer(message, this.#mailbox.keywords);
  }

  #rangeOf({ record }: OpenMessage, end: number): ByteRange {
    return { email: emailId(this.#account.id, record.email), start: 0, end };
  }
}

const NONE = new Uint8Array(0);

/** A message that is not decided, with what has been loaded of it. */
class OpenMessage implements LoadedForSearch {
  /** In the block. */
  readonly index: number;
  readonly record: MessageRecord;
  /** For each field and each text of the tree whether it was found. */
  readonly found: Uint8Array;
  fieldsFound: Uint8Array = NONE;
  hasHeader = false;
  isHeaderOver = false;
  isTextOver = false;
  readonly #tests: readonly FieldTest[];
  readonly #collation: TextCollation;
  /** Folded text of the usual fields, when it is stored. */
  #search: Buffer | undefined;
  #facts: EmailFacts | undefined;
  #parts: PartOffsets | undefined;
  #envelope: StoredEnvelope | undefined;

  constructor(index: number, record: MessageRecord, { fields, texts, collation }: SearchTree) {
    this.index = index;
    this.record = record;
    this.#tests = fields;
    this.#collation = collation;
    this.found = texts.length === 0 ? NONE : new Uint8Array(texts.length);
  }

  setSearchText(stored: Buffer | undefined): void {
    this.#search = stored && asFoldedNow(stored);
  }

  setFacts(facts: EmailFacts | undefined): void {
    this.#facts = facts;
    this.#envelope = new StoredEnvelope(facts?.envelope, this.#collation);
  }

  get parts(): PartOffsets {
    this.#parts ??= partsOf(this.#facts, this.record.size);
    return this.#parts;
  }

  get headerBytes(): number {
    return this.parts.bodyStart;
  }

  /** Nothing of the header was left out, and looking at it once for each test is no work. */
  get isEnvelopeWhole(): boolean {
    const { envelope, parts } = this.#facts ?? {};
    if (envelope === undefined || parts === undefined) return true;
    if (envelope.length > SHORT_ENVELOPE) return false;
    return this.record.size <= WHOLE_HEADER_BYTES || (headerEnd(parts) ?? 0) <= WHOLE_HEADER_BYTES;
  }

  wasSent({ from, until }: DateTest): boolean | undefined {
    const day = this.#envelope?.sentDay();
    if (day === undefined) return this.#envelope === undefined ? undefined : false;
    return day >= from && day < until;
  }

  hasField(index: number): boolean | undefined {
    if (this.hasHeader) return this.fieldsFound[index] === 1;
    const { envelopeField, searchField, needle, octets } = this.#tests[index] as FieldTest;
    if (searchField !== undefined && this.#search !== undefined) {
      if (needle.isShort) return isInField(this.#search, searchField, octets);
      return needle.isIn(fieldOf(this.#search, searchField) ?? '');
    }
    const canTell = envelopeField !== undefined && (this.isHeaderOver || this.#canTell);
    if (canTell) return this.#envelope?.has(envelopeField, needle) === true;
    return this.isHeaderOver ? false : undefined;
  }

  hasText(index: number): boolean | undefined {
    return this.isTextOver ? this.found[index] === 1 : undefined;
  }

  get #canTell(): boolean {
    return this.#envelope !== undefined && this.isEnvelopeWhole;
  }
}

/** Stretches whose sizes add up to about READ_BYTES; each has at least one message. */
function inGroups(
  messages: readonly OpenMessage[],
  sizeOf: (message: OpenMessage) => number,
): OpenMessage[][] {
  const groups: OpenMessage[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const message of messages) {
    const size = sizeOf(message);
    if (bytes + size > READ_BYTES) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(message);
    bytes += size;
  }
  return groups;
}
