/** What belongs to an account beside its mail. */
import assert from 'node:assert/strict';
import type { BelongingRow } from '../../mailbox/model/belongings.ts';
import { asModSeq } from '../../mailbox/model/model.ts';
import type { RowChange } from '../../mailbox/port/store.ts';
import { ALICE, aBatch, BOB, commit, someBytes } from '../fixtures.ts';
import type { Test } from './harness.ts';

const aRow = (id: number, more: Partial<BelongingRow> = {}): BelongingRow => ({
  ...{ id, kind: 'identity', createdModseq: asModSeq(1), modseq: asModSeq(1), atMs: 1000 },
  value: Buffer.from(`{"n":${id}}`),
  ...more,
});
const put = (row: BelongingRow): RowChange => ({ kind: 'belonging', row });

export function belongingTests(test: Test): void {
  test('they are there in the order of their numbers, are replaced, go, and are forgotten', async (store, harness) => {
    const large = aRow(9, { kind: 'submission', value: someBytes(100_000) });
    const rules = [put(large), put(aRow(3)), put(aRow(4))];
    await commit(store, aBatch(0, { rules }), aBatch(0, { account: BOB, rules: [put(aRow(3))] }));
    const gone = aRow(3, { modseq: asModSeq(2), atMs: 2000, value: undefined });
    const forgotten: RowChange = { kind: 'belonging-forgotten', id: 4 };
    await commit(store, aBatch(1, { rules: [put(gone), forgotten] }));
    await store.close();
    const again = await harness.open();
    assert.deepEqual(await again.loadBelongings(ALICE, 0, 10), [gone, large]);
    assert.deepEqual(await again.loadBelongings(ALICE, 0, 1), [gone]);
    assert.deepEqual(await again.loadBelongings(ALICE, 3, 10), [large]);
    assert.deepEqual(await again.loadBelongings(BOB, 0, 10), [aRow(3)]);
    await again.close();
  });

  test('a batch that is refused leaves none, and they go with the account', async (store) => {
    const rules = [put(aRow(3))];
    assert.equal((await store.write([aBatch(5, { rules })]).committed)[0]?.code, 'conflict');
    assert.deepEqual(await store.loadBelongings(ALICE, 0, 10), []);
    await commit(store, aBatch(0, { rules }));
    await store.destroyAccount(ALICE);
    assert.deepEqual(await store.loadBelongings(ALICE, 0, 10), []);
  });
}
