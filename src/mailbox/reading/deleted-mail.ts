/**
 * What was deleted and can be brought back: messages that were expunged, the newest first, and mailboxes that were deleted with all that was
 * in them. Read from the history and the graves, in pages, and never while somebody lets go of it or brings it back.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { EnvelopeReader } from '../../mail/envelope-reader.ts';
import { FLAG } from '../../mail/flags.ts';
import type { Domain } from '../domain.ts';
import {
  type Deletion,
  type MailboxDeletion,
  unpackDeletion,
  unpackMailboxDeletion,
} from '../model/deletion.ts';
import { emailId, type MailboxId, type ModSeq, type Role } from '../model/model.ts';
import { type MessageRecord, unpackRecords } from '../model/record.ts';
import type { HistoryPlace, HistoryRow } from '../port/store.ts';
import type { AccountState } from '../state/account.ts';
import { loadFacts } from './message-reader.ts';

interface Deleted {
  /** By which it is brought back. */
  readonly id: string;
  readonly mailbox: string;
  readonly role?: Role;
  readonly atMs: number;
  /** The protocol over which it was deleted: `imap`, `jmap`, ... or `server`. */
  readonly service: string;
  readonly client?: string;
  readonly bytes: number;
}

export interface DeletedMailbox extends Deleted {
  readonly messages: number;
}

export interface DeletedMessage extends Deleted {
  readonly email: number;
  readonly isSeen: boolean;
  /** Seconds. */
  readonly internalDate: number;
  /** Decoded; empty where there is none. */
  readonly from: string;
  /** The name beside that address. */
  readonly fromName: string;
  readonly subject: string;
}

export interface DeletedMail {
  /** All of them. */
  readonly mailboxes: readonly DeletedMailbox[];
  /** As many as were asked for. */
  readonly messages: readonly DeletedMessage[];
  /** Of all messages that were sought, those in mailboxes not among them. */
  readonly total: { readonly messages: number; readonly bytes: number };
}

export interface DeletedPage {
  readonly position: number;
  readonly limit: number;
}

/** What is sought; nothing said: all. */
export interface DeletedFilter {
  /** By its name, as it was then. */
  readonly mailbox?: string;
  /** Deleted then or later. */
  readonly sinceMs?: number;
  /** Deleted before. */
  readonly beforeMs?: number;
}

const ROWS_PER_LOAD = 20;
/** Of facts that are in memory at once. */
export const MOST_LISTED_AT_ONCE = 1000;

export async function listDeleted(
  domain: Domain,
  account: AccountState,
  filter: DeletedFilter,
  { position, limit }: DeletedPage,
): Promise<DeletedMail> {
  return domain.accounts.deletedMail.run(account.id, async () => {
    const mailboxes = (await deletedMailboxes(domain, account, filter)).map(shownMailbox);
    const total = { messages: 0, bytes: 0 };
    const rows: { readonly place: HistoryPlace; readonly count: number }[] = [];
    for await (const { row, records } of deletedRows(domain, account, filter)) {
      rows.push({ place: { atMs: row.atMs, modseq: row.modseq }, count: records.length });
      total.messages += records.length;
      for (const { size } of records) total.bytes += size;
    }
    const wanted = Math.min(limit, MOST_LISTED_AT_ONCE);
    const found: DeletedEntry[] = [];
    let passed = 0;
    for (const { place, count } of rows.toReversed()) {
      if (passed + count > position)
        found.push(
          ...(await entriesAt(domain, account, filter, place)).slice(Math.max(0, position - passed)),
        );
      passed += count;
      if (found.length >= wanted) break;
    }
    return { mailboxes, messages: await described(domain, account, found.slice(0, wanted)), total };
  });
}

/** What all that can be brought back takes, mailboxes included. */
export async function sumOfDeleted(domain: Domain, account: AccountState): Promise<DeletedMail['total']> {
  const { mailboxes, total } = await listDeleted(domain, account, {}, { position: 0, limit: 0 });
  return mailboxes.reduce(
    (sum, { messages, bytes }) => ({ messages: sum.messages + messages, bytes: sum.bytes + bytes }),
    total,
  );
}

export interface BuriedDeletion {
  readonly id: MailboxId;
  readonly atMs: number;
  readonly deletion: MailboxDeletion;
}

