/**
 * What the rules of an account remember, brought into memory when they are first asked for it: whether something has happened
 * already is then known in the change that makes it happen, and two that come at once cannot both be the first.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TranslatedStore } from '../port/translated-store.ts';
import { type AccountState, WritableAccount } from './account.ts';

/** Less than a millisecond. */
const ROWS_AT_ONCE = 500;

/** After it, `account.memories` is set. Nobody changes them before. */
export async function loadMemories(
  { store }: { readonly store: Pick<TranslatedStore, 'loadMemories'> },
  account: AccountState,
): Promise<ReadonlyMap<string, number>> {
  const target = WritableAccount.of(account);
  if (target.memories !== undefined) return target.memories;
  target.loadingMemories ??= load(store, target).finally(() => {
    target.loadingMemories = undefined;
  });
  return target.loadingMemories;
}

/** Those that end first are taken for the oldest. */
async function load(
  store: Pick<TranslatedStore, 'loadMemories'>,
  account: WritableAccount,
): Promise<ReadonlyMap<string, number>> {
  const all: [string, number][] = [];
  for (let after = ''; ; await nextTurn()) {
    const some = await store.loadMemories(account.id, after, ROWS_AT_ONCE);
    for (const { key, untilMs } of some) all.push([key, untilMs]);
    after = some.at(-1)?.key ?? '';
    if (some.length < ROWS_AT_ONCE) break;
  }
  account.memories = new Map(all.sort(([, a], [, b]) => a - b));
  return account.memories;
}
