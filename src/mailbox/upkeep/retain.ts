/**
 * Expunges mail whose time in its mailbox is over (`operations/retention.ts`): ordinary expunges in slices, so every device learns of them
 * and they come back like all others. Lists are read in pages and brought into memory only where something goes.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import type { AccountId } from '../model/model.ts';
import { unpackRecords } from '../model/record.ts';
import { expungeMessages } from '../operations/expunge.ts';
import { retentionOf } from '../operations/retention.ts';
import type { AccountState } from '../state/account.ts';
import type { MailboxState } from '../state/mailbox.ts';

/** About 120 messages each. */
const CHUNKS_PER_PAGE = 8;
const MESSAGES_PER_CHANGE = 100;
/** Between two pages and two accounts, for everybody else. */
const REST_MS = 5;
/** So long nobody looks at an account in which nothing is due. */
const LOOK_AGAIN_MS = 24 * 3600_000;
/** Accounts come into memory for it, and stay there for some minutes. */
const ACCOUNTS_PER_PASS = 500;

export interface Retained {
  readonly removed: number;
  /** When the next one is due, as far as is known now. */
  readonly nextMs: number;
}

/** One pass over one account. */
export async function retainAccount(
  domain: Domain,
  id: AccountId,
  isStopped: () => boolean = () => false,
): Promise<Retained> {
  let removed = 0;
  let nextMs = Number.POSITIVE_INFINITY;
  const account = await domain.accounts.open(id);
  for (const mailbox of [...account.mailboxes.values()]) {
    if (isStopped()) break;
    const { ms } = await retentionOf(domain, account, mailbox);
    if (ms === undefined || mailbox.exists === 0 || mailbox.isGone) continue;
    const done = await retainMailbox(domain, account, mailbox, ms, isStopped);
    removed += done.removed;
    nextMs = Math.min(nextMs, done.nextMs);
  }
  return { removed, nextMs };
}

async function retainMailbox(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState,
  ms: number,
  isStopped: () => boolean,
): Promise<Retained> {
  let removed = 0;
  let nextMs = Number.POSITIVE_INFINITY;
  for (let after = 0; !isStopped(); ) {
    const { clock } = domain.keeping;
    const nowMs = clock.nowMs();
    const chunks = await domain.store.loadChunks(account.id, mailbox.id, after, CHUNKS_PER_PAGE);
    const due: number[] = [];
    for (const { first, records } of chunks) {
      after = first;
      for (const { uid, saveDate } of unpackRecords(records)) {
        const dueMs = clock.dueMs(saveDate * 1000, ms);
        if (dueMs <= nowMs) due.push(uid);
        else nextMs = Math.min(nextMs, dueMs);
      }
    }
    if (due.length > 0 && !(await isStill(domain, account, mailbox, ms))) break;
    if (due.length > 0) {
      const request = { uids: due, perChange: MESSAGES_PER_CHANGE };
      removed += (await expungeMessages(domain, account, mailbox, request)).length;
    }
    if (chunks.length < CHUNKS_PER_PAGE) break;
    await pause(REST_MS);
  }
  return { removed, nextMs };
}

/** Its role, what is said of it, and whether it is there may have changed since the page before. */
async function isStill(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState,
  ms: number,
): Promise<boolean> {
  return !mailbox.isGone && (await retentionOf(domain, account, mailbox)).ms === ms;
}

export interface Retaining {
  stop(): Promise<void>;
}

/** Looks at each account that is held here once a day, and when something is due. */
export function startRetaining(domain: Domain, intervalMs = 5 * 60_000): Retaining {
  const next = new Map<AccountId, number>();
  let running: Promise<void> | undefined;
  let isStopped = false;
  const retain = async (id: AccountId): Promise<void> => {
    const nowMs = domain.keeping.clock.nowMs();
    try {
      const { removed, nextMs } = await retainAccount(domain, id, () => isStopped);
      next.set(id, Math.min(nextMs, nowMs + LOOK_AGAIN_MS));
      if (removed > 0) domain.log.info({ account: id, messages: removed }, 'mail was removed by its age');
    } catch (error) {
      // Removed meanwhile, or tried again with the next pass.
      if (error instanceof MailboxError && error.code === 'nonexistent') next.delete(id);
      else domain.log.warn({ err: error, account: id }, 'could not remove old mail; will try again');
    }
  };
  const pass = async (): Promise<void> => {
    const records = await domain.store.directory.list();
    const nowMs = domain.keeping.clock.nowMs();
    const due = records.filter(({ id }) => domain.store.owns(id) && (next.get(id) ?? 0) <= nowMs);
    for (const { id } of due.slice(0, ACCOUNTS_PER_PASS)) {
      if (isStopped) return;
      await retain(id);
      await pause(REST_MS);
    }
  };
  const timer = setInterval(() => {
    running ??= pass()
      .catch((err: unknown) => domain.log.warn({ err }, 'could not look for old mail; will try again'))
      .finally(() => {
        running = undefined;
      });
  }, intervalMs).unref();
  return {
    stop: async () => {
      isStopped = true;
      clearInterval(timer);
      await running;
    },
  };
}
