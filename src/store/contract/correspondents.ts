/** Whom an account knows. */
import assert from 'node:assert/strict';
import { KNOWN } from '../../mailbox/model/correspondents.ts';
import type { RowChange } from '../../mailbox/port/store.ts';
import { ALICE, aBatch, aRow, BOB, commit } from '../fixtures.ts';
import type { Test } from './harness.ts';

const { Heard, Written, Named } = KNOWN;
const key = (n: number): string => n.toString(16).padStart(20, '0');
const met = (...rows: readonly (readonly [n: number, kinds: number, since?: number])[]): RowChange => ({
  kind: 'correspondents',
  rows: rows.map(([n, kinds, since = n]) => ({ key: key(n), kinds, since })),
});
const secret = Buffer.from('0123456789abcdef');

export function correspondentTests(test: Test): void {
  test('what is known of a key becomes more, and is each account’s own', async (store, harness) => {
    await commit(store, aBatch(0, { rules: [met([1, Heard], [2, Written], [3, Named])] }));
    await commit(store, aBatch(0, { account: BOB, rules: [met([9, Heard])] }));
    await commit(store, aBatch(1, { rules: [met([1, Written], [2, Written])] }));
    await store.close();
    const again = await harness.open();
    const keys = [1, 2, 3, 4, 9].map(key);
    assert.deepEqual(await again.loadCorrespondents(ALICE, keys), [Heard | Written, Written, Named, 0, 0]);
    assert.deepEqual(await again.loadCorrespondents(BOB, keys), [0, 0, 0, 0, Heard]);
    assert.deepEqual(await again.countCorrespondents(ALICE), { heard: 0, others: 3 });
    assert.deepEqual(await again.countCorrespondents(BOB), { heard: 1, others: 0 });
    await again.close();
  });

  test('of those who were only heard the last stay, and of the others', async (store) => {
    const pruned: RowChange = { kind: 'correspondents-pruned', heard: 2, others: 1 };
    const all = [met([5, Heard], [1, Heard], [2, Heard], [3, Written], [4, Named])];
    await commit(store, aBatch(0, { rules: all }), aBatch(0, { account: BOB, rules: all }));
    // Known already, so it is as old as before; and one who is written to is among the others.
    await commit(store, aBatch(1, { rules: [met([1, Heard, 8], [2, Written, 9]), pruned] }));
    const kinds = await store.loadCorrespondents(ALICE, [1, 2, 3, 4, 5].map(key));
    assert.deepEqual(kinds, [Heard, Heard | Written, 0, 0, Heard]);
    assert.deepEqual(await store.countCorrespondents(BOB), { heard: 3, others: 2 });
    await commit(store, aBatch(2, { rules: [{ ...pruned, heard: 0, others: 0 }] }));
    assert.deepEqual(await store.countCorrespondents(ALICE), { heard: 0, others: 0 });
  });

  test('an account has a secret, and says how far its mail was read', async (store, harness) => {
    const row = aRow({ nextEmail: 7 });
    await commit(store, aBatch(0, { row }), aBatch(0, { account: BOB }));
    assert.equal((await store.loadAccount(ALICE))?.correspondence, undefined);
    assert.deepEqual(await store.loadAccountsUnmet(), [ALICE]);
    const unread = (n: number): RowChange => ({ kind: 'correspondence', row: { secret, unread: n } });
    await commit(store, aBatch(1, { row: aRow({ nextEmail: 7, modseq: 2 }), rules: [unread(3)] }));
    assert.deepEqual((await store.loadAccount(ALICE))?.correspondence, { secret, unread: 3 });
    assert.deepEqual(await store.loadAccountsUnmet(), [ALICE]);
    await commit(store, aBatch(2, { row: aRow({ nextEmail: 7, modseq: 3 }), rules: [unread(0)] }));
    await store.close();
    const again = await harness.open();
    assert.deepEqual((await again.loadAccount(ALICE))?.correspondence, { secret, unread: 0 });
    assert.deepEqual(await again.loadAccountsUnmet(), []);
    await again.close();
  });

  test('they go with the account', async (store) => {
    const rules: RowChange[] = [met([1, Heard]), { kind: 'correspondence', row: { secret, unread: 0 } }];
    await commit(store, aBatch(0, { rules }));
    await store.destroyAccount(ALICE);
    assert.deepEqual(await store.loadCorrespondents(ALICE, [key(1)]), [0]);
    assert.equal((await store.loadAccount(ALICE))?.correspondence, undefined);
  });
}
