/** What a filter is to learn from emails. */
import assert from 'node:assert/strict';
import type { Lesson } from '../../mailbox/model/lessons.ts';
import { emailId } from '../../mailbox/model/model.ts';
import type { RowChange } from '../../mailbox/port/store.ts';
import { ALICE, aBatch, BOB, commit } from '../fixtures.ts';
import type { Test } from './harness.ts';

const lesson = (n: number, isSpam = true, account = ALICE): Lesson => ({
  email: emailId(account, n),
  isSpam,
});
const given = (one: Lesson): RowChange => ({ kind: 'lesson', lesson: one });
const learned = (one: Lesson): RowChange => ({ kind: 'lesson-learned', lesson: one });

export function lessonTests(test: Test): void {
  test('a lesson waits until it is learned; the last one of an email counts', async (store, harness) => {
    await commit(
      store,
      aBatch(0, { rules: [3, 1, 2].map((n) => given(lesson(n))) }),
      aBatch(0, { account: BOB, rules: [given(lesson(1, false, BOB))] }),
    );
    await store.close();
    const again = await harness.open();
    const all = await again.loadLessons(0, 10);
    assert.deepEqual(
      [...all].sort((a, b) => a.email - b.email),
      [lesson(1), lesson(2), lesson(3), lesson(1, false, BOB)].sort((a, b) => a.email - b.email),
    );
    assert.deepEqual(await again.loadLessons(0, 2), all.slice(0, 2));
    assert.deepEqual(await again.loadLessons(all[1]?.email ?? 0, 9), all.slice(2));
    await commit(again, aBatch(1, { rules: [given(lesson(2, false)), learned(lesson(1))] }));
    await commit(again, aBatch(2, { rules: [learned(lesson(2)), learned(lesson(9))] }));
    assert.deepEqual(
      (await again.loadLessons(0, 9)).filter(({ email }) => email < emailId(BOB, 0)),
      [lesson(2, false), lesson(3)],
    );
    await again.close();
  });

  test('they go with the account', async (store) => {
    await commit(store, aBatch(0, { rules: [given(lesson(1))] }));
    await store.destroyAccount(ALICE);
    assert.deepEqual(await store.loadLessons(0, 9), []);
  });
}
