/**
 * What the workload of the power-cut test does, as a function of (account, number of the batch): the workload makes the
 * batches with it, the judge computes from it what an account must look like after any number of batches.
 *
 * Each batch adds emails (small and large, sometimes two sharing their bytes, sometimes with a prefix of their own),
 * rewrites a chunk and the mailbox, and now and then copies, expunges and releases older ones.
 */
import { type AccountId, asModSeq, type EmailId } from '../../../mailbox/model/model.ts';
import type { AccountBatch, MailStore, StagedBlob } from '../../../mailbox/port/store.ts';
import {
  aBatch,
  aChunk,
  aMailbox,
  anEmail,
  anExpunge,
  aRow,
  email,
  someBytes,
  staged,
} from '../../fixtures.ts';

export interface Expected {
  readonly modseq: number;
  readonly chunk: string;
  readonly emails: ReadonlyMap<EmailId, { readonly bytes: Buffer; readonly references: number }>;
  readonly expunged: readonly number[];
}

interface Plan {
  readonly sizes: readonly number[];
  /** The second email has the bytes of the first. */
  readonly isShared: boolean;
  readonly prefix: Buffer | undefined;
  readonly releases: readonly number[];
  readonly retains: readonly number[];
}

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
  const isShared = n % 5 === 2;
  const first = size();
  const sizes = isFlagsOnly(n) ? [] : isShared ? [first, first] : [first];
  const old = n - 10;
  const wasRetained = old % 6 === 0;
  const isReleasing = old >= 0 && old % 3 === 0 && !isFlagsOnly(old) && !isFlagsOnly(n);
  const releases = isReleasing ? (wasRetained ? [old, old] : [old]) : [];
  const retains = n % 6 === 0 && !isFlagsOnly(n) ? [n] : [];
  const prefix = n % 7 === 1 ? someBytes(64, n) : undefined;
  return { sizes, isShared, prefix, releases, retains };
}

const firstEmail = (account: AccountId, n: number): EmailId => email(2 * n + 1, account);

function bytesOfBatch(account: AccountId, n: number, which: number, size: number): Buffer {
  return someBytes(size, account * 100_000 + n * 2 + which);
}

/** For an account that is at `modseq` after n batches: an unclean stop may have raised it. */
export async function batchOf(
  store: MailStore,
  account: AccountId,
  n: number,
  modseq: number,
): Promise<AccountBatch> {
  const plan = planOf(account, n);
  const blobs: StagedBlob[] = [];
  for (const [i, size] of plan.sizes.entries()) {
    const isCopy = plan.isShared && i === 1;
    blobs.push(
      isCopy ? (blobs[0] as StagedBlob) : await staged(store, bytesOfBatch(account, n, i, size), [account]),
    );
  }
  const prefix = plan.prefix === undefined ? {} : { prefix: plan.prefix };
  return aBatch(modseq, {
    account,
    row: aRow({ modseq: modseq + 1, usedMessages: n + 1 }),
    mailboxes: [aMailbox({ modseq: asModSeq(modseq + 1), exists: n })],
    chunks: [aChunk(1, chunkOf(account, n))],
    deferrable: isFlagsOnly(n),
    emails: blobs.map((blob, i) => anEmail(email(2 * n + 1 + i, account), blob, prefix)),
    retained: plan.retains.map((it) => firstEmail(account, it)),
    released: plan.releases.map((it) => firstEmail(account, it)),
    expunged: plan.releases.length > 0 ? [anExpunge(n + 1)] : [],
  });
}

const chunkOf = (account: AccountId, n: number): string => `${account}:${n}:`.repeat(1 + ((n * 37) % 300));

/** After `count` batches. */
export function expectedOf(account: AccountId, count: number): Expected {
  const emails = new Map<EmailId, { bytes: Buffer; references: number }>();
  const expunged: number[] = [];
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
  }
  return { modseq: count, chunk: count === 0 ? '' : chunkOf(account, count - 1), emails, expunged };
}

function change(emails: Map<EmailId, { bytes: Buffer; references: number }>, id: EmailId, by: number): void {
  const it = emails.get(id);
  if (it === undefined) return;
  it.references += by;
  if (it.references === 0) emails.delete(id);
}
