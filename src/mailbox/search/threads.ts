/**
 * Threads in a criterion become the emails that are in them: a mailbox's records do not say which thread a message is in
 * (decision 32), and a thread has at most a thousand emails.
 */
import type { Domain } from '../domain.ts';
import type { Criterion } from '../model/criterion.ts';
import { MAX_THREAD_EMAILS } from '../model/threads.ts';
import type { AccountState } from '../state/account.ts';

/** More than a thread gets: those that come in at once do not see each other counted. */
const MOST = 2 * MAX_THREAD_EMAILS;

export async function withThreads(
  domain: Pick<Domain, 'store'>,
  account: AccountState,
  criterion: Criterion,
): Promise<Criterion> {
  switch (criterion.kind) {
    case 'thread':
      return {
        kind: 'emails',
        numbers: new Set(await domain.store.loadThread(account.id, criterion.thread, MOST)),
      };
    case 'not':
      return { kind: 'not', criterion: await withThreads(domain, account, criterion.criterion) };
    case 'and':
    case 'or': {
      const criteria: Criterion[] = [];
      for (const member of criterion.criteria) criteria.push(await withThreads(domain, account, member));
      return { kind: criterion.kind, criteria };
    }
    default:
      return criterion;
  }
}
