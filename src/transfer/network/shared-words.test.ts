import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SourceFailure } from './failure.ts';
import { SharedWords } from './shared-words.ts';

test('lists of the same words are one, and only what differs counts', () => {
  const shared = new SharedWords(1000);
  const first = shared.of(['$Forwarded', 'Work/2024, "more"']);
  assert.deepEqual(first, ['$Forwarded', 'Work/2024, "more"']);
  for (let i = 0; i < 1000; i++) assert.equal(shared.of(['$Forwarded', 'Work/2024, "more"']), first);
  assert.deepEqual(shared.of([]), []);
  assert.throws(
    () => {
      for (let i = 0; i < 20; i++) shared.of([`word${i}`]);
    },
    (error) => error instanceof SourceFailure && error.kind === 'refused',
  );
});
