import assert from 'node:assert/strict';
import { test } from 'node:test';
import { choicesOf, DEFAULTS, Preferences } from './preferences.ts';

test('what is kept is read with care, and what is not known stays', async () => {
  assert.deepEqual(choicesOf({ undoSeconds: 'x', swipeLeft: 'burn', keys: 1 }), DEFAULTS);
  const written: object[] = [];
  const preferences = new Preferences({
    write: async (kept) => {
      written.push(kept);
      return true;
    },
  });
  preferences.load({ keys: false, later: 'x' });
  assert.equal(preferences.choices.value.keys, false);
  await preferences.choose({ language: 'sv', keys: undefined });
  assert.deepEqual(written, [{ language: 'sv', later: 'x' }]);
  assert.equal(preferences.choices.value.keys, true);
});

test('a choice that cannot be written is taken back', async () => {
  const preferences = new Preferences({ write: async () => false });
  const chosen = preferences.choose({ undoSeconds: 30 });
  assert.equal(preferences.choices.value.undoSeconds, 30);
  assert.equal(await chosen, false);
  assert.equal(preferences.choices.value.undoSeconds, 10);
});
