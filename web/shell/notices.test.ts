import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Notices } from './notices.ts';

function made() {
  let pending: (() => void) | undefined;
  const notices = new Notices({
    set: (run) => {
      pending = run;
      return run;
    },
    clear: (timer) => {
      if (timer === pending) pending = undefined;
    },
  });
  return { notices, pass: () => pending?.(), isPending: () => pending !== undefined };
}

test('a notice goes by itself, but not while somebody points at it', () => {
  const { notices, pass, isPending } = made();
  notices.show({ text: 'Archived' });
  notices.hold();
  assert.ok(!isPending());
  notices.release();
  assert.ok(isPending());
  pass();
  assert.equal(notices.now.value, undefined);
});

test('its action runs once, and a new one takes its place', () => {
  const { notices } = made();
  let runs = 0;
  notices.show({ text: 'a', action: { text: 'Undo', run: () => runs++ } });
  notices.act();
  notices.act();
  assert.equal(runs, 1);
  notices.show({ text: 'b' });
  notices.show({ text: 'c' });
  assert.equal(notices.now.value?.text, 'c');
});
