import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settingProblem } from './account-settings.ts';
import { boolean, choice, integer } from './option.ts';

const DECLARED = {
  'pop3.delete': choice(['expunge', 'trash'], { default: 'expunge', doc: '' }),
  'pop3.mark_seen': boolean({ default: false, doc: '' }),
  'pop3.days': integer({ default: 0, min: 0, max: 100, doc: '' }),
};

test('a setting is known and its value can be read, or the message says what to do', () => {
  const cases: readonly (readonly [string, string | undefined, RegExp | undefined])[] = [
    ['pop3.delete', 'trash', undefined],
    ['pop3.mark_seen', 'true', undefined],
    ['pop3.days', '100', undefined],
    ['pop3.days', undefined, undefined],
    ['pop3.days', '101', /^pop3\.days cannot be "101"; expected a number from 0 to 100$/],
    ['pop3.mark_seen', 'yes', /expected true or false/],
    ['pop3.delete', 'keep', /expected one of "expunge", "trash"/],
    ['pop3.day', '3', /^there is no setting pop3\.day; did you mean pop3\.days\?$/],
    ['smtp.relay', undefined, /^there is no setting smtp\.relay; there are pop3\.delete, /],
    ['toString', 'x', /^there is no setting toString/],
  ];
  for (const [name, value, expected] of cases) {
    const problem = settingProblem(DECLARED, name, value);
    if (expected === undefined) assert.equal(problem, undefined, name);
    else assert.match(problem ?? '', expected);
  }
});
