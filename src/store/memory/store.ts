/**
 * The port, kept in memory: every promise of it but the one that needs a disk (what was durable is there after a power
 * cut; here it is there as long as the process is). It applies a batch at the moment of the call, so it is the plainest
 * reading of the port, and fast enough for tests that make a hundred thousand changes.
 *
 * For tests and for whoever writes another adapter; the server does not offer it. Rows are values: neither side changes
 * one after it was handed over.
 */
import type { AnnotationPlace } from '../../mailbox/model/annotations.ts';
import { type EmailFacts, FACTS_VERSION, type FactPart, isDerivedPart } from '../../mailbox/model/facts.ts';
import {
  type AccountId,
  type EmailId,
  emailAccount,
  type MailboxId,
  type ModSeq,
} from '../../mailbox/model/model.ts';
import { NO_PACKING } from '../../mailbox/port/packing.ts';
import { NO_SNAPSHOTS } from '../../mailbox/port/snapshots.ts';
import {
  type AccountBatch,
  type ByteRange,
  type Directory,
  type MailStore,
  type Staging,
  StoreError,
  type StoreProblem,
  type StoreWrite,
} from '../../mailbox/port/store.ts';
import { AccountRows, type StoredEmail } from './account-rows.ts';
import { cut, MemoryUpload, slices } from './bytes.ts';
import { MemoryDirectory, MemoryDirectoryData } from './directory.ts';
import { MemoryOutgoing } from './outgoing.ts';

/** What stays when a store is closed, for the next one that is opened on it. */
export class MemoryData {
  readonly accounts = new Map<AccountId, AccountRows>();
  readonly directory = new MemoryDirectoryData();
}

export function openMemoryStore(data: MemoryData = new MemoryData()): MailStore {
  return new MemoryStore(data);
}

const DURABLE: Promise<void> = Promise.resolve();
const NO_PROBLEMS: readonly StoreProblem[] = [];

class MemoryStore implements MailStore {
  readonly directory: Directory;
  readonly outgoing: MemoryOutgoing;
  readonly packing = NO_PACKING;
  readonly snapshots = NO_SNAPSHOTS;
  readonly #data: MemoryData;
  /** Whoever still has one of these in memory must not bring it back. */
  readonly #destroyed = new Set<AccountId>();
  #isClosed = false;

