import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { done, holds, run } from '../../../test/kit/sieve.ts';
import { compileScript } from '../sieve.ts';

describe('dates (RFC 5260)', () => {
  const mail = [
    'Received: from a by b; Tue, 1 Apr 1997 09:06:40 -0800',
    'Received: from c by a; Mon, 31 Mar 1997 23:59:59 +0000',
    'Date: Tue, 1 Apr 1997 09:06:31 -0800 (PST)',
    'X-Broken: January 32nd',
    '',
    '',
  ].join('\r\n');
  const PARTS: readonly (readonly [part: string, value: string])[] = [
    ['year', '1997'],
    ['month', '04'],
    ['day', '01'],
    ['date', '1997-04-01'],
    ['julian', '50539'],
    ['hour', '09'],
    ['minute', '06'],
    ['second', '31'],
    ['time', '09:06:31'],
    ['iso8601', '1997-04-01T09:06:31-08:00'],
    ['std11', 'Tue, 1 Apr 1997 09:06:31 -0800'],
    ['zone', '-0800'],
    ['weekday', '2'],
  ];
  for (const [part, value] of PARTS)
    test(`§4.2: ${part}`, () =>
      assert.ok(holds(`date :originalzone "date" "${part}" "${value}"`, { mail }, 'date')));

  const TESTS: readonly (readonly [test: string, isTrue: boolean])[] = [
    ['date "date" "zone" "+0200"', true],
    ['date "date" "hour" "19"', true],
    ['date :zone "+0000" "date" "iso8601" "1997-04-01T17:06:31Z"', true],
    ['date :zone "-0500" "date" "zone" "-0500"', true],
    ['date :zone "+0000" "received" "date" "1997-04-01"', true],
    ['date :zone "+0000" :index 2 "received" "date" "1997-03-31"', true],
    ['date :zone "+0000" :index 1 :last "received" "weekday" "1"', true],
    ['date :index 3 "received" "year" "1997"', false],
    ['date "x-broken" "year" "1997"', false],
    ['date "x-none" "year" "1997"', false],
    ['date :value "ge" :originalzone "date" "hour" "09"', true],
    ['date :count "eq" :comparator "i;ascii-numeric" "x-broken" "year" "0"', true],
    ['currentdate "date" "2026-05-01"', true],
    ['currentdate :zone "-1230" "time" "00:00:45"', true],
    ['currentdate :value "ge" "date" "2026-04-30"', true],
    ['currentdate "weekday" "5"', true],
  ];
  for (const [text, isTrue] of TESTS)
    test(text, () =>
      assert.equal(holds(text, { mail }, 'date relational index comparator-i;ascii-numeric'), isTrue),
    );

  test('§5.1: folders by month', () => {
    const script = `require ["date", "variables", "fileinto", "mailbox"];
      if currentdate :matches "month" "*" { set "month" "\${1}"; }
      if currentdate :matches "year" "*" { set "year" "\${1}"; }
      fileinto :create "\${month}-\${year}";`;
    assert.equal(done(script), 'fileinto 05-2026 create');
  });

  const REFUSED: readonly (readonly [script: string, message: RegExp])[] = [
    ['if date "date" "century" "x" {}', /a date has no part "century"/],
    ['if date :zone "CET" "date" "year" "x" {}', /a zone is written as/],
    ['if date :zone "+0000" :originalzone "date" "year" "x" {}', /exclude each other/],
    ['if date :last "date" "year" "x" {}', /":last" without ":index"/],
    ['if currentdate :originalzone "year" "x" {}', /has no argument ":originalzone"/],
  ];
  for (const [script, message] of REFUSED)
    test(`refused: ${script}`, () =>
      assert.throws(() => compileScript(`require ["date", "index"]; ${script}`), message));

  test('§6: the index counts fields, in the order of the names', () => {
    const list = 'To: a@x.org, b@x.org\r\nTo: c@x.org\r\nCc: d@x.org\r\n\r\n';
    assert.ok(holds('address :index 2 "to" "c@x.org"', { mail: list }, 'index'));
    assert.ok(!holds('address :index 2 "to" "b@x.org"', { mail: list }, 'index'));
    assert.ok(holds('address :index 1 :last ["cc", "to"] "c@x.org"', { mail: list }, 'index'));
    assert.ok(holds('header :index 1 ["cc", "to"] "d@x.org"', { mail: list }, 'index'));
  });
});

