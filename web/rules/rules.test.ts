/** Rules: as a script and back, what has to be mended, what is done to mail that is there; days of who is away. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { deedsOf, filterOf } from './fitting.ts';
import { testsOf } from './from-mail.ts';
import { faultOf, newRule, type Rule, TEST_KINDS, tidied } from './rule.ts';
import { rulesIn, scriptOf } from './rule-script.ts';
import { awayOf, patchOf, stateOf, type VacationResponse } from './vacation.ts';

const RULE: Rule = {
  ...newRule('a', [{ on: 'from', value: 'anna "the\\ pigeon"' }]),
  ...{ move: 'f7', isRead: true, forward: 'bo@example.com' },
};

const arbitrary: fc.Arbitrary<Rule> = fc
  .record({
    id: fc.string({ minLength: 1, maxLength: 8 }),
    isOn: fc.boolean(),
    isAll: fc.boolean(),
    tests: fc.array(
      fc
        .record({ on: fc.constantFrom(...TEST_KINDS), value: fc.string({ unit: 'grapheme', maxLength: 40 }) })
        .map((one) => (one.on === 'larger' ? { ...one, value: '2,5' } : one)),
      { minLength: 1, maxLength: 4 },
    ),
    isRead: fc.boolean(),
    isStarred: fc.boolean(),
  })
  .map((rule) => tidied({ ...rule, move: 'f3' }))
  .filter((rule) => faultOf(rule) === undefined);

describe('rules', () => {
  test('are a script that says what they do', () => {
    const lines = scriptOf([RULE, { ...RULE, id: 'b', isOn: false }]).split('\r\n');
    assert.match(lines[0] ?? '', /^# rules of the webmail 1 /);
    assert.equal(
      lines[2],
      'require ["comparator-i;unicode-casemap", "fileinto", "mailboxid", "imap4flags", "copy"];',
    );
    assert.equal(
      lines[5],
      'if allof (header :comparator "i;unicode-casemap" :contains "from" "anna \\"the\\\\ pigeon\\"") {',
    );
    assert.equal(lines.filter((line) => line.startsWith('if ')).length, 1, 'what is off has no commands');
  });

  test('are read back as they were; a script with one letter changed is not ours', () => {
    fc.assert(
      fc.property(fc.array(arbitrary, { maxLength: 5 }), fc.nat(), (rules, at) => {
        const script = scriptOf(rules);
        assert.deepEqual(rulesIn(script), rules);
        const place = at % script.length;
        const changed = `${script.slice(0, place)}${script[place] === 'x' ? 'y' : 'x'}${script.slice(place + 1)}`;
        assert.equal(rulesIn(changed), undefined, String(place));
      }),
    );
    assert.equal(rulesIn('keep;'), undefined);
  });

  test('say what has to be mended', () => {
    assert.equal(faultOf(RULE), undefined);
    assert.equal(faultOf({ ...RULE, tests: [] }), 'noTest');
    assert.equal(faultOf({ ...RULE, tests: [{ on: 'to', value: ' ' }] }), 'emptyTest');
    assert.equal(faultOf({ ...RULE, tests: [{ on: 'larger', value: 'much' }] }), 'noNumber');
    assert.equal(faultOf({ ...RULE, forward: 'bo' }), 'badAddress');
    assert.equal(faultOf(newRule('c', [{ on: 'list', value: 'x' }])), 'noDeed');
    const wild = tidied({ ...RULE, tests: [{ on: 'subject', value: ' a\r\nstop; ' }] });
    assert.equal(wild.tests[0]?.value, 'a stop;');
  });

  test('from a mail: its list before its sender', () => {
    const from = [{ name: 'Anna', email: 'anna@example.org' }];
    assert.deepEqual(testsOf({ from, 'header:List-Id:asText': null }), [
      { on: 'from', value: 'anna@example.org' },
    ]);
    assert.deepEqual(testsOf({ from, 'header:List-Id:asText': 'Garden <letters.example.com>' }), [
      { on: 'list', value: 'letters.example.com' },
    ]);
    assert.deepEqual(testsOf({ from: null, 'header:List-Id:asText': null }), []);
  });

  test('on mail that is there: done, and taken back as it was', () => {
    const mails = [
      { id: 'e1', from: null, subject: null, mailboxIds: { f1: true }, keywords: { $seen: true } },
      { id: 'e2', from: null, subject: null, mailboxIds: { f1: true, f7: true }, keywords: {} },
    ] as const;
    const { action, undo } = deedsOf(RULE, mails, 'f1');
    assert.deepEqual(action.patches[0], {
      ...{ id: 'e1', keywords: { $seen: true }, mailboxIds: { f1: false, f7: true } },
    });
    assert.deepEqual(undo.patches, [
      { id: 'e1', keywords: {}, mailboxIds: { f1: true, f7: false } },
      { id: 'e2', keywords: { $seen: false }, mailboxIds: { f1: true } },
    ]);
    assert.deepEqual(filterOf({ isAll: false, tests: [{ on: 'body', value: 'say "a"' }] }), {
      operator: 'OR',
      conditions: [{ body: '"say \\"a\\""' }],
    });
  });
});

describe('who is away', () => {
  const words = { isOn: true, subject: '', text: 'Back on Monday.' };
  test('days are whole days, and come back as they were', () => {
    for (const [firstDay, lastDay] of [
      ['2026-03-28', '2026-03-29'],
      ['', '2026-12-31'],
      ['2026-10-25', ''],
    ] as const) {
      const away = { ...words, firstDay, lastDay };
      assert.deepEqual(awayOf(patchOf(away)), away);
    }
  });

  test('it is said whether it answers now', () => {
    const at = (fromDate: string | null, toDate: string | null, isEnabled = true): VacationResponse => ({
      ...{ isEnabled, fromDate, toDate, subject: null, textBody: null, htmlBody: null },
    });
    const [before, now, after] = ['2026-07-01T00:00:00Z', '2026-07-02T00:00:00Z', '2026-07-03T00:00:00Z'];
    const state = (vacation: VacationResponse) => stateOf(vacation, new Date(now));
    assert.equal(state(at(null, null, false)), 'off');
    assert.equal(state(at(null, null)), 'on');
    assert.equal(state(at(before, after)), 'until');
    assert.equal(state(at(after, null)), 'from');
    assert.equal(state(at(before, now)), 'over');
  });
});