  constructor(data: MemoryData) {
    this.#data = data;
    this.directory = new MemoryDirectory(data.directory, () => this.#isClosed);
    this.outgoing = new MemoryOutgoing({
      of: (account) => this.#of(account),
      all: () => {
        this.#assertOpen();
        return data.accounts.values();
      },
    });
  }

  owns(): boolean {
    return true;
  }

  async loadAccount(account: AccountId) {
    const rows = this.#of(account);
    const mailboxes = rows.mailboxes.all().map((row) => ({ ...row, keywords: rows.of(row.id).keywords }));
    const annotations = rows.annotations.rows;
    const { correspondence } = rows.correspondents;
    const { shares, seen } = rows.shares;
    const more = {
      ...(correspondence && { correspondence }),
      ...(shares.length > 0 && { shares }),
      ...(seen.length > 0 && { seen }),
    };
    return rows.row && { row: rows.row, mailboxes, scripts: rows.rules.scripts, annotations, ...more };
  }

  async loadSharers(identities: readonly string[]) {
    this.#assertOpen();
    const sharers = [...this.#data.accounts].filter(([, { shares }]) => shares.isSharedWith(identities));
    return sharers.map(([id]) => id).sort((a, b) => a - b);
  }

  async loadChunks(account: AccountId, mailbox: MailboxId, after: number, limit: number) {
    return this.#of(account).of(mailbox).chunks.after(after, limit);
  }

  async loadLastChunk(account: AccountId, mailbox: MailboxId) {
    return this.#of(account).of(mailbox).chunks.last();
  }

  async loadEmails(ids: readonly EmailId[], parts: readonly FactPart[]) {
    return ids.map((id) => {
      const email = this.#email(id);
      return email && only(email, parts);
    });
  }

  async loadExpunged(account: AccountId, mailbox: MailboxId, after: ModSeq, limit: number) {
    return this.#of(account).expunged(mailbox, after, limit);
  }

  async loadHistory(account: AccountId, after: ModSeq, limit: number) {
    const rows = this.#of(account).history.after(after, limit);
    return rows.map(({ uids: _, deletion: __, records, ...row }) => ({
      ...row,
      isHeld: records !== undefined,
    }));
  }

  async measureHistory(account: AccountId) {
    const { history } = this.#of(account);
    return { rows: history.size, numbers: history.all().reduce((sum, { numbers }) => sum + numbers, 0) };
  }

  async loadUnreleased(...[account, beforeMs, limit, after, brief]: Parameters<MailStore['loadUnreleased']>) {
    return this.#of(account).unreleased(beforeMs, limit, after, brief);
  }

  async loadRecoverable(...[account, beforeMs, limit, skip]: Parameters<MailStore['loadRecoverable']>) {
    return this.#of(account).recoverable(beforeMs, limit, skip);
  }

  async loadAccountsToReap(beforeMs: number, briefBeforeMs: number) {
    this.#assertOpen();
    const all = [...this.#data.accounts];
    return all.filter(([, rows]) => rows.hasWorkForReaper(beforeMs, briefBeforeMs)).map(([id]) => id);
  }

  async loadAccountsBehind(factsVersion: number) {
    this.#assertOpen();
    const behind = [...this.#data.accounts].filter(
      ([, { row }]) => row !== undefined && (row.factsVersion < factsVersion || row.unthreaded > 0),
    );
    return behind.map(([id]) => id);
  }

  async loadAccountsUnmet() {
    this.#assertOpen();
    const unmet = [...this.#data.accounts].filter(
      ([
        ,
        {
          row,
          correspondents: { correspondence },
        },
      ]) => row !== undefined && row.nextEmail > 1 && correspondence?.unread !== 0,
    );
    return unmet.map(([id]) => id);
  }

  async loadThreadMatches(account: AccountId, ids: readonly string[], which: 'own' | 'any', limit: number) {
    return ids.map((id) => this.#of(account).threads.matches(id, which, limit));
  }

  async countThread(account: AccountId, thread: number) {
    return this.#of(account).threads.members(thread).length;
  }

  async loadThread(account: AccountId, thread: number, limit: number) {
    return this.#of(account).threads.members(thread).slice(0, limit);
  }

  async loadThreadMembers(...[account, after, limit]: Parameters<MailStore['loadThreadMembers']>) {
    return this.#of(account).threads.allMembers(after, limit);
  }

  async loadBuried(account: AccountId) {
    return this.#of(account).buried;
  }

  async loadExternalIds(account: AccountId, mailbox: MailboxId, after: number, limit: number) {
    return this.#of(account).of(mailbox).externalIds.after(after, limit);
  }

  async whichImported(account: AccountId, mailbox: MailboxId, keys: readonly Buffer[]) {
    const { imported } = this.#of(account).of(mailbox);
    return keys.map((key) => imported.has(key.toString('hex')));
  }

  async loadImported(...[account, mailbox, range, limit]: Parameters<MailStore['loadImported']>) {
    const [after, upTo] = [range.after.toString('hex'), range.upTo.toString('hex')];
    const { imported } = this.#of(account).of(mailbox);
    return [...imported]
      .filter(([key]) => key > after && key <= upTo)
      .flatMap(([key, trace]) => (trace === undefined ? [] : [{ key: Buffer.from(key, 'hex'), ...trace }]))
      .sort((a, b) => a.key.compare(b.key))
      .slice(0, limit);
  }

  async loadScript(account: AccountId, id: number) {
    return this.#of(account).rules.textOf(id);
  }

  async loadAnnotations(account: AccountId, places: readonly AnnotationPlace[]) {
    const { annotations } = this.#of(account);
    return places.map((place) => annotations.valueOf(place));
  }

  async loadBelongings(account: AccountId, after: number, limit: number) {
    return this.#of(account).belongings.after(after, limit);
  }

  async loadLessons(after: number, limit: number) {
    this.#assertOpen();
    const all = [...this.#data.accounts.values()].flatMap(({ lessons }) => lessons.after(after, limit));
    return all.sort((a, b) => a.email - b.email).slice(0, limit);
  }

  async loadCorrespondents(account: AccountId, keys: readonly string[]) {
    const { correspondents } = this.#of(account);
    return keys.map((key) => correspondents.kindsOf(key));
  }

  async countCorrespondents(account: AccountId) {
    return this.#of(account).correspondents.counts;
  }

  async loadMemories(account: AccountId, after: string, limit: number) {
    return this.#of(account).rules.memoriesAfter(after, limit);
  }

  async loadRuleEntries(account: AccountId, limit: number) {
    return this.#of(account).rules.lastEntries(limit);
  }

  async readRanges(ranges: readonly ByteRange[]) {
    return ranges.map(({ email: id, start, end }) => {
      const email = this.#email(id);
      return email && cut(email, start, end);
    });
  }

  async *readStream({ email: id, start, end }: ByteRange) {
    const email = this.#email(id);
    if (email === undefined) throw new StoreError('damaged', `the bytes of email ${id} are missing`);
    yield* slices(cut(email, start, end));
  }

  assertRoom(): void {}

  stage(): Staging {
    this.#assertOpen();
    return new MemoryUpload();
  }

  write(batches: readonly AccountBatch[]): StoreWrite {
    const outcomes = batches.map((batch) => this.#apply(batch));
    return { committed: Promise.resolve(outcomes), durable: DURABLE };
  }

  async destroyAccount(account: AccountId) {
    this.#assertOpen();
    this.#data.accounts.delete(account);
    this.#destroyed.add(account);
  }

  async listEmails(account: AccountId, after: number, limit: number) {
    const emails = this.#of(account).emails.after(after, limit);
    return emails.map(({ id, sizeBytes, references, thread }) => {
      return { id, references, sizeBytes, thread: thread?.thread };
    });
  }

  async verifyEmails(ids: readonly EmailId[]) {
    return ids.map((id) => {
      const email = this.#email(id);
      if (email === undefined) return 'missing';
      return email.sizeBytes === email.prefix.length + email.blob.sizeBytes ? 'ok' : 'damaged';
    });
  }

  /** Bytes are held by the emails alone: there is nothing that only the store could know. */
  async *inspect() {
    this.#assertOpen();
    yield* NO_PROBLEMS;
  }

  async close() {
    this.#isClosed = true;
  }

  #apply(batch: AccountBatch): StoreError | undefined {
    try {
      const account = this.#of(batch.account);
      if (this.#destroyed.has(batch.account)) {
        throw new StoreError('conflict', `account ${batch.account} is being removed`);
      }
      account.apply(batch);
      this.#data.accounts.set(batch.account, account);
      return undefined;
    } catch (error) {
      if (error instanceof StoreError) return error;
      throw error;
    }
  }

  #of(account: AccountId): AccountRows {
    this.#assertOpen();
    return this.#data.accounts.get(account) ?? new AccountRows();
  }

  #email(id: EmailId): StoredEmail | undefined {
    return this.#of(emailAccount(id)).emails.get(id);
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new StoreError('closed', 'the store is closed');
  }
}

function only({ id, facts, thread }: StoredEmail, parts: readonly FactPart[]): EmailFacts {
  const of = (part: Exclude<FactPart, 'thread'>): Buffer | undefined =>
    parts.includes(part) ? facts[part] : undefined;
  return {
    id,
    version: parts.some(isDerivedPart) ? FACTS_VERSION : undefined,
    envelope: of('envelope'),
    bodyStructure: of('bodyStructure'),
    parts: of('parts'),
    header: of('header'),
    search: of('search'),
    preview: of('preview'),
    sort: of('sort'),
    links: of('links'),
    thread: parts.includes('thread') ? thread?.thread : undefined,
  };
}