test('environment (RFC 5183) and the events of IMAP (RFC 6785)', () => {
  const items = new Map([
    ['domain', 'example.com'],
    ['imap.cause', 'APPEND'],
    ['remote-host', ''],
  ]);
  const requires = 'environment imapsieve relational comparator-i;ascii-numeric';
  assert.ok(holds('environment :is "DOMAIN" "example.com"', { items }, requires));
  assert.ok(holds('environment "imap.cause" "append"', { items, envelope: undefined }, requires));
  assert.ok(holds('environment "remote-host" ""', { items }, requires));
  assert.ok(!holds('environment :contains "vnd.unknown" ""', { items }, requires));
});

describe('spamtest and virustest (RFC 5235)', () => {
  const REQUIRES = 'spamtestplus virustest relational comparator-i;ascii-numeric';
  const NUMERIC = ':comparator "i;ascii-numeric"';
  const TESTS: readonly (readonly [test: string, spam: number | undefined, isTrue: boolean])[] = [
    [`spamtest :value "eq" ${NUMERIC} "0"`, undefined, true],
    [`spamtest :value "eq" ${NUMERIC} "1"`, 0, true],
    [`spamtest :value "ge" ${NUMERIC} "3"`, 0.37, true],
    [`spamtest :value "eq" ${NUMERIC} "10"`, 1, true],
    [`spamtest :percent :count "eq" ${NUMERIC} "0"`, undefined, true],
    [`spamtest :percent :count "eq" ${NUMERIC} "0"`, 0, false],
    [`spamtest :percent :value "lt" ${NUMERIC} "37"`, 0.36, true],
    [`spamtest :percent :value "eq" ${NUMERIC} "0"`, 0, true],
    [`virustest :value "eq" ${NUMERIC} "0"`, undefined, true],
  ];
  for (const [text, spam, isTrue] of TESTS)
    test(`${text} of ${spam}`, () =>
      assert.equal(
        holds(text, { verdict: { filtered: () => (spam === undefined ? {} : { spam }) } }, REQUIRES),
        isTrue,
      ));
  test('a virus', () =>
    assert.ok(
      holds(
        `virustest :value "ge" ${NUMERIC} "4"`,
        { verdict: { filtered: () => ({ virus: 5 }) } },
        REQUIRES,
      ),
    ));
  test('percent needs spamtestplus', () => {
    assert.throws(
      () => compileScript('require "spamtest"; if spamtest :percent "1" {}'),
      /needs require "spamtestplus"/,
    );
  });
});

describe('duplicate (RFC 7352)', () => {
  test('remembers what it was asked of, and says what was remembered', () => {
    const { seen } = run('require "duplicate"; if duplicate { discard; }');
    assert.deepEqual(seen, [
      { handle: '', id: '<present@desert.example.org>', seconds: 7 * 86_400, isRenewed: false },
    ]);
    assert.ok(holds('duplicate', { seen: [':<present@desert.example.org>'] }, 'duplicate'));
    assert.ok(
      holds('duplicate :header "message-id"', { seen: [':<present@desert.example.org>'] }, 'duplicate'),
    );
    assert.ok(!holds('duplicate :handle "h"', { seen: [':<present@desert.example.org>'] }, 'duplicate'));
    assert.ok(holds('duplicate :handle "h" :uniqueid "x"', { seen: ['h:x'] }, 'duplicate'));
    assert.ok(!holds('anyof (duplicate, duplicate)', {}, 'duplicate'));
  });

  test('times, and what has no id', () => {
    assert.deepEqual(run('require "duplicate"; if duplicate :last :seconds 99999999 :uniqueid "x" {}').seen, [
      { handle: '', id: 'x', seconds: 30 * 86_400, isRenewed: true },
    ]);
    for (const asked of [':seconds 0', ':header "x-none"', ':header "no name"'])
      assert.deepEqual(run(`require "duplicate"; if duplicate ${asked} {}`).seen, [], asked);
    assert.throws(
      () => compileScript('require "duplicate"; if duplicate :header "a" :uniqueid "b" {}'),
      /exclude each other/,
    );
  });

  test('a script that fails remembers nothing', () => {
    assert.deepEqual(run('require ["duplicate", "ihave"]; if duplicate {} error "x";').seen, []);
  });
});
