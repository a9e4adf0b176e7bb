/** What accounts share, and what others have seen of it. */
import assert from 'node:assert/strict';
import { asAccountId, asMailboxId } from '../../mailbox/model/model.ts';
import { ALL_RIGHTS, NO_RIGHTS, type Rights } from '../../mailbox/model/rights.ts';
import { SEEN_PAGE_BYTES } from '../../mailbox/model/seen.ts';
import type { RowChange } from '../../mailbox/port/store.ts';
import { ALICE, aBatch, BOB, commit, INBOX, someBytes } from '../fixtures.ts';
import type { Test } from './harness.ts';

const OTHER = asMailboxId(INBOX + 1);
const READ = 'lr' as Rights;
const CAROL = asAccountId(900);

const share = (mailbox: typeof INBOX, identity: string, rights: Rights): RowChange => ({
  ...{ kind: 'share', mailbox, identity, rights },
});
const seen = (page: number, bits: Buffer | undefined): RowChange => ({
  ...{ kind: 'seen', mailbox: INBOX, reader: CAROL, page, bits },
});

export function shareTests(test: Test): void {
  test('rights are there by mailbox and identity, are replaced, and go', async (store, harness) => {
    const rules = [share(OTHER, '#900', READ), share(INBOX, 'anyone', READ), share(INBOX, '-#900', READ)];
    await commit(
      store,
      aBatch(0, { rules }),
      aBatch(0, { account: BOB, rules: [share(INBOX, '#900', READ)] }),
    );
    await store.close();
    const again = await harness.open();
    assert.deepEqual((await again.loadAccount(ALICE))?.shares, [
      { mailbox: INBOX, identity: '-#900', rights: READ },
      { mailbox: INBOX, identity: 'anyone', rights: READ },
      { mailbox: OTHER, identity: '#900', rights: READ },
    ]);
    assert.deepEqual(new Set(await again.loadSharers(['#900'], 10)), new Set([ALICE, BOB]));
    assert.deepEqual(await again.loadSharers(['anyone'], 10), [ALICE]);
    assert.deepEqual(await again.loadSharers(['#9', ''], 10), []);
    const changes = [share(INBOX, 'anyone', NO_RIGHTS), share(OTHER, '#900', ALL_RIGHTS)];
    await commit(again, aBatch(1, { rules: [...changes, share(INBOX, '-#900', NO_RIGHTS)] }));
    assert.deepEqual((await again.loadAccount(ALICE))?.shares, [
      { mailbox: OTHER, identity: '#900', rights: ALL_RIGHTS },
    ]);
    assert.deepEqual(await again.loadSharers(['anyone'], 10), []);
    await again.close();
  });

  test('pages of what was seen are there, are replaced, and go', async (store, harness) => {
    const [one, two] = [someBytes(SEEN_PAGE_BYTES), Buffer.alloc(SEEN_PAGE_BYTES, 1)];
    await commit(store, aBatch(0, { rules: [seen(3, one), seen(0, two)] }));
    await store.close();
    const again = await harness.open();
    const row = { mailbox: INBOX, reader: CAROL };
    assert.deepEqual((await again.loadAccount(ALICE))?.seen, [
      { ...row, page: 0, bits: two },
      { ...row, page: 3, bits: one },
    ]);
    await commit(again, aBatch(1, { rules: [seen(0, undefined), seen(3, two)] }));
    assert.deepEqual((await again.loadAccount(ALICE))?.seen, [{ ...row, page: 3, bits: two }]);
    await again.close();
  });

  test('they go with the account, and a batch that is refused leaves none', async (store) => {
    const rules = [share(INBOX, 'anyone', READ), seen(0, Buffer.alloc(SEEN_PAGE_BYTES, 1))];
    assert.equal((await store.write([aBatch(5, { rules })]).committed)[0]?.code, 'conflict');
    assert.deepEqual(await store.loadSharers(['anyone'], 10), []);
    await commit(store, aBatch(0, { rules }));
    await store.destroyAccount(ALICE);
    assert.deepEqual(await store.loadSharers(['anyone'], 10), []);
  });
}
