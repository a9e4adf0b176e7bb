/**
 * The copy of the account as it was seen last, for the next start: mailboxes, the lists that were looked at as far as they were, and the
 * conversations in them. It is one thing, of one moment: written whole or not at all, and only while nothing waits to be sent, so what
 * waits is applied to it again as it was at first. Pure.
 */
import type { MailCache } from '../sync/cache.ts';
import type { KeptList } from '../sync/mail-list.ts';
import type { Kept, States } from '../sync/mail-sync.ts';
import type { Email, Id, Thread } from '../sync/model.ts';

export interface Snapshot extends Kept {
  /** Another form is another number; what is not of this one is as nothing. */
  readonly form: typeof FORM;
  readonly atMs: number;
}

export const FORM = 1;
/** Rows of the list that was looked at last, and of each of the others. */
const FIRST_ROWS = 500;
const OTHER_ROWS = 100;
const MAX_EMAILS = 5000;

export interface SnapshotParts {
  readonly cache: MailCache;
  readonly states: States;
  /** Looked at last first. */
  readonly lists: readonly KeptList[];
  readonly nowMs: number;
}

export function snapshotOf({ cache, states, lists, nowMs }: SnapshotParts): Snapshot {
  const kept = lists.map((list, at) => shortened(list, at === 0 ? FIRST_ROWS : OTHER_ROWS));
  const threads = new Map<Id, Thread>();
  const emails = new Map<Id, Email>();
  for (const id of kept.flatMap(({ ids }) => ids.filter((one) => one !== undefined))) {
    const threadId = cache.email(id).peek()?.threadId;
    const thread = threadId === undefined ? undefined : cache.thread(threadId).peek();
    if (thread === undefined || threads.has(thread.id)) continue;
    if (emails.size + thread.emailIds.length > MAX_EMAILS) break;
    threads.set(thread.id, thread);
    for (const one of thread.emailIds) {
      const email = cache.email(one).peek();
      if (email !== undefined) emails.set(one, email);
    }
  }
  return {
    ...{ form: FORM, atMs: nowMs, states, mailboxes: [...cache.mailboxes.peek().values()], lists: kept },
    ...{ threads: [...threads.values()], emails: [...emails.values()] },
  };
}

/** As far as its rows are known without a gap. */
function shortened(list: KeptList, most: number): KeptList {
  const gap = list.ids.indexOf(undefined);
  return { ...list, ids: list.ids.slice(0, gap < 0 ? most : Math.min(gap, most)) };
}

export function isSnapshot(value: unknown): value is Snapshot {
  return (value as Snapshot | undefined)?.form === FORM;
}
