/**
 * Brings back what was deleted: messages into the mailbox of the name that theirs had, which is made if it is not there, and deleted mailboxes
 * whole; with flags, keywords and dates, under new UIDs. Their emails are the same as before, so nothing is written but places.
 *
 * Each row of the history, and each hundred messages of a mailbox, is one change: what is back is let go of by the history in the same
 * moment, so nothing is there twice, and whoever is killed goes on where he was. A deleted mailbox whose name is another's by now comes
 * back with the day behind its name. What was put off, and whose time came meanwhile, comes into INBOX at once, as all that is due.
 */
import { FLAG } from '../../mail/flags.ts';
import type { AccountChange, Arrival } from '../change/account-change.ts';
import type { Domain } from '../domain.ts';
import { type Deletion, type MailboxDeletion, packDeletion } from '../model/deletion.ts';
import { MailboxError } from '../model/errors.ts';
import type { MailboxId } from '../model/model.ts';
import { type MessageRecord, packRecords, unpackRecords } from '../model/record.ts';
import {
  type BuriedDeletion,
  type DeletedFilter,
  type DeletedRow,
  deletedId,
  deletedMailboxes,
  deletedMailboxId,
  deletedRows,
} from '../reading/deleted-mail.ts';
import type { AccountState } from '../state/account.ts';
import { loadBelongings } from '../state/belongings.ts';
import { loadTail } from '../state/load.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { ensureMailbox } from './folders.ts';
import { halfDone } from './half-done.ts';
import { canonicalName } from './mailboxes.ts';
import { checkRecoveryQuota } from './quota.ts';
import { makeDue } from './snooze.ts';

export interface RecoverRequest extends DeletedFilter {
  /** Only these, as `listDeleted` has named them. */
  readonly ids?: ReadonlySet<string>;
  /** It stops when so many messages, or a few more, have come back; who asks again goes on there. */
  readonly limit?: number;
}

export interface Recovered {
  readonly mailboxes: number;
  readonly messages: number;
  readonly bytes: number;
}

export interface RecoveredSoFar extends Recovered {
  /** Where mail has come back. */
  readonly targets: readonly MailboxId[];
  /** It stopped at the limit. */
  readonly hasMore: boolean;
  /** Why the rest has not come back. */
  readonly error?: MailboxError;
}

/** Memory is dropped after minutes, so whatever was loaded is there when it is tried again. */
const MOST_TRIES = 5;

/**
 * Resolves when durable. Throws `over-quota`, `limit`, `unavailable`; what is back by then stays, which the error says, and the rest can
 * still be brought back.
 */
export async function recoverMail(
  domain: Domain,
  account: AccountState,
  request: RecoverRequest,
): Promise<Recovered> {
  const { error, targets: _, hasMore: __, ...done } = await recoverSoFar(domain, account, request);
  if (error !== undefined) throw halfDone(error, done.messages);
  return done;
}

/** As `recoverMail`; a refusal is told beside what came back before it. */
export async function recoverSoFar(
  domain: Domain,
  account: AccountState,
  request: RecoverRequest,
): Promise<RecoveredSoFar> {
  const recovery = new Recovery(domain, account, request);
  const error = await domain.accounts.deletedMail.run(account.id, () => recovery.run());
  const { done, targets, isFull: hasMore } = recovery;
  return { ...done, targets: [...targets], hasMore, ...(error && { error }) };
}

/** What one change brought back: UIDs, pairwise. */
export interface CameBack {
  readonly target: MailboxId;
  /** Where it was. */
  readonly mailbox: MailboxId;
  readonly from: readonly number[];
  readonly to: readonly number[];
}

class Recovery {
  readonly done = { mailboxes: 0, messages: 0, bytes: 0 };
  readonly targets = new Set<MailboxId>();
  readonly #domain: Domain;
  readonly #account: AccountState;
  readonly #request: RecoverRequest;

  constructor(domain: Domain, account: AccountState, request: RecoverRequest) {
    this.#domain = domain;
    this.#account = account;
    this.#request = request;
  }

  /** What is refused; nothing else is caught. */
  async run(): Promise<MailboxError | undefined> {
    try {
      await this.#mailboxes();
      await this.#messages();
      return undefined;
    } catch (error) {
      if (error instanceof MailboxError) return error;
      throw error;
    }
  }

  get isFull(): boolean {
    return this.done.messages >= (this.#request.limit ?? Number.POSITIVE_INFINITY);
  }

  async #mailboxes(): Promise<void> {
    const { ids } = this.#request;
    for (const buried of await deletedMailboxes(this.#domain, this.#account, this.#request)) {
      if (ids !== undefined && !ids.has(deletedMailboxId(buried.id))) continue;
      if (this.isFull) return;
      if (await this.#mailbox(buried)) this.done.mailboxes++;
    }
  }

  /** Whether all of it is back. */
  async #mailbox({ id, atMs, deletion }: BuriedDeletion): Promise<boolean> {
    for (let known = deletion; ; ) {
      const [chunk] = await this.#domain.store.loadChunks(this.#account.id, id, 0, 1);
      if (chunk === undefined && known.into !== undefined && known.messages === 0) return true;
      if (this.isFull) return false;
      const records = chunk === undefined ? [] : unpackRecords(chunk.records);
      const before = known;
      known = await this.#change((change) => {
        const target = this.#targetOf(change, before, atMs);
        const came = this.#add(change, target, before, { mailbox: id, records });
        if (chunk !== undefined) change.dropChunk(id, chunk.first);
        const left = { ...before, ...leftOf(before, records), into: target.id };
        change.mailboxes.describeBuried({ id, atMs, deletion: packDeletion(left) });
        return { ...came, left };
      }).then(({ left }) => left);
      sendElsewhere(this.#account, id);
      this.#note(records);
    }
  }

