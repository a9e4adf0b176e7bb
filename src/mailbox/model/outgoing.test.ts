/** What people call mail that is to leave. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST_BELONGING } from './belongings.ts';
import { asAccountId } from './model.ts';
import { outgoingId, outgoingText, parseOutgoingId } from './outgoing.ts';

test('numbers are short, and what was written of them before is understood', () => {
  const account = asAccountId(12);
  const [plain, own] = [outgoingId(account, 345), outgoingId(account, FIRST_BELONGING + 7)];
  assert.deepEqual([plain, own].map(outgoingText), ['12-345', '12-s7']);
  assert.deepEqual(['12-345', '12-s7', `12-${FIRST_BELONGING + 7}`].map(parseOutgoingId), [plain, own, own]);
  for (const text of ['12', '12-', '12-s', 's12-3', '12-s4294967295', '12-4294967296', '12-3 '])
    assert.equal(parseOutgoingId(text), undefined, text);
});
