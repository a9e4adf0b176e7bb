/** Looking at an account for longer than a moment. */
import type { Domain } from '../domain.ts';
import { durableMoment, isKept, type Moment } from '../reading/moment.ts';
import type { AccountState } from '../state/account.ts';
import { loadEverything } from './email-rows.ts';

/**
 * Runs what looks at the account for longer than a moment, and again when something of what it may have seen was taken back. Its moment
 * is of before, with the number that is next afterwards.
 */
export async function inOneState<T>(
  domain: Domain,
  account: AccountState,
  run: (since: Moment) => Promise<T | undefined>,
): Promise<(T & { readonly moment: Moment }) | undefined> {
  for (;;) {
    let isTakenBack = false;
    const watch = {
      onEvicted: () => {},
      onTakenBack: () => {
        isTakenBack = true;
      },
    };
    await loadEverything(domain, account);
    const since = await durableMoment(account, 'emails');
    account.listeners.add(watch);
    try {
      const made = await run(since);
      if (made === undefined) return undefined;
      const { unsettled, nextEmail } = account;
      if ((await isKept(unsettled)) && !isTakenBack) return { ...made, moment: { ...since, nextEmail } };
    } finally {
      account.listeners.delete(watch);
    }
  }
}
