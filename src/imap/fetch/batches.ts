/**
 * The messages of a FETCH, some hundred at a time with their facts. The octets of a batch stay until it is written, however slowly the client
 * takes them: of what was moved away and deleted there nobody else knows that it is still to be sent.
 */
import type { EmailFacts, FactPart } from '../../mailbox/model/facts.ts';
import { type EmailId, emailId } from '../../mailbox/model/model.ts';
import { type MessageRecord, type NumberColumn, recordAt } from '../../mailbox/model/record.ts';
import type { EmailHold } from '../../mailbox/port/emails-in-use.ts';
import { ExpungedRecords } from '../../mailbox/reading/expunged-records.ts';
import { holdEmails, loadFacts } from '../../mailbox/reading/message-reader.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import type { SessionContext } from '../context.ts';
import type { Selected } from '../selected.ts';
import type { LoadedMessage } from './message.ts';
import type { FetchPlan } from './plan.ts';

/** Messages whose facts are loaded at once. */
const BATCH = 500;
/** Stored facts can be as long as a header, of which a megabyte is read: so many octets of messages at once are enough. */
const BATCH_BYTES = 64 * 1024 * 1024;
const MOST_BYTES = 1024 * 1024;
/** Messages that are passed over cost less than those that are told: between two looks at the clock, less one. */
export const REST_MASK = 1023;

/** Disposed of when it is written. */
export interface Batch extends Disposable {
  readonly messages: readonly LoadedMessage[];
}

export class Batches {
  readonly #session: SessionContext;
  readonly #account: AccountState;
  readonly #selected: Selected;
  readonly #plan: FetchPlan;
  readonly #expunged: ExpungedRecords;
  readonly #uids: NumberColumn;

  constructor(session: SessionContext, selected: Selected, plan: FetchPlan) {
    this.#session = session;
    this.#account = selected.account;
    this.#selected = selected;
    this.#plan = plan;
    this.#expunged = new ExpungedRecords(session.domain, selected.account, selected.viewer);
    this.#uids = selected.view.uids;
  }

  /** Undefined when there are no more. */
  async next(positions: Generator<number>): Promise<Batch | undefined> {
    const held = holdEmails(this.#session.domain);
    try {
      const messages = await this.#load(positions, held);
      if (messages !== undefined) return { messages, [Symbol.dispose]: () => held[Symbol.dispose]() };
      held[Symbol.dispose]();
      return undefined;
    } catch (error) {
      held[Symbol.dispose]();
      throw error;
    }
  }

  async #load(positions: Generator<number>, held: EmailHold): Promise<LoadedMessage[] | undefined> {
    const { fields, changedSince } = this.#plan;
    const found: LoadedMessage[] = [];
    let isOver = false;
    let row = -1;
    let bytes = 0;
    while (found.length < BATCH && bytes < BATCH_BYTES) {
      const next = positions.next();
      isOver = next.done === true;
      if (isOver) break;
      const at = next.value as number;
      const rest = (at & REST_MASK) === 0 ? this.#session.rest() : undefined;
      if (rest !== undefined) await rest;
      const uid = this.#uids[at] as number;
      const { list } = this.#selected;
      row = list.indexOf(uid, row + 1);
      const record = row >= 0 ? recordAt(list.columns, row) : await this.expungedRecord(uid);
      if (record === undefined || record.modseq <= changedSince) continue;
      held.add(emailId(this.#account.id, record.email));
      found.push({ seq: at + 1, uid, record, row, email: undefined, octets: [] });
      bytes += Math.min(record.size, MOST_BYTES);
    }
    if (isOver && found.length === 0) return undefined;
    const ids = found.map(({ record }) => emailId(this.#account.id, record.email));
    const facts = fields.length === 0 ? [] : [...(await loadFacts(this.#session.domain, ids, fields))];
    await this.#loadLate(ids, facts);
    for (let i = 0; i < facts.length; i++) (found[i] as LoadedMessage).email = facts[i];
    return found;
  }

  /** What is read only of those that lack something: most have it. */
  async #loadLate(ids: readonly EmailId[], facts: (EmailFacts | undefined)[]): Promise<void> {
    const { lateFields, sparing } = this.#plan;
    if (lateFields.length === 0) return;
    const lacking = facts.flatMap((one, i) => (sparing.some((part) => one?.[part] === undefined) ? [i] : []));
    if (lacking.length === 0) return;
    const asked = lacking.map((i) => ids[i] as EmailId);
    const late = await loadFacts(this.#session.domain, asked, lateFields);
    lacking.forEach((i, at) => {
      facts[i] = joined(facts[i], late[at], lateFields);
    });
  }

  /** A client may read what is gone as long as it has not been told (RFC 9051 §7.5.1). */
  async expungedRecord(uid: number): Promise<MessageRecord | undefined> {
    const record = await this.#expunged.find(uid);
    if (record !== undefined) return record;
    // Its removal may have been taken back while that was looked up.
    const { list } = this.#selected;
    const row = list.indexOf(uid);
    return row < 0 ? undefined : recordAt(list.columns, row);
  }
}

function joined(
  facts: EmailFacts | undefined,
  late: EmailFacts | undefined,
  parts: readonly FactPart[],
): EmailFacts | undefined {
  if (facts === undefined || late === undefined) return facts ?? late;
  return { ...facts, ...Object.fromEntries(parts.map((part) => [part, late[part]])) };
}
