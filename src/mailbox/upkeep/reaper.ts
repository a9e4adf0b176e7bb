/**
 * Lets go of what was expunged: when it can be brought back no more (`keeping.ts`, `too-much-kept.ts`), or after a minute where nobody will want that, and once
 * no session needs a message any more nor reads it just now, its email loses a reference, and with the last one its bytes. Deleted mailboxes are emptied the same way. In slices, in the background,
 * and every slice is one change, so a crash leaves work for the next run and nothing else.
 *
 * The history itself stays behind (`model/history.ts`), that of deleted mailboxes as well, until it is old or too long; then
 * the oldest of it is pruned and the account's `historyFloor` says so.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import { type AccountId, asModSeq, type MailboxId } from '../model/model.ts';
import { packRecords, unpackRecords } from '../model/record.ts';
import type { HistoryEntry, HistoryPlace, HistoryRow } from '../port/store.ts';
import { areBeingRead, isStillShown } from '../reading/expunged-records.ts';
import type { AccountState } from '../state/account.ts';
import { tooMuchBeforeMs } from './too-much-kept.ts';

/** A session that is about to fetch what it was told a moment ago still can; so can a POP3 snapshot. */
const GRACE_MS = 60_000;
/** An email takes up to two dozen rows with it, and a change is one transaction of a few milliseconds. */
const RECORDS_PER_CHANGE = 100;
/** So often the store is asked in which accounts something has become due that could be brought back. */
const LOOK_MS = 10 * 60_000;
const ROWS_PER_LOAD = 50;
const CHUNKS_PER_CHANGE = 1;

/** A device that was away for longer compares all of its UIDs. */
const HISTORY_MS = 180 * 24 * 3600_000;
/** Changes that an account remembers, and the UIDs and emails that all of them name: some ten megabytes at most. */
const HISTORY_ROWS = 50_000;
const HISTORY_NUMBERS = 2_000_000;
const PRUNED_PER_CHANGE = 500;

/** One pass over one account. Returns how many emails were let go of. */
export async function reapAccount(domain: Domain, id: AccountId): Promise<number> {
  const account = await domain.accounts.open(id);
  const { briefMs, keptMs } = dueOf(domain);
  domain.accounts.beginReaping(account, briefMs);
  const released = await domain.accounts.deletedMail.run(id, async () => {
    const tooMuchMs = await tooMuchBeforeMs(domain, account);
    const due = { briefMs, keptMs: Math.max(keptMs, Math.min(briefMs, tooMuchMs)) };
    let sum = await releaseExpunged(domain, account, due);
    for (const { id: mailbox, atMs, deletion } of await domain.store.loadBuried(id))
      if (deletion === undefined || atMs < due.keptMs) sum += await emptyBuried(domain, account, mailbox);
    return sum;
  });
  if (domain.accounts.isHistoryDue(account)) await pruneHistory(domain, account);
  return released;
}

/** What was deleted before these moments is let go of. */
interface Due {
  /** It could be brought back until now. */
  readonly keptMs: number;
  /** Nobody will want it back. */
  readonly briefMs: number;
}

function dueOf({ clock, keeping }: Domain): Due {
  const briefMs = clock.nowMs() - GRACE_MS;
  const { recoverMs } = keeping;
  return {
    briefMs,
    keptMs: recoverMs === 0 ? briefMs : Math.min(briefMs, keeping.clock.pastMs(recoverMs)),
  };
}

/** What a session still holds is left out, and what lies behind it is not. */
async function releaseExpunged(domain: Domain, account: AccountState, due: Due): Promise<number> {
  let released = 0;
  let held = 0;
  for (let after: HistoryPlace | undefined; ; ) {
    const { store } = domain;
    const rows = await store.loadUnreleased(account.id, due.keptMs, ROWS_PER_LOAD, after, due.briefMs);
    for (const row of rows) {
      if (isStillShown(account, row)) held++;
      else released += await releaseRow(domain, account, row);
    }
    if (rows.length < ROWS_PER_LOAD) {
      if (held > 0) domain.accounts.reapAgain(account);
      return released;
    }
    after = rows.at(-1);
    await nextTurn();
  }
}

