import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asMailboxId } from './model.ts';
import { emailObjectId, emailOfObjectId, mailboxObjectId } from './object-ids.ts';

test('ids are a letter and a number (RFC 8474 §8.1)', () => {
  assert.equal(mailboxObjectId(asMailboxId(7)), 'f7');
  assert.equal(emailObjectId(4_294_967_295), 'e4294967295');
});

test('an id that was never given is no number', () => {
  assert.equal(emailOfObjectId('e12'), 12);
  assert.equal(emailOfObjectId('e4294967295'), 4_294_967_295);
  for (const id of ['', 'e', 'E12', 't12', 'e0', 'e012', 'e4294967296', 'e12345678901', 'e1x', 'e-1', '12'])
    assert.equal(emailOfObjectId(id), undefined, id);
});
