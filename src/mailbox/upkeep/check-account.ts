/**
 * One reading of everything an account has in the store, and what does not add up in it. Reads only, in slices.
 *
 * What a suspicion was computed from decides when it is certain: the account's row and its mailboxes' rows come from one
 * read; a mailbox's messages do not change while its modseq stays; references need the whole account to stand still.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ancestors, normalizeMailboxName } from '../../mail/mailbox-name.ts';
import type { AnnotationPlace } from '../model/annotations.ts';
import {
  type AccountId,
  type AccountRow,
  asModSeq,
  emailAccount,
  emailId,
  emailNumber,
  type MailboxId,
  type MailboxRow,
  type ModSeq,
} from '../model/model.ts';
import type { OutgoingRow } from '../model/outgoing.ts';
import { unpackRecords } from '../model/record.ts';
import type { ChunkRow, LoadedMailbox } from '../port/store.ts';
import { damageIn } from '../port/store-words.ts';
import type { TranslatedStore } from '../port/translated-store.ts';
import { faultsInAnnotations } from './check-annotations.ts';
import { faultsInHistory, historyFault } from './check-history.ts';
import { checkMessages, emptySums, keywordNumbers, type Sums } from './check-messages.ts';
import { readOutgoing } from './check-outgoing.ts';
import { Tally } from './tally.ts';

export type Repair =
  | { readonly kind: 'counters' | 'marks' | 'role' | 'keyword-sets'; readonly mailbox: MailboxId }
  | { readonly kind: 'annotation'; readonly place: AnnotationPlace }
  | { readonly kind: 'usage' }
  | { readonly kind: 'parent'; readonly name: string }
  | { readonly kind: 'references'; readonly email: number; readonly by: number }
  | { readonly kind: 'thread'; readonly email: number }
  /** No message refers to an email that is there. */
  | {
      readonly kind: 'orphan';
      readonly email: number;
      readonly references: number;
      readonly sizeBytes: number;
    };

export interface Suspicion {
  readonly key: string;
  readonly what: string;
  /** What must not have moved for it to be certain. */
  readonly rests: 'rows' | 'mailbox' | 'account';
  readonly mailboxId?: MailboxId;
  readonly mailbox?: string;
  readonly uid?: number;
  /** Number of the email it is about; its messages are looked up when it is reported. */
  readonly email?: number;
  readonly repair?: Repair;
}

export interface Place {
  readonly mailbox: string;
  readonly uid: number;
}

export type CheckedStore = Pick<
  TranslatedStore,
  'loadAccount' | 'loadChunks' | 'loadHistory' | 'loadExpunged' | 'loadBuried' | 'listEmails' | 'outgoing'
>;

const CHUNKS_PER_READ = 50;
const EMAILS_PER_READ = 2000;
const HISTORY_PER_READ = 500;

/** Undefined when the account has no mail yet. */
export async function passOver(store: CheckedStore, id: AccountId): Promise<AccountPass | undefined> {
  const stored = await store.loadAccount(id);
  if (stored === undefined) return undefined;
  const pass = new AccountPass(store, id, stored.row, stored.mailboxes);
  for (const { what, place } of faultsInAnnotations(stored))
    pass.suspicions.push({ key: what, what, rests: 'rows', repair: { kind: 'annotation', place } });
  await pass.run();
  return pass;
}

export class AccountPass {
  readonly row: AccountRow;
  readonly suspicions: Suspicion[] = [];
  mailboxes = 0;
  messages = 0;
  bytes = 0;
  readonly #store: CheckedStore;
  readonly #id: AccountId;
  readonly #rows: readonly LoadedMailbox[];
  readonly #moved = new Set<MailboxId>();
  #hasMoved = false;
  /** Something could not be read: what refers to an email is not known. */
  #isBlind = false;
  readonly #references = new Tally();
  readonly #sizes = new Tally();
  /** Of these references, those of mail that is to leave. */
  readonly #leaving = new Tally();
  /** Where each email is, as index of the mailbox row and UID; of live messages only. */
  readonly #placeMailbox = new Tally();
  readonly #placeUid = new Tally();