/** All of it, or as much as comes before what somebody is just reading. */
async function releaseRow(domain: Domain, account: AccountState, row: HistoryRow): Promise<number> {
  const { records: packed = Buffer.alloc(0), deletion, ...bare } = row;
  const records = unpackRecords(packed);
  for (let start = 0; start < records.length; start += RECORDS_PER_CHANGE) {
    const end = start + RECORDS_PER_CHANGE;
    const rest = records.slice(end);
    const emails = records.slice(start, end).map((record) => record.email);
    const isReleased = await domain.turns.run({
      account,
      run: (change) => {
        if (areBeingRead(domain, account, emails)) return false;
        change.release(emails);
        const left = { records: packRecords(rest), ...(deletion && { deletion }) };
        change.history.replace({ ...bare, ...(rest.length > 0 ? left : { records: undefined }) });
        return true;
      },
    });
    if (isReleased) continue;
    domain.accounts.reapAgain(account);
    return start;
  }
  return records.length;
}

/** A deleted mailbox is kept readable for the sessions that still have it open. */
async function emptyBuried(domain: Domain, account: AccountState, mailbox: MailboxId): Promise<number> {
  if ([...account.gone].some((gone) => gone.id === mailbox)) {
    domain.accounts.reapAgain(account);
    return 0;
  }
  let released = 0;
  for (;;) {
    const chunks = await domain.store.loadChunks(account.id, mailbox, 0, CHUNKS_PER_CHANGE);
    if (chunks.length === 0) break;
    const emails = chunks.flatMap((chunk) => unpackRecords(chunk.records).map((record) => record.email));
    const isReleased = await domain.turns.run({
      account,
      run: (change) => {
        if (areBeingRead(domain, account, emails)) return false;
        change.release(emails);
        for (const chunk of chunks) change.dropChunk(mailbox, chunk.first);
        return true;
      },
    });
    if (!isReleased) {
      domain.accounts.reapAgain(account);
      return released;
    }
    released += emails.length;
  }
  return released;
}

/** Forgets the oldest of a long history, and what is older than any device that still comes back. */
async function pruneHistory(domain: Domain, account: AccountState): Promise<void> {
  const left = { ...(await domain.store.measureHistory(account.id)) };
  const old = domain.clock.nowMs() - HISTORY_MS;
  // One row tells whether there is anything to do.
  for (let limit = 1; left.rows > 0; limit = PRUNED_PER_CHANGE) {
    const entries = await domain.store.loadHistory(account.id, asModSeq(0), limit);
    const kept = entries.findIndex((entry) => !mayForget(entry, left, old));
    const last = entries.at(kept < 0 ? -1 : kept - 1)?.modseq;
    if (kept === 0 || last === undefined) return;
    await domain.turns.run({ account, run: (change) => change.history.prune(last) });
    if (kept > 0) return;
    await nextTurn();
  }
}

/** The oldest one; what is then left is counted. */
function mayForget(entry: HistoryEntry, left: { rows: number; numbers: number }, old: number): boolean {
  const isLong = left.rows > HISTORY_ROWS || left.numbers > HISTORY_NUMBERS;
  if (entry.isHeld || (entry.atMs >= old && !isLong)) return false;
  left.rows--;
  left.numbers -= entry.numbers;
  return true;
}

export interface Reaper {
  stop(): Promise<void>;
}

/** Runs passes in the background: now and then over the accounts that the store names, always over those where mail went. */
export function startReaper(domain: Domain, intervalMs = 30_000): Reaper {
  const waiting = new Set<AccountId>();
  let running: Promise<void> | undefined;
  let lookMs = 0;
  let isStopped = false;
  const pass = async (): Promise<void> => {
    domain.accounts.sweep();
    if (performance.now() >= lookMs) {
      const { keptMs, briefMs } = dueOf(domain);
      for (const id of await domain.store.loadAccountsToReap(keptMs, briefMs)) waiting.add(id);
      lookMs = performance.now() + LOOK_MS;
    }
    for (const id of domain.accounts.toReap()) waiting.add(id);
    for (const id of [...waiting]) {
      if (isStopped) return;
      waiting.delete(id);
      try {
        if ((await reapAccount(domain, id)) > 0) waiting.add(id);
      } catch (error) {
        if (error instanceof MailboxError && error.code === 'nonexistent') continue;
        domain.log.warn({ err: error, account: id }, 'could not release expunged mail; will try again');
        waiting.add(id);
      }
      // Where everything is in memory, nothing above has let anybody else run.
      await nextTurn();
    }
  };
  const timer = setInterval(() => {
    running ??= pass()
      .catch((err: unknown) => domain.log.warn({ err }, 'could not look for expunged mail; will try again'))
      .finally(() => {
        running = undefined;
      });
  }, intervalMs);
  timer.unref();
  return {
    stop: async () => {
      isStopped = true;
      clearInterval(timer);
      await running;
    },
  };
}
