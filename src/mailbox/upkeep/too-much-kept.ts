/**
 * How much of what was deleted an account keeps. No quota counts it, so whoever puts messages somewhere and removes them, over and over,
 * would fill the disk for everybody: beyond a bound (`Keeping.recoverBytes`) the oldest goes before its time.
 *
 * What there is is summed from the newest on until the bound is passed: once after the account was loaded, and then when as much has been deleted
 * since that it may be passed again. A part of the bound is made free each time, so that what is read stays in proportion to
 * what is deleted. What was deleted last stays, however much it is: it was in the account at once.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Domain } from '../domain.ts';
import { recoverableBytes, recoverableBytesOf, unpackMailboxDeletion } from '../model/deletion.ts';
import { unpackRecords } from '../model/record.ts';
import type { AccountState } from '../state/account.ts';

const ROWS_PER_LOAD = 20;
const KEPT_SHARE = 7 / 8;

interface Known {
  /** What is kept. */
  readonly bytes: number;
  /** `AccountState.deletedBytes` at that time. */
  readonly deletedBytes: number;
  /** What was deleted before is too much. */
  readonly beforeMs: number;
}

interface Deleted {
  readonly atMs: number;
  readonly bytes: number;
}

const known = new WeakMap<AccountState, Known>();

/** What was deleted before this moment is to go; 0 when nothing is. */
export async function tooMuchBeforeMs(domain: Domain, account: AccountState): Promise<number> {
  const most = domain.keeping.recoverBytes(account.limits);
  if (most === Number.POSITIVE_INFINITY || domain.keeping.recoverMs === 0) return 0;
  const before = known.get(account);
  const { deletedBytes } = account;
  if (before !== undefined && before.bytes + deletedBytes - before.deletedBytes <= most)
    return before.beforeMs;
  const { bytes, beforeMs } = await measure(domain, account, most);
  const latest = Math.max(beforeMs, before?.beforeMs ?? 0);
  known.set(account, { bytes, deletedBytes, beforeMs: latest });
  return latest;
}

async function measure(
  domain: Domain,
  account: AccountState,
  most: number,
): Promise<Pick<Known, 'bytes' | 'beforeMs'>> {
  let bytes = 0;
  let kept: Pick<Known, 'bytes' | 'beforeMs'> | undefined;
  for await (const deleted of newestFirst(domain, account)) {
    bytes += deleted.bytes;
    if (bytes > most * KEPT_SHARE) kept ??= { bytes, beforeMs: deleted.atMs };
    if (bytes > most && kept !== undefined) return kept;
  }
  return { bytes, beforeMs: 0 };
}

async function* newestFirst(domain: Domain, account: AccountState): AsyncGenerator<Deleted> {
  const graves = await deletedMailboxes(domain, account);
  for await (const row of deletedMessages(domain, account)) {
    while (graves.length > 0 && (graves[0] as Deleted).atMs >= row.atMs) yield graves.shift() as Deleted;
    yield row;
  }
  yield* graves;
}

async function deletedMailboxes({ store }: Domain, account: AccountState): Promise<Deleted[]> {
  const found: Deleted[] = [];
  for (const { atMs, deletion: packed } of await store.loadBuried(account.id)) {
    const deletion = packed && unpackMailboxDeletion(packed);
    if (deletion !== undefined) found.push({ atMs, bytes: recoverableBytesOf(deletion) });
  }
  return found.sort((a, b) => b.atMs - a.atMs);
}

async function* deletedMessages({ store }: Domain, account: AccountState): AsyncGenerator<Deleted> {
  // Rows of one moment may stand on both sides of a page.
  let beforeMs = Number.MAX_SAFE_INTEGER;
  let skip = 0;
  for (;;) {
    const rows = await store.loadRecoverable(account.id, beforeMs, ROWS_PER_LOAD, skip);
    for (const { atMs, records } of rows) {
      skip = atMs + 1 === beforeMs ? skip + 1 : 1;
      beforeMs = atMs + 1;
      yield { atMs, bytes: records === undefined ? 0 : recoverableBytes(unpackRecords(records)) };
    }
    if (rows.length < ROWS_PER_LOAD) return;
    await nextTurn();
  }
}