/** Those that still have messages, by name: one comes before those below it. */
export async function deletedMailboxes(
  { store }: Pick<Domain, 'store'>,
  account: AccountState,
  { mailbox, sinceMs = 0, beforeMs = Number.POSITIVE_INFINITY }: DeletedFilter,
): Promise<readonly BuriedDeletion[]> {
  const found: BuriedDeletion[] = [];
  for (const { id, atMs, deletion: packed } of await store.loadBuried(account.id)) {
    const deletion = packed && unpackMailboxDeletion(packed);
    if (deletion === undefined || deletion.messages === 0 || atMs < sinceMs || atMs >= beforeMs) continue;
    if (mailbox === undefined || deletion.mailbox === mailbox) found.push({ id, atMs, deletion });
  }
  return found.sort((a, b) => (a.deletion.mailbox < b.deletion.mailbox ? -1 : 1));
}

export interface DeletedRow {
  readonly row: HistoryRow;
  readonly deletion: Deletion;
  readonly records: readonly MessageRecord[];
}

/** The oldest first. Whoever goes through them may take them away. */
export async function* deletedRows(
  { store }: Pick<Domain, 'store'>,
  account: AccountState,
  filter: DeletedFilter,
): AsyncGenerator<DeletedRow> {
  const beforeMs = filter.beforeMs ?? Number.MAX_SAFE_INTEGER;
  for (let after: HistoryPlace | undefined; ; await nextTurn()) {
    const rows = await store.loadUnreleased(account.id, beforeMs, ROWS_PER_LOAD, after, 0);
    for (const row of rows) {
      const deletion = deletionIn(row, filter);
      if (deletion === undefined) continue;
      yield { row, deletion, records: unpackRecords(row.records ?? NOTHING) };
    }
    if (rows.length < ROWS_PER_LOAD) return;
    after = rows.at(-1);
  }
}

function deletionIn(row: HistoryRow, { mailbox, sinceMs = 0 }: DeletedFilter): Deletion | undefined {
  const deletion = row.deletion && unpackDeletion(row.deletion);
  if (deletion === undefined || row.atMs < sinceMs) return undefined;
  return mailbox === undefined || deletion.mailbox === mailbox ? deletion : undefined;
}

/** By which a message is brought back: the row of the history that it stands in, and its UID. */
export function deletedId(
  { modseq }: Pick<HistoryRow, 'modseq'>,
  { uid }: Pick<MessageRecord, 'uid'>,
): string {
  return `d${modseq}-${uid}`;
}

export function deletedMailboxId(id: MailboxId): string {
  return `f${id}`;
}

export interface DeletedEntry extends Pick<DeletedRow, 'row' | 'deletion'> {
  readonly record: MessageRecord;
}

/** Those of one row, the newest first. */
export async function entriesAt(
  { store }: Domain,
  account: AccountState,
  filter: DeletedFilter,
  { atMs, modseq }: HistoryPlace,
): Promise<DeletedEntry[]> {
  const beforeMs = filter.beforeMs ?? Number.MAX_SAFE_INTEGER;
  const before = { atMs, modseq: (modseq - 1) as ModSeq };
  const [row] = await store.loadUnreleased(account.id, beforeMs, 1, before, 0);
  const deletion = row && deletionIn(row, filter);
  if (row?.modseq !== modseq || deletion === undefined) return [];
  return unpackRecords(row.records ?? NOTHING)
    .reverse()
    .map((record) => ({ row, deletion, record }));
}

/** With what their envelopes say; of a thousand at most. */
export async function described(
  domain: Domain,
  account: AccountState,
  entries: readonly DeletedEntry[],
): Promise<DeletedMessage[]> {
  const ids = entries.map(({ record }) => emailId(account.id, record.email));
  const facts = await loadFacts(domain, ids, ['envelope']);
  return entries.map(({ row, deletion: { keywords: _, ...deletion }, record }, i) => {
    const envelope = new EnvelopeReader(facts[i]?.envelope?.toString('latin1') ?? '');
    const [from = ''] = envelope.addressesOf('from');
    return {
      ...{ ...deletion, id: deletedId(row, record), atMs: row.atMs },
      ...{ bytes: record.size, email: record.email, internalDate: record.internalDate },
      isSeen: (record.flags & FLAG.Seen) !== 0,
      ...{ from, fromName: nameBeside(envelope, from), subject: envelope.text('subject') ?? '' },
    };
  });
}

function nameBeside(envelope: EnvelopeReader, from: string): string {
  const all = envelope.text('from') ?? '';
  return from === '' ? all : all.slice(0, Math.max(0, all.indexOf(` <${from}>`)));
}

export function shownMailbox({ id, atMs, deletion }: BuriedDeletion): DeletedMailbox {
  const { mailbox, role, service, client, messages, bytes } = deletion;
  return {
    ...{ id: deletedMailboxId(id), mailbox, atMs, service, messages, bytes },
    ...(role && { role }),
    ...(client !== undefined && { client }),
  };
}

const NOTHING = Buffer.alloc(0);
