/**
 * What the workload of the power-cut test does, as a function of (account, number of the batch): the workload makes the
 * batches with it, the judge computes from it what an account must look like after any number of batches.
 *
 * Each batch adds emails (small and large, sometimes two sharing their bytes, sometimes with a prefix of their own),
 * rewrites a chunk and the mailbox, and now and then copies, expunges and releases older ones. Once a round a second mailbox
 * is made, then filled and deleted in one batch, then emptied; and once one message comes to all accounts in one write.
 */
import {
  type AccountId,
  asAccountId,
  asMailboxId,
  asModSeq,
  asUid,
  type EmailId,
  type MailboxId,
  type MailboxRow,
} from '../../../mailbox/model/model.ts';
import type { AccountBatch, ChunkRow, MailStore, StagedBlob } from '../../../mailbox/port/store.ts';
import {
  aBatch,
  aChunk,
  aMailbox,
  anEmail,
  anExpunge,
  aRow,
  type BatchParts,
  email,
  someBytes,
  staged,
} from '../../fixtures.ts';

export interface Expected {
  readonly modseq: number;
  readonly chunk: string;
  readonly emails: ReadonlyMap<EmailId, { readonly bytes: Buffer; readonly references: number }>;
  readonly expunged: readonly number[];
  /** Mailboxes beside INBOX, those that are deleted and not yet empty among them. */
  readonly sides: readonly Side[];
}

export interface Side {
  readonly mailbox: MailboxId;
  readonly isBuried: boolean;
  readonly chunk: string;
}

interface Plan {
  readonly sizes: readonly number[];
  /** The second email has the bytes of the first. */
  readonly isShared: boolean;
  readonly prefix: Buffer | undefined;
  readonly releases: readonly number[];
  readonly retains: readonly number[];
  readonly side: 'made' | 'filled and deleted' | 'emptied' | undefined;
}

/** In every account the batch of this number has a message that all of them get, in one write. */
export const isDelivery = (n: number): boolean => n % BATCHES_PER_ROUND === 8;
export const BATCHES_PER_ROUND = 24;
const SIDE_STEPS: Readonly<Record<number, Plan['side']>> = {
  1: 'made',
  2: 'filled and deleted',
  11: 'emptied',
};

/** Numbers from a seed: the same in the workload and in the judge. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Nothing but rows that are there already: what a change of flags is. Three in a row, so that several wait together. */
const isFlagsOnly = (n: number): boolean => n % 8 >= 5;

/** Batch n adds the emails 2n + 1 and perhaps 2n + 2; every third one is released ten batches later. */
function planOf(account: AccountId, n: number): Plan {
  const random = randomOf(account * 7919 + n);
  const size = () => (random() < 0.12 ? 65_537 + Math.floor(random() * 60_000) : Math.floor(random() * 6000));
  const isShared = n % 5 === 2 && !isDelivery(n);
  const first = size();
  const second = isDelivery(n) ? [deliverySize(n)] : isShared ? [first] : [];
  const sizes = isFlagsOnly(n) ? [] : [first, ...second];
  const old = n - 10;
  const wasRetained = old % 6 === 0;
  const isReleasing = old >= 0 && old % 3 === 0 && !isFlagsOnly(old) && !isFlagsOnly(n);
  const releases = isReleasing ? (wasRetained ? [old, old] : [old]) : [];
  const retains = n % 6 === 0 && !isFlagsOnly(n) ? [n] : [];
  const prefix = n % 7 === 1 ? someBytes(64, n) : undefined;
  return { sizes, isShared, prefix, releases, retains, side: SIDE_STEPS[n % BATCHES_PER_ROUND] };
}

/** Kept in a row, then in a file, and so on. */
const deliverySize = (n: number): number => ((n / BATCHES_PER_ROUND) % 2 < 1 ? 3000 : 70_000);

/** Of one round. */
const sideOf = (n: number): MailboxId => asMailboxId(10 + Math.floor(n / BATCHES_PER_ROUND));

const firstEmail = (account: AccountId, n: number): EmailId => email(2 * n + 1, account);

function bytesOfBatch(account: AccountId, n: number, which: number, size: number): Buffer {
  const seed = isDelivery(n) && which === 1 ? 900_000 + n : account * 100_000 + n * 2 + which;
  const bytes = someBytes(size, seed);
  // Something in base64 that other messages have as well.
  if (size > 60_000) Buffer.from(`\r\n${attachmentOf(n % 3)}\r\n`).copy(bytes, 500);
  return bytes;
}

