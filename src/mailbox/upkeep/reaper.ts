/**
 * Lets go of what was expunged: after a grace period, and once no session needs a message any more, its email loses a
 * reference, and with the last one its bytes. Deleted mailboxes are emptied the same way. In slices, in the background,
 * and every slice is one change, so a crash leaves work for the next run and nothing else.
 *
 * The UIDs of the history stay behind (QRESYNC, RFC 7162 §3.2) until there are too many; then the oldest are pruned and
 * `expungedFloor` says so.
 */

import type { Domain } from '../domain.ts';
import { type AccountId, asModSeq, type MailboxId } from '../model/model.ts';
import { packRecords, unpackRecords } from '../model/record.ts';
import type { ExpungedRow } from '../port/store.ts';
import type { AccountState } from '../state/account.ts';

/** A session that is about to fetch what it was told a moment ago still can; so can a POP3 snapshot. */
const GRACE_MS = 60_000;
const RECORDS_PER_CHANGE = 500;
const ROWS_PER_LOAD = 50;

/** One pass over one account. Returns how many emails were let go of. */
export async function reapAccount(domain: Domain, id: AccountId): Promise<number> {
  const account = await domain.accounts.open(id);
  const before = domain.clock.nowMs() - GRACE_MS;
  account.needsReaping = account.lastExpungeMs >= before;
  let released = 0;
  for (const row of await domain.store.loadUnreleased(id, before, ROWS_PER_LOAD)) {
    if (isNeeded(account, row)) account.needsReaping = true;
    else released += await releaseRow(domain, account, row);
  }
  for (const mailbox of await domain.store.loadBuried(id))
    released += await emptyBuried(domain, account, mailbox);
  return released;
}

function isNeeded(account: AccountState, row: ExpungedRow): boolean {
  const gone = [...account.gone].find((deleted) => deleted.id === row.mailbox);
  const mailbox = account.mailboxes.get(row.mailbox) ?? gone;
  if (mailbox === undefined) return false;
  for (const watcher of mailbox.viewers) if (watcher.seenModseq < row.modseq) return true;
  return false;
}

async function releaseRow(domain: Domain, account: AccountState, row: ExpungedRow): Promise<number> {
  const records = unpackRecords(row.records ?? Buffer.alloc(0));
  for (let start = 0; start < records.length; start += RECORDS_PER_CHANGE) {
    const end = start + RECORDS_PER_CHANGE;
    const rest = records.slice(end);
    await domain.turns.run({
      account,
      run: (change) => {
        change.release(records.slice(start, end).map((record) => record.email));
        change.replaceExpunged({ ...row, records: rest.length === 0 ? undefined : packRecords(rest) });
      },
    });
  }
  return records.length;
}

/** A deleted mailbox is kept readable for the sessions that still have it open. */
async function emptyBuried(domain: Domain, account: AccountState, mailbox: MailboxId): Promise<number> {
  for (const gone of account.gone) {
    if (gone.viewers.size === 0) account.gone.delete(gone);
    else if (gone.id === mailbox) {
      account.needsReaping = true;
      return 0;
    }
  }
  let released = 0;
  for (;;) {
    const chunks = await domain.store.loadChunks(account.id, mailbox, 0, 4);
    if (chunks.length === 0) break;
    const emails = chunks.flatMap((chunk) => unpackRecords(chunk.records).map((record) => record.email));
    await domain.turns.run({
      account,
      run: (change) => {
        change.release(emails);
        for (const chunk of chunks) change.dropChunk(mailbox, chunk.first);
      },
    });
    released += emails.length;
  }
  const history = await domain.store.loadExpunged(account.id, mailbox, asModSeq(0), 1000);
  for (const row of history)
    if (row.records !== undefined) released += await releaseRow(domain, account, row);
  const last = history.at(-1);
  await domain.turns.run({
    account,
    run: (change) => change.pruneHistory(mailbox, last?.modseq ?? account.modseq),
  });
  return released;
}

export interface Reaper {
  stop(): Promise<void>;
}

/** Runs passes in the background: over every account once, then over those in which something was expunged. */
export function startReaper(domain: Domain, first: readonly AccountId[], intervalMs = 30_000): Reaper {
  const waiting = new Set<AccountId>(first);
  let running: Promise<void> | undefined;
  let isStopped = false;
  const pass = async (): Promise<void> => {
    domain.accounts.sweep();
    for (const id of [...waiting]) {
      if (isStopped) return;
      waiting.delete(id);
      try {
        if ((await reapAccount(domain, id)) > 0) waiting.add(id);
      } catch (error) {
        domain.log.warn({ err: error, account: id }, 'could not release expunged mail; will try again');
        waiting.add(id);
      }
    }
  };
  const timer = setInterval(() => {
    for (const account of domain.accounts.all()) {
      if (account.needsReaping) waiting.add(account.id);
    }
    running ??= pass().finally(() => {
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