  constructor(store: CheckedStore, id: AccountId, row: AccountRow, rows: readonly LoadedMailbox[]) {
    this.#store = store;
    this.#id = id;
    this.row = row;
    this.#rows = rows;
  }

  isSettled(suspicion: Suspicion): boolean {
    if (suspicion.rests === 'rows' || !this.#hasMoved) return true;
    return (
      suspicion.rests === 'mailbox' &&
      suspicion.mailboxId !== undefined &&
      !this.#moved.has(suspicion.mailboxId)
    );
  }

  /** A message that shows this email; when it has copies, the one that was read last. */
  placesOf(email: number): readonly Place[] {
    const uid = this.#placeUid.get(email);
    const row = this.#rows[this.#placeMailbox.get(email) - 1];
    return uid === 0 || row === undefined ? [] : [{ mailbox: row.name, uid }];
  }

  async run(): Promise<void> {
    this.#checkRows();
    for (const [index, row] of this.#rows.entries()) {
      await this.#orSuspect('its messages', row, () => this.#checkMailbox(row, index));
    }
    await this.#orSuspect('what deleted mailboxes left', undefined, async () => {
      for (const { id: buried } of await this.#store.loadBuried(this.#id)) {
        await this.#readMessages(buried, () => undefined);
        await this.#checkHistory(buried, undefined, new Uint32Array());
      }
    });
    await this.#orSuspect('its history', undefined, async () => {
      for await (const what of faultsInHistory(this.#store, this.#id, this.row))
        this.suspicions.push({ key: `history ${what}`, what, rests: 'account' });
    });
    let outgoing = '';
    await this.#orSuspect('its outgoing mail', undefined, async () => {
      outgoing = await readOutgoing(this.#store.outgoing, this.#id, (row) => this.#referOutgoing(row));
    });
    await this.#orSuspect('its emails', undefined, () => this.#checkEmails());
    await this.#compare();
    // It comes and goes without the account's modseq.
    await this.#orSuspect('its outgoing mail', undefined, async () => {
      if (outgoing !== (await readOutgoing(this.#store.outgoing, this.#id))) this.#hasMoved = true;
    });
  }

  /** A broken page is the loss of what is on it, not of the report about everything else. */
  async #orSuspect(what: string, row: MailboxRow | undefined, read: () => Promise<void>): Promise<void> {
    try {
      await read();
    } catch (error) {
      const damage = damageIn(error);
      if (damage === undefined) throw error;
      this.#isBlind = true;
      this.#suspectRow(row, `${what} cannot be read: ${damage}`);
    }
  }

  async #compare(): Promise<void> {
    const after = await this.#store.loadAccount(this.#id);
    this.#hasMoved = after?.row.modseq !== this.row.modseq;
    const modseqs = new Map(after?.mailboxes.map((row) => [row.id, row.modseq]));
    for (const row of this.#rows) if (modseqs.get(row.id) !== row.modseq) this.#moved.add(row.id);
  }

  #checkRows(): void {
    const { row } = this;
    const names = new Set(this.#rows.map(({ name }) => name));
    const roles = new Map<string, string>();
    const sums = { bytes: 0, messages: 0 };
    for (const one of this.#rows) {
      sums.bytes += one.bytes;
      sums.messages += one.exists;
      this.#checkName(one, names);
      const holder = one.role === undefined ? undefined : roles.get(one.role);
      if (one.role !== undefined) roles.set(one.role, holder ?? one.name);
      if (holder !== undefined) {
        this.#suspectRow(one, `role ${one.role} belongs to "${holder}" already`, {
          kind: 'role',
          mailbox: one.id,
        });
      }
      if (one.id >= row.nextMailbox)
        this.#suspectRow(one, `id ${one.id} is not below the next one, ${row.nextMailbox}`);
      if (one.modseq > row.modseq || one.createdModseq > one.modseq) {
        this.#suspectRow(one, `modseq ${one.modseq} lies outside ${one.createdModseq} to ${row.modseq}`);
      }
    }
    if (names.size !== this.#rows.length) this.#suspectRow(undefined, 'two mailboxes have the same name');
    if (sums.bytes !== row.usedBytes || sums.messages !== row.usedMessages) {
      const what = `usage says ${row.usedMessages} messages, ${row.usedBytes} octets; the mailboxes hold ${sums.messages}, ${sums.bytes}`;
      this.#suspectRow(undefined, what, { kind: 'usage' });
    }
  }

  #checkName(row: MailboxRow, names: ReadonlySet<string>): void {
    let canonical: string | undefined;
    try {
      canonical = normalizeMailboxName(row.name);
    } catch {
      canonical = undefined;
    }
    if (canonical !== row.name) this.#suspectRow(row, 'the name is not in canonical form');
    for (const parent of ancestors(row.name)) {
      if (!names.has(parent)) {
        this.#suspectRow(row, `its parent "${parent}" is missing`, { kind: 'parent', name: parent });
      }
    }
  }

  async #checkMailbox(row: LoadedMailbox, index: number): Promise<void> {
    const sums = emptySums(row.exists);
    const sets = keywordNumbers(row, 'set');
    await this.#readMessages(row.id, (chunk) => {
      for (const fault of checkMessages(sets, chunk, sums, this.row.nextEmail)) {
        const repair: Repair | undefined = fault.repair && { kind: fault.repair, mailbox: row.id };
        this.#suspectMailbox(row, {
          what: fault.what,
          ...(fault.uid === undefined ? {} : { uid: fault.uid }),
          ...(repair && { repair }),
        });
      }
      for (const record of unpackRecords(chunk.records)) {
        this.#placeMailbox.set(record.email, index + 1);
        this.#placeUid.set(record.email, record.uid);
      }
    });
    this.#checkSums(row, sums);
    await this.#checkHistory(row.id, row, sums.uids.subarray(0, sums.exists));
    this.mailboxes++;
    this.messages += sums.exists;
    this.bytes += sums.bytes;
  }

  #checkSums(row: LoadedMailbox, sums: Sums): void {
    for (const name of ['exists', 'unseen', 'firstUnseen', 'deleted', 'bytes'] as const) {
      if (row[name] === sums[name]) continue;
      const what =
        name === 'firstUnseen'
          ? `the first unseen message is said to be number ${row[name]}, it is ${sums[name]}`
          : `the counter of ${COUNTERS[name]} says ${row[name]}, there are ${sums[name]}`;
      this.#suspectMailbox(row, { what, repair: { kind: 'counters', mailbox: row.id } });
    }
    const [uids, modseq] = [sums.lastUid, sums.maxModseq];
    if (uids >= row.uidNext || modseq > row.modseq) {
      const what = `highest UID ${uids} and modseq ${modseq}, but UIDNEXT is ${row.uidNext} and HIGHESTMODSEQ ${row.modseq}`;
      this.#suspectMailbox(row, { what, repair: { kind: 'marks', mailbox: row.id } });
    }
    const names = keywordNumbers(row, 'name');
    if (row.keywords.some((one) => one.kind === 'set' && !one.members.every((n) => names.has(n))))
      this.#suspectMailbox(row, { what: 'a set of keywords refers to keywords that do not exist' });
  }

  /** Reads all chunks and counts what they refer to. */
  async #readMessages(mailbox: MailboxId, visit: (chunk: ChunkRow) => void): Promise<void> {
    for (let after = 0; ; ) {
      const chunks = await this.#store.loadChunks(this.#id, mailbox, after, CHUNKS_PER_READ);
      for (const chunk of chunks) {
        visit(chunk);
        for (const record of unpackRecords(chunk.records)) this.#refer(record.email, record.size);
      }
      const last = chunks.at(-1);
      if (last === undefined || chunks.length < CHUNKS_PER_READ || last.first <= after) return;
      after = last.first;
      await nextTurn();
    }
  }

  async #checkHistory(mailbox: MailboxId, row: MailboxRow | undefined, live: Uint32Array): Promise<void> {
    for (let after: ModSeq = asModSeq(0); ; ) {
      const page = await this.#store.loadExpunged(this.#id, mailbox, after, HISTORY_PER_READ);
      for (const { modseq, uids, records } of page) {
        const kept = records === undefined ? [] : unpackRecords(records);
        for (const record of kept) this.#refer(record.email, record.size);
        const fault = row && historyFault(row, { modseq, uids, after }, live);
        if (row && fault !== undefined)
          this.#suspectMailbox(row, { what: `history at modseq ${modseq}: ${fault}` });
        after = modseq;
      }
      if (page.length < HISTORY_PER_READ) return;
      await nextTurn();
    }
  }

  #referOutgoing({ id, email }: OutgoingRow): void {
    if (emailAccount(email) === this.#id && emailNumber(email) < this.row.nextEmail) {
      this.#references.add(emailNumber(email), 1);
      this.#leaving.add(emailNumber(email), 1);
    } else this.#suspectRow(undefined, `outgoing mail ${id} is of email ${email}, which was never given`);
  }

  #refer(email: number, sizeBytes: number): void {
    // A number that was never given cannot be right; it was reported with its message.
    if (email >= this.row.nextEmail) return;
    this.#references.add(email, 1);
    this.#sizes.set(email, sizeBytes);
  }

  async #checkEmails(): Promise<void> {
    let after: number = emailId(this.#id, 0);
    const found = new Tally();
    for (;;) {
      const page = await this.#store.listEmails(this.#id, after, EMAILS_PER_READ);
      for (const { id, references, sizeBytes, thread } of page) {
        const email = emailNumber(id);
        const expected = this.#references.get(email);
        found.set(email, 1);
        if (references !== expected && !this.#isBlind) {
          const what = `email ${email} counts ${references} references, ${expected} messages refer to it`;
          const repair: Repair =
            expected === 0
              ? { kind: 'orphan', email, references, sizeBytes }
              : { kind: 'references', email, by: expected - references };
          this.#suspectEmail(email, what, repair);
        }
        if (expected > this.#leaving.get(email) && this.#sizes.get(email) !== sizeBytes) {
          this.#suspectEmail(
            email,
            `the list says ${this.#sizes.get(email)} octets, the email has ${sizeBytes}`,
          );
        }
        if (email >= this.row.nextEmail)
          this.#suspectEmail(email, `email ${email} is not below the next one`);
        if (thread === undefined && this.row.unthreaded === 0)
          this.#suspectEmail(email, `email ${email} has no thread`, { kind: 'thread', email });
      }
      const last = page.at(-1);
      if (last === undefined || page.length < EMAILS_PER_READ) break;
      after = last.id;
      await nextTurn();
    }
    for (const email of this.#references.keysNotIn(found)) {
      this.#suspectEmail(email, `email ${email} is gone: the message is listed and cannot be read`);
    }
  }

  #suspectRow(row: MailboxRow | undefined, what: string, repair?: Repair): void {
    const where = row === undefined ? {} : { mailbox: row.name, mailboxId: row.id };
    this.suspicions.push({
      key: `row ${row?.id} ${what}`,
      what,
      rests: 'rows',
      ...where,
      ...(repair && { repair }),
    });
  }

  #suspectMailbox(row: MailboxRow, fault: { what: string; uid?: number; repair?: Repair }): void {
    const key = `mailbox ${row.id} ${fault.uid} ${fault.what}`;
    this.suspicions.push({ ...fault, key, rests: 'mailbox', mailbox: row.name, mailboxId: row.id });
  }

  #suspectEmail(email: number, what: string, repair?: Repair): void {
    this.suspicions.push({
      key: `email ${email} ${what}`,
      what,
      rests: 'account',
      email,
      ...(repair && { repair }),
    });
  }
}

const COUNTERS = {
  exists: 'messages',
  unseen: 'unseen messages',
  deleted: 'deleted messages',
  bytes: 'octets',
} as const;
