/**
 * Rows for tests of stores: a batch with everything absent, to be overridden by what a test is about.
 */

import { hashId, ID_HASH_BYTES } from '../mail/message-id.ts';
import type { NewCredential } from '../mailbox/model/credential.ts';
import type { ComputedFacts } from '../mailbox/model/facts.ts';
import { packNumbers } from '../mailbox/model/history.ts';
import type { KeywordRow } from '../mailbox/model/keywords.ts';
import {
  type AccountId,
  type AccountRow,
  asAccountId,
  asMailboxId,
  asModSeq,
  asUid,
  asUidValidity,
  type EmailId,
  emailAccount,
  emailId,
  type MailboxId,
  type MailboxRow,
  type ModSeq,
  type Uid,
} from '../mailbox/model/model.ts';
import {
  NOTIFY_DEFAULT,
  type Outgoing,
  type OutgoingRecipient,
  type OutgoingRow,
  outgoingId,
  type RecipientChange,
} from '../mailbox/model/outgoing.ts';
import type { EmailThread } from '../mailbox/model/threads.ts';
import type {
  AccountBatch,
  ChunkRow,
  ExternalId,
  HistoryRow,
  ImportTrace,
  MailStore,
  NewEmail,
  RowChange,
  StagedBlob,
} from '../mailbox/port/store.ts';

export const ALICE = asAccountId(1);
export const BOB = asAccountId(2);
export const INBOX = asMailboxId(1);

export const email = (n: number, account: AccountId = ALICE): EmailId => emailId(account, n);

export function aRow(
  row: { readonly [K in keyof AccountRow]?: number | readonly string[] } = {},
): AccountRow {
  const { modseq = 1, ...rest } = row;
  const base: AccountRow = {
    modseq: asModSeq(modseq as number),
    nextMailbox: 1,
    nextEmail: 1,
    nextUidValidity: 1,
    usedBytes: 0,
    usedMessages: 0,
    roomTold: 0,
    refusedSinceMs: 0,
    refusedBytes: 0,
    factsVersion: 2,
    historyFloor: asModSeq(0),
    changesFloor: asModSeq(0),
    emailModseq: asModSeq(0),
    mailboxModseq: asModSeq(0),
    unthreaded: 0,
    orphanSubscriptions: [],
  };
  return Object.assign(base, rest);
}

/** The changes of a batch by their kinds, as a test wants to write them. */
export interface BatchParts extends Partial<Omit<AccountBatch, 'changes' | 'expect'>> {
  readonly mailboxes?: readonly MailboxRow[];
  readonly deletedMailboxes?: readonly MailboxId[];
  readonly chunks?: readonly ChunkRow[];
  readonly droppedChunks?: readonly { readonly mailbox: MailboxId; readonly first: Uid }[];
  readonly keywords?: readonly { readonly mailbox: MailboxId; readonly row: KeywordRow }[];
  readonly droppedKeywords?: readonly { readonly mailbox: MailboxId; readonly row: KeywordRow }[];
  readonly emails?: readonly NewEmail[];
  readonly retained?: readonly EmailId[];
  readonly released?: readonly EmailId[];
  readonly facts?: readonly { readonly email: EmailId; readonly facts: ComputedFacts }[];
  readonly history?: readonly HistoryRow[];
  /** Up to this modseq. */
  readonly prunedHistory?: ModSeq;
  readonly threaded?: readonly { readonly email: EmailId; readonly thread: EmailThread }[];
  readonly imported?: readonly {
    readonly mailbox: MailboxId;
    readonly key: Buffer;
    readonly trace?: ImportTrace;
  }[];
  readonly externalIds?: readonly ExternalId[];
  readonly forgottenImports?: readonly { readonly mailbox: MailboxId; readonly key: Buffer }[];
  readonly outgoing?: readonly Outgoing[];
  readonly recipients?: readonly RecipientChange[];
  /** Of rules, as they are. */
  readonly rules?: readonly RowChange[];
}

/** On top of modseq `expect`, one change. */
export function aBatch(expect: number, parts: BatchParts = {}): AccountBatch {
  const { account = ALICE, row = aRow({ modseq: expect + 1 }), deferrable = false } = parts;
  return { account, expect, row, changes: changesOf(parts), deferrable };
}

function changesOf(parts: BatchParts): RowChange[] {
  const { mailboxes = [], deletedMailboxes = [], chunks = [], droppedChunks = [] } = parts;
  const { keywords = [], droppedKeywords = [], emails = [], retained = [], released = [] } = parts;
  const { facts = [], history = [], prunedHistory, imported = [], externalIds = [] } = parts;
  const { threaded = [], forgottenImports = [], outgoing = [], recipients = [], rules = [] } = parts;
  return [
    ...mailboxes.map((row) => ({ kind: 'mailbox', row }) as const),
    ...deletedMailboxes.map((id) => ({ kind: 'mailbox-deleted', row: { id, atMs: 1000 } }) as const),
    ...droppedChunks.map((chunk) => ({ kind: 'chunk-dropped', ...chunk }) as const),
    ...chunks.map((row) => ({ kind: 'chunk', row }) as const),
    ...droppedKeywords.map((keyword) => ({ kind: 'keyword-dropped', ...keyword }) as const),
    ...keywords.map((keyword) => ({ kind: 'keyword', ...keyword }) as const),
    ...emails.map((email) => ({ kind: 'email', email }) as const),
    ...(retained.length > 0 ? [{ kind: 'retained', emails: retained } as const] : []),
    ...(released.length > 0 ? [{ kind: 'released', emails: released } as const] : []),
    ...facts.map((one) => ({ kind: 'facts', ...one }) as const),
    ...threaded.map((one) => ({ kind: 'threaded', ...one }) as const),
    ...history.map((row) => ({ kind: 'history', row }) as const),
    ...(prunedHistory === undefined ? [] : [{ kind: 'history-pruned', upTo: prunedHistory } as const]),
    ...imported.map((one) => ({ kind: 'imported', ...one }) as const),
    ...externalIds.map((row) => ({ kind: 'external-id', row }) as const),
    ...forgottenImports.map((one) => ({ kind: 'import-forgotten', ...one }) as const),
    ...outgoing.map((one) => ({ kind: 'outgoing', ...one }) as const),
    ...recipients.map((change) => ({ kind: 'recipient', change }) as const),
    ...rules,
  ];
}

