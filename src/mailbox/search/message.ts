/**
 * Looking closer at messages whose records do not decide: stored envelopes for many at once, then headers, then texts,
 * each only for those that are still open. What was decided is written into the answers of the block.
 */
import { EnvelopeReader } from '../../mail/envelope-reader.ts';
import { foldText } from '../../mail/fold.ts';
import { HeaderBlock, MAX_PARSED_BYTES } from '../../mail/header.ts';
import { summary } from '../../mail/header-summary.ts';
import type { Domain } from '../domain.ts';
import { type EmailFacts, emailId } from '../model/model.ts';
import { type MessageRecord, type NumberColumn, recordAt } from '../model/record.ts';
import type { ByteRange } from '../port/store.ts';
import { loadFacts, partsOf, readIntact } from '../reading/message-reader.ts';
import type { AccountState } from '../state/account.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { TextSearch } from './text.ts';
import {
  type Depth,
  type EnvelopeTest,
  type HeaderTest,
  type LoadedForSearch,
  MAYBE,
  NO,
  type SearchTree,
} from './tree.ts';

/** Messages whose envelopes are loaded at once. */
const BATCH = 200;
/** Octets of headers or whole messages that are read at once. */
const READ_BYTES = 1024 * 1024;
const SECONDS_PER_DAY = 86_400;

export class MessageSearch {
  readonly #domain: Domain;
  readonly #account: AccountState;
  readonly #mailbox: MailboxState;
  readonly #tree: SearchTree;
  readonly #pause: () => Promise<void> | undefined;
  readonly #texts: TextSearch;

  constructor(
    domain: Domain,
    account: AccountState,
    mailbox: MailboxState,
    tree: SearchTree,
    pause: () => Promise<void> | undefined,
  ) {
    this.#domain = domain;
    this.#account = account;
    this.#mailbox = mailbox;
    this.#tree = tree;
    this.#pause = pause;
    this.#texts = new TextSearch(domain, tree.texts, pause);
  }

  /** Turns the next open answers from `from` on, in the direction of `step`, into NO or YES; returns where it stopped. */
  async resolve(answers: Uint8Array, uids: NumberColumn, from: number, step: 1 | -1): Promise<number> {
    const open: OpenMessage[] = [];
    const list = this.#mailbox.list;
    let at = from;
    for (; at >= 0 && at < answers.length && open.length < BATCH; at += step) {
      if (answers[at] !== MAYBE) continue;
      const row = list?.indexOf(uids[at] as number) ?? -1;
      if (list === undefined || row < 0) answers[at] = NO;
      else open.push(new OpenMessage(at, recordAt(list.columns, row), this.#tree.texts.length));
    }
    let left = await this.#withEnvelopes(answers, open);
    if (left.length > 0 && this.#tree.hasHeaders) left = await this.#withHeaders(answers, left);
    if (left.length > 0) await this.#withTexts(answers, left);
    return at;
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
      const headers = await readIntact(
        this.#domain,
        group.map((message) => this.#rangeOf(message, message.headerBytes)),
      );
      for (const [index, message] of group.entries()) message.setHeader(headers[index]);
      left.push(...(await this.#decide(answers, group)));
    }
    return left;
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
        message.depth = 3;
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

/** A message that is not decided, with what has been loaded of it. */
class OpenMessage implements LoadedForSearch {
  /** In the block. */
  readonly index: number;
  readonly record: MessageRecord;
  /** For each text leaf of the tree whether it was found. */
  readonly found: Uint8Array;
  depth: Depth = 0;
  #facts: EmailFacts | undefined;
  #envelope = '';
  #header: HeaderBlock | undefined;

  constructor(index: number, record: MessageRecord, texts: number) {
    this.index = index;
    this.record = record;
    this.found = new Uint8Array(texts);
  }

  setFacts(facts: EmailFacts | undefined): void {
    this.#facts = facts;
    this.#envelope = facts?.envelope.toString('latin1') ?? '';
    this.depth = 1;
  }

  setHeader(bytes: Buffer | undefined): void {
    this.#header = bytes === undefined ? undefined : new HeaderBlock(bytes);
    this.depth = 2;
  }

  get parts() {
    return partsOf(this.#facts, this.record.size);
  }

  get headerBytes(): number {
    return Math.min(this.parts.bodyStart, MAX_PARSED_BYTES);
  }

  matchesEnvelope(test: EnvelopeTest): boolean {
    if (test.kind === 'field') return this.#matchesField(test.field, test.needle);
    const date = new EnvelopeReader(this.#envelope).sentDate();
    if (date === undefined) return false;
    const midnight = Date.UTC(date.localYear, date.localMonth - 1, date.localDay) / 1000;
    const day = midnight / SECONDS_PER_DAY;
    return day >= test.from && day < test.until;
  }

  matchesHeader({ name, needle }: HeaderTest): boolean {
    const text = this.#header === undefined ? undefined : summary(this.#header).fieldText(name);
    return text !== undefined && foldText(text).includes(needle);
  }

  hasText(index: number): boolean {
    return this.found[index] === 1;
  }

  #matchesField(field: (EnvelopeTest & { kind: 'field' })['field'], needle: string): boolean {
    if (cannotContain(this.#envelope, needle)) return false;
    const text = new EnvelopeReader(this.#envelope).text(field);
    return text !== undefined && foldText(text).includes(needle);
  }
}

/** Longest stretch of the needle that no spelling of an envelope breaks up. */
function plainStretch(needle: string): string {
  let best = '';
  let start = 0;
  for (let i = 0; i <= needle.length; i++) {
    const c = i < needle.length ? needle.charCodeAt(i) : 0;
    const isPlain = (c >= 0x61 && c <= 0x7a) || (c >= 0x30 && c <= 0x39);
    if (isPlain) continue;
    if (i - start > best.length) best = needle.slice(start, i);
    start = i + 1;
  }
  return best;
}

/** True when one look at the whole envelope, without taking it apart, shows that the needle is not in it. */
function cannotContain(envelope: string, needle: string): boolean {
  // An encoded word may say anything, and an 8-bit octet may be part of a letter that folds to a plain one.
  if (envelope.includes('=?') || envelope.includes('{')) return false;
  const stretch = plainStretch(needle);
  return stretch !== '' && !envelope.toLowerCase().includes(stretch);
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
