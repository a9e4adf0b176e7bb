/** Annotations of an account and its mailboxes. */
import assert from 'node:assert/strict';
import { type AnnotationPlace, NO_MAILBOX } from '../../mailbox/model/annotations.ts';
import { asMailboxId } from '../../mailbox/model/model.ts';
import type { MailStore, RowChange } from '../../mailbox/port/store.ts';
import { ALICE, aBatch, BOB, commit, INBOX, someBytes } from '../fixtures.ts';
import type { Test } from './harness.ts';

const OTHER = asMailboxId(INBOX + 1);
const COMMENT: AnnotationPlace = { mailbox: INBOX, name: '/shared/comment' };
const OF_SERVER: AnnotationPlace = { mailbox: NO_MAILBOX, name: '/private/vendor/example/x' };
const OF_OTHER: AnnotationPlace = { mailbox: OTHER, name: '/shared/comment' };

const put = (place: AnnotationPlace, value: Buffer | undefined): RowChange => ({
  kind: 'annotation',
  place,
  value,
});
const annotationsOf = async (store: MailStore, account = ALICE) =>
  (await store.loadAccount(account))?.annotations;

export function annotationTests(test: Test): void {
  test('an annotation is there with its octets, is replaced, and goes', async (store, harness) => {
    const large = someBytes(60_000);
    const rules = [
      put(OF_OTHER, Buffer.alloc(0)),
      put(COMMENT, Buffer.from('a\0\r\nä')),
      put(OF_SERVER, large),
    ];
    const others = [put(COMMENT, Buffer.from('his'))];
    await commit(store, aBatch(0, { rules }), aBatch(0, { account: BOB, rules: others }));
    await store.close();
    const again = await harness.open();
    assert.deepEqual(await annotationsOf(again), [
      { ...OF_SERVER, sizeBytes: 60_000 },
      { ...COMMENT, sizeBytes: 6 },
      { ...OF_OTHER, sizeBytes: 0 },
    ]);
    const nowhere = { mailbox: OTHER, name: '/shared/nothing' };
    assert.deepEqual(await again.loadAnnotations(ALICE, [OF_SERVER, nowhere, COMMENT, OF_OTHER]), [
      large,
      undefined,
      Buffer.from('a\0\r\nä'),
      Buffer.alloc(0),
    ]);
    await commit(again, aBatch(1, { rules: [put(COMMENT, Buffer.from('new')), put(OF_OTHER, undefined)] }));
    assert.deepEqual(await again.loadAnnotations(ALICE, [COMMENT, OF_OTHER]), [
      Buffer.from('new'),
      undefined,
    ]);
    assert.deepEqual(await again.loadAnnotations(BOB, [COMMENT]), [Buffer.from('his')]);
    await again.close();
  });

  test('a batch that is refused leaves none, and they go with the account', async (store) => {
    const rules = [put(COMMENT, Buffer.from('x'))];
    assert.equal((await store.write([aBatch(5, { rules })]).committed)[0]?.code, 'conflict');
    await commit(store, aBatch(0));
    assert.deepEqual(await annotationsOf(store), []);
    await commit(store, aBatch(1, { rules }));
    await store.destroyAccount(ALICE);
    assert.deepEqual(await store.loadAnnotations(ALICE, [COMMENT]), [undefined]);
  });
}