export function aMailbox(row: Partial<MailboxRow> = {}): MailboxRow {
  return {
    id: INBOX,
    name: 'INBOX',
    uidValidity: asUidValidity(1),
    uidNext: asUid(1),
    modseq: asModSeq(1),
    createdModseq: asModSeq(1),
    infoModseq: asModSeq(1),
    sortOrder: 0,
    exists: 0,
    unseen: 0,
    firstUnseen: 0,
    deleted: 0,
    bytes: 0,
    subscribed: false,
    isSubscribedUnasked: false,
    recentFrom: asUid(1),
    expungedFloor: asModSeq(0),
    ...row,
  };
}

export function aChunk(first: number, text: string, mailbox = INBOX): ChunkRow {
  return { mailbox, first: asUid(first), count: 1, maxModseq: asModSeq(first), records: Buffer.from(text) };
}

export function anExpunge(modseq: number, row: Partial<HistoryRow> = {}): HistoryRow {
  return {
    mailbox: INBOX,
    modseq: asModSeq(modseq),
    kind: 'expunged',
    uids: Buffer.from([modseq, 0, 0, 0]),
    emails: packNumbers([modseq]),
    numbers: 2,
    records: Buffer.from(`records ${modseq}`),
    atMs: 1000 * modseq,
    ...row,
  };
}

export function anEmail(id: EmailId, blob: StagedBlob, rest: Partial<NewEmail> = {}): NewEmail {
  return {
    id,
    sizeBytes: blob.sizeBytes + (rest.prefix?.length ?? 0),
    envelope: Buffer.from(`envelope ${id}`),
    bodyStructure: Buffer.from(`structure ${id}`),
    parts: Buffer.from(`parts ${id}`),
    header: Buffer.from(`header ${id}`),
    search: undefined,
    preview: Buffer.from(`preview ${id}`),
    sort: Buffer.from(`sort ${id}`),
    links: Buffer.alloc(0),
    blob,
    ...rest,
  };
}

export function anOutgoing(
  n: number,
  row: Partial<OutgoingRow> & Pick<OutgoingRow, 'email'>,
  ...recipients: readonly Partial<OutgoingRecipient>[]
): Outgoing {
  const id = outgoingId(emailAccount(row.email), n);
  const flags = { isUtf8: false, isEightBit: false, requiresTls: false, isTlsOptional: false };
  const times = { createdMs: 1000 * n, expiresMs: 1_000_000 };
  return {
    row: { id, kind: 'sent', sender: 'anna@example.com', bodyFrom: 0, ...flags, ...times, ...row },
    recipients: (recipients.length > 0 ? recipients : [{}]).map((one, i) => aRecipient({ n: i + 1, ...one })),
  };
}

export function aRecipient(recipient: Partial<OutgoingRecipient> = {}): OutgoingRecipient {
  const n = recipient.n ?? 1;
  const { nextMs = 1000, ...rest } = recipient;
  const base: OutgoingRecipient = {
    n,
    address: `r${n}@example.org`,
    route: 'remote',
    notify: NOTIFY_DEFAULT,
    state: 'waiting',
    attempts: 0,
    isTold: false,
    ...rest,
  };
  return base.state === 'held' ? base : { ...base, nextMs };
}

/** The hash of a message id. */
export function anId(name: string): string {
  const hash = Buffer.alloc(ID_HASH_BYTES);
  hashId(name, hash, 0);
  return hash.toString('latin1');
}

export function aThread(thread: number, own: string, ...named: readonly string[]): EmailThread {
  return { thread, subject: 7, own: anId(own), named: named.map(anId) };
}

/** Octets without a pattern that a wrong offset would survive. */
export function someBytes(sizeBytes: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(sizeBytes);
  let state = (seed * 2654435761) >>> 0;
  for (let i = 0; i < sizeBytes; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

export async function staged(
  store: MailStore,
  bytes: Uint8Array,
  accounts: readonly AccountId[] = [ALICE],
): Promise<StagedBlob> {
  const upload = store.stage(accounts, bytes.length);
  const wait = upload.write(bytes);
  if (wait) await wait;
  return upload.finish();
}

/** Applies and makes durable, or throws what refused it. */
export async function commit(store: MailStore, ...batches: AccountBatch[]): Promise<void> {
  const written = store.write(batches);
  for (const error of await written.committed) if (error) throw error;
  await written.durable;
}

export async function bytesOf(store: MailStore, id: EmailId): Promise<Buffer | undefined> {
  return (await store.readRanges([{ email: id, start: 0, end: Number.MAX_SAFE_INTEGER }]))[0];
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export const aPassword = (secret: string): NewCredential => ({ kind: 'password', secret, createdMs: 5 });
