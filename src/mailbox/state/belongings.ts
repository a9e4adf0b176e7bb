/** What belongs to an account beside its mail, brought into memory when somebody first asks. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BelongingRow } from '../model/belongings.ts';
import type { TranslatedStore } from '../port/translated-store.ts';
import { type AccountState, WritableAccount } from './account.ts';

const ROWS_AT_ONCE = 200;

/** After it, `account.belongings` is set. Nobody changes them before. */
export async function loadBelongings(
  { store }: { readonly store: Pick<TranslatedStore, 'loadBelongings'> },
  account: AccountState,
): Promise<ReadonlyMap<number, BelongingRow>> {
  const target = WritableAccount.of(account);
  if (target.belongings !== undefined) return target.belongings;
  target.loadingBelongings ??= load(store, target).finally(() => {
    target.loadingBelongings = undefined;
  });
  return target.loadingBelongings;
}

/**
 * What `read` makes of a row, made once while its account is in memory: a row that changes is another row. Each kind has one who reads it.
 */
export function gistOf<Gist extends object>(
  account: AccountState,
  row: BelongingRow,
  read: (row: BelongingRow) => Gist,
): Gist {
  const { gists } = WritableAccount.of(account);
  const known = gists.get(row) as Gist | undefined;
  if (known !== undefined) return known;
  const gist = read(row);
  gists.set(row, gist);
  return gist;
}

async function load(
  store: Pick<TranslatedStore, 'loadBelongings'>,
  account: WritableAccount,
): Promise<ReadonlyMap<number, BelongingRow>> {
  const all = new Map<number, BelongingRow>();
  for (let after = 0; ; await nextTurn()) {
    const some = await store.loadBelongings(account.id, after, ROWS_AT_ONCE);
    for (const row of some) all.set(row.id, row);
    after = some.at(-1)?.id ?? 0;
    if (some.length < ROWS_AT_ONCE) break;
  }
  account.belongings = all;
  return all;
}