  /** Where a deleted mailbox comes back: where it has begun to, or a new one. Throws as `ensureMailbox`. */
  #targetOf(change: AccountChange, deletion: MailboxDeletion, atMs: number): MailboxState {
    const begun = deletion.into === undefined ? undefined : this.#account.mailboxes.get(deletion.into);
    if (begun !== undefined) return begun;
    const name = freeName(this.#account, deletion.mailbox, atMs);
    const target = ensureMailbox(this.#domain, change, name, deletion.role);
    if (deletion.subscribed) change.subscriptions.set(target, true);
    if (deletion.sortOrder !== 0) change.mailboxes.describe(target, { sortOrder: deletion.sortOrder });
    return target;
  }

  async #messages(): Promise<void> {
    for await (const found of deletedRows(this.#domain, this.#account, this.#request)) {
      const { ids } = this.#request;
      const wanted = found.records.filter((record) => ids?.has(deletedId(found.row, record)) !== false);
      if (wanted.length === 0) continue;
      if (this.isFull) return;
      await this.#row(found, wanted);
    }
  }

  async #row({ row, deletion, records }: DeletedRow, wanted: readonly MessageRecord[]): Promise<void> {
    const name = canonicalName(deletion.mailbox);
    const chosen = new Set(wanted);
    const rest = records.filter((record) => !chosen.has(record));
    const { records: _, deletion: packed, ...bare } = row;
    await this.#change((change) => {
      const target = ensureMailbox(this.#domain, change, name, deletion.role);
      const came = this.#add(change, target, deletion, { mailbox: row.mailbox, records: wanted });
      const left = { records: packRecords(rest), ...(packed && { deletion: packed }) };
      change.history.replace({ ...bare, ...(rest.length > 0 ? left : { records: undefined }) });
      return came;
    });
    this.#note(wanted);
  }

  #add(
    change: AccountChange,
    target: MailboxState,
    deletion: Deletion,
    { mailbox, records }: { readonly mailbox: MailboxId; readonly records: readonly MessageRecord[] },
  ): CameBack {
    const from = records.map(({ uid }) => uid);
    if (records.length === 0) return { target: target.id, mailbox, from, to: [] };
    const isPutOff = target.role === 'snoozed';
    if (!isReady(target) || (isPutOff && this.#account.belongings === undefined)) throw new NotLoaded(target);
    checkRecoveryQuota(this.#account, sizeOf(records), records.length);
    if (isPutOff)
      makeDue(
        change,
        records.map(({ email }) => email),
      );
    const saveDate = Math.floor(change.nowMs / 1000);
    const arrivals = records.map(({ uid: _, modseq: __, ...record }): Arrival => {
      const names = deletion.keywords[record.keywordSet] ?? [];
      const keywordSet = change.keywords.numberOfMost(target, names, this.#domain.limits);
      // It would be hidden, and go with the next EXPUNGE.
      return { ...record, keywordSet, saveDate, flags: record.flags & ~FLAG.Deleted };
    });
    return { target: target.id, mailbox, from, to: change.addMessages(target, arrivals, 'copied') };
  }

  #note(records: readonly MessageRecord[]): void {
    this.done.messages += records.length;
    this.done.bytes += sizeOf(records);
  }

  /** What it needs in memory is there, or is brought there and tried again. */
  async #change<T extends CameBack>(run: (change: AccountChange) => T): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        const came = await this.#domain.turns.run({ account: this.#account, run });
        this.targets.add(came.target);
        this.#setAlarm(came);
        return came;
      } catch (error) {
        if (!(error instanceof NotLoaded) || tries === MOST_TRIES) throw error;
        await loadTail(this.#domain, this.#account, error.mailbox);
        if (error.mailbox.role === 'snoozed') await loadBelongings(this.#domain, this.#account);
      }
    }
  }

  /** What is due already does not wait until somebody looks. */
  #setAlarm({ target }: CameBack): void {
    if (this.#account.mailboxes.get(target)?.role !== 'snoozed') return;
    this.#domain.alarms.set(this.#account.id, this.#domain.clock.nowMs());
  }
}

/** Whoever still has the deleted mailbox open. */
function sendElsewhere({ gone }: AccountState, id: MailboxId): void {
  for (const mailbox of gone)
    if (mailbox.id === id) for (const { events } of [...mailbox.viewers]) events.onElsewhere?.();
}

class NotLoaded extends MailboxError {
  readonly mailbox: MailboxState;

  constructor(mailbox: MailboxState) {
    super('unavailable', 'the messages were unloaded; try again');
    this.mailbox = mailbox;
  }
}

/** Messages can be added to it. */
function isReady({ list, tail, uidNext }: MailboxState): boolean {
  return list !== undefined || tail !== undefined || uidNext === 1;
}

const sizeOf = (records: readonly MessageRecord[]): number =>
  records.reduce((sum, { size }) => sum + size, 0);

/** Without any, nothing is left. */
function leftOf(
  { messages, bytes }: MailboxDeletion,
  records: readonly MessageRecord[],
): Pick<MailboxDeletion, 'messages' | 'bytes'> {
  if (records.length === 0) return { messages: 0, bytes: 0 };
  return {
    messages: Math.max(0, messages - records.length),
    bytes: Math.max(0, bytes - sizeOf(records)),
  };
}

/** Of a mailbox that comes back: the name it had, or with the day behind it. */
export function freeName({ byName }: AccountState, wanted: string, atMs: number): string {
  if (!byName.has(wanted)) return wanted;
  const day = new Date(atMs).toISOString().slice(0, 10);
  for (let n = 1; ; n++) {
    const name = `${wanted} (${n === 1 ? day : `${day} ${n}`})`;
    if (!byName.has(name)) return name;
  }
}
