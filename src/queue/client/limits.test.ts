import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitOf } from './limits.ts';

test('limits are what a server says, and nothing where it says what cannot be', () => {
  for (const [said, mails, recipients] of [
    [undefined, Infinity, Infinity],
    ['', Infinity, Infinity],
    ['RCPTMAX=100 MAILMAX=5', 5, 100],
    ['rcptmax=1 RCPTDOMAINMAX=1 X', Infinity, 1],
    ['RCPTMAX=0 MAILMAX=-1', Infinity, Infinity],
    ['RCPTMAX=1234567 MAILMAX=', Infinity, Infinity],
  ] as const) {
    const session = { offer: () => said };
    assert.deepEqual(
      [limitOf(session, 'MAILMAX'), limitOf(session, 'RCPTMAX')],
      [mails, recipients],
      `${said}`,
    );
  }
});