const attachmentOf = (which: number): string =>
  someBytes(30_000, which)
    .toString('base64')
    .replace(/.{76}(?=.)/g, '$&\r\n');

/** The bytes of the message that comes to all accounts. */
export function stageDelivery(
  store: MailStore,
  accounts: readonly AccountId[],
  n: number,
): Promise<StagedBlob> {
  return staged(store, bytesOfBatch(asAccountId(0), n, 1, deliverySize(n)), accounts);
}

/** For an account that is at `modseq` after n batches: an unclean stop may have raised it. */
export async function batchOf(
  store: MailStore,
  account: AccountId,
  n: number,
  modseq: number,
  delivered?: StagedBlob,
): Promise<AccountBatch> {
  const plan = planOf(account, n);
  const blobs: StagedBlob[] = [];
  for (const [i, size] of plan.sizes.entries()) {
    const known = i === 1 ? (plan.isShared ? blobs[0] : delivered) : undefined;
    blobs.push(known ?? (await staged(store, bytesOfBatch(account, n, i, size), [account])));
  }
  const prefix = plan.prefix === undefined ? {} : { prefix: plan.prefix };
  return aBatch(modseq, {
    account,
    row: aRow({ modseq: modseq + 1, usedMessages: n + 1 }),
    ...sideParts(n, plan.side),
    mailboxes: [aMailbox({ modseq: asModSeq(modseq + 1), exists: n }), ...madeIn(n, plan.side)],
    chunks: [aChunk(1, chunkOf(account, n)), ...chunksOfSide(n, plan.side)],
    deferrable: isFlagsOnly(n),
    emails: blobs.map((blob, i) => anEmail(email(2 * n + 1 + i, account), blob, prefix)),
    retained: plan.retains.map((it) => firstEmail(account, it)),
    released: plan.releases.map((it) => firstEmail(account, it)),
    history: plan.releases.length > 0 ? [anExpunge(n + 1)] : [],
  });
}

const madeIn = (n: number, side: Plan['side']): readonly MailboxRow[] =>
  side === 'made' ? [aMailbox({ id: sideOf(n), name: `Side ${sideOf(n)}` })] : [];

function chunksOfSide(n: number, side: Plan['side']): readonly ChunkRow[] {
  return side === 'made' || side === 'filled and deleted' ? [aChunk(1, side, sideOf(n))] : [];
}

function sideParts(n: number, side: Plan['side']): BatchParts {
  const mailbox = sideOf(n);
  if (side === 'filled and deleted') return { deletedMailboxes: [mailbox] };
  if (side !== 'emptied') return {};
  return {
    droppedChunks: [{ mailbox, first: asUid(1) }],
  };
}

const chunkOf = (account: AccountId, n: number): string => `${account}:${n}:`.repeat(1 + ((n * 37) % 300));

/** After `count` batches. */
export function expectedOf(account: AccountId, count: number): Expected {
  const emails = new Map<EmailId, { bytes: Buffer; references: number }>();
  const expunged: number[] = [];
  const sides = new Map<MailboxId, Side>();
  for (let n = 0; n < count; n++) {
    const plan = planOf(account, n);
    for (const [i, size] of plan.sizes.entries()) {
      const bytes = bytesOfBatch(account, n, plan.isShared ? 0 : i, size);
      const whole = plan.prefix ? Buffer.concat([plan.prefix, bytes]) : bytes;
      emails.set(email(2 * n + 1 + i, account), { bytes: whole, references: 1 });
    }
    for (const it of plan.retains) change(emails, firstEmail(account, it), 1);
    for (const it of plan.releases) change(emails, firstEmail(account, it), -1);
    if (plan.releases.length > 0) expunged.push(n + 1);
    const mailbox = sideOf(n);
    if (plan.side === 'emptied') sides.delete(mailbox);
    else if (plan.side !== undefined) {
      sides.set(mailbox, { mailbox, isBuried: plan.side !== 'made', chunk: plan.side });
    }
  }
  const chunk = count === 0 ? '' : chunkOf(account, count - 1);
  return { modseq: count, chunk, emails, expunged, sides: [...sides.values()] };
}

function change(emails: Map<EmailId, { bytes: Buffer; references: number }>, id: EmailId, by: number): void {
  const it = emails.get(id);
  if (it === undefined) return;
  it.references += by;
  if (it.references === 0) emails.delete(id);
}
