/** Names that messages brought from another server. */
import assert from 'node:assert/strict';
import { asMailboxId, asUid } from '../../mailbox/model/model.ts';
import { packUids } from '../../mailbox/model/record.ts';
import { ALICE, aBatch, anExpunge, commit, INBOX } from '../fixtures.ts';
import type { Test } from './harness.ts';

export function externalIdTests(test: Test): void {
  const [one, two, three] = [asUid(1), asUid(2), asUid(3)];
  const other = asMailboxId(2);

  test('a message keeps the name it came with, and the first of a mailbox to have it keeps it', async (store, harness) => {
    const externalIds = [
      { mailbox: INBOX, uid: two, id: 'b' },
      { mailbox: INBOX, uid: one, id: 'a' },
      { mailbox: INBOX, uid: three, id: 'a' },
      { mailbox: other, uid: three, id: 'a' },
    ];
    await commit(store, aBatch(0, { externalIds }));
    await store.close();
    const again = await harness.open();
    const [second, first] = externalIds;
    assert.deepEqual(await again.loadExternalIds(ALICE, INBOX, 0, 9), [first, second]);
    assert.deepEqual(await again.loadExternalIds(ALICE, INBOX, 0, 1), [first]);
    assert.deepEqual(await again.loadExternalIds(ALICE, INBOX, 1, 9), [second]);
    assert.deepEqual(await again.loadExternalIds(ALICE, other, 0, 9), externalIds.slice(3));
    await again.close();
  });

  test('the name goes with its message', async (store) => {
    const externalIds = [one, two].map((uid) => ({ mailbox: INBOX, uid, id: `${uid}` }));
    await commit(store, aBatch(0, { externalIds }));
    await commit(store, aBatch(1, { history: [anExpunge(2, { uids: packUids([two, three]) })] }));
    assert.deepEqual(await store.loadExternalIds(ALICE, INBOX, 0, 9), externalIds.slice(0, 1));
    await store.destroyAccount(ALICE);
    assert.deepEqual(await store.loadExternalIds(ALICE, INBOX, 0, 9), []);
  });
}
