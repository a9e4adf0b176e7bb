import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { done, holds, run } from '../../../test/kit/sieve.ts';
import { compileInTurns, compileScript } from '../sieve.ts';

const ADDRESSES = [
  'From: "Anna B." <Anna@Example.ORG>, (a comment) bo+x@example.com',
  'To: Friends: carl@example.net, "d d"@example.net;, eva@example.org',
  'Cc: undisclosed-recipients:;',
  'Bcc: postmaster',
  'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=',
  ' aus Berlin  ',
  'X-Empty:',
  'X-Twice: one',
  'X-Twice: two',
  '',
  'Hello',
].join('\r\n');

describe('what becomes of the message (RFC 5228 §2.10, §4)', () => {
  const SCRIPTS: readonly (readonly [script: string, done: string])[] = [
    ['', 'implicit keep'],
    ['keep;', 'keep'],
    ['discard;', 'discard'],
    ['redirect "bart@example.com";', 'redirect bart@example.com'],
    ['redirect "bart@EXAMPLE.com"; redirect "bart@example.com";', 'redirect bart@example.com'],
    ['redirect "\\"b b\\"@example.com"; keep;', 'redirect "b b"@example.com, keep'],
    ['discard; keep;', 'discard, keep'],
    ['require "fileinto"; fileinto "A"; fileinto "A"; keep; keep;', 'fileinto A, keep'],
    ['require "fileinto"; fileinto "inbox"; keep;', 'keep'],
    ['require "fileinto"; fileinto "A"; stop; discard;', 'fileinto A'],
    ['if true { stop; } discard;', 'implicit keep'],
    ['require "fileinto"; fileinto "Nowhere";', 'fileinto INBOX'],
    ['if false {} elsif true { discard; } else { keep; }', 'discard'],
    ['if false {} elsif false { discard; } else { keep; }', 'keep'],
    ['if true { keep; } elsif true { discard; } else { discard; }', 'keep'],
    ['if true { if false { discard; } } elsif true { discard; }', 'implicit keep'],
    ['if not anyof (false, false) { if allof (true, not false) { discard; } }', 'discard'],
    [
      'redirect "a@b.c"; redirect "b@b.c"; redirect "c@b.c"; redirect "d@b.c"; redirect "e@b.c";',
      'implicit keep, failed line 1: more than 4 times "redirect"',
    ],
  ];
  for (const [script, expected] of SCRIPTS)
    test(script, () => assert.equal(done(script, { mailboxes: ['A'] }), expected));

  test('a mailbox that is not there is said in a note', () => {
    const { effects, notes } = run('require "fileinto";\r\nfileinto "Nowhere";');
    assert.equal(effects[0]?.kind === 'fileinto' && effects[0].insteadOf, 'Nowhere');
    assert.equal(notes[0]?.text, 'there is no mailbox "Nowhere"; the message goes to INBOX');
    assert.deepEqual(notes[0]?.origin.place, { line: 2, column: 1 });
  });

  test('junk and what was sent on before are not sent on, but kept', () => {
    const script = 'redirect "a@example.org"; discard;';
    assert.equal(done(script, { verdict: { isJunk: true } }), 'keep, discard');
    assert.equal(done(script, { mail: 'X-Loop: <Roadrunner@acme.example.com>\r\n\r\n' }), 'keep, discard');
    assert.equal(
      done(script, { mail: 'X-Loop: <other@acme.example.com>\r\n\r\n' }),
      'redirect a@example.org, discard',
    );
    assert.equal(
      done(`require ["editheader"]; deleteheader "X-Loop"; ${script}`, {
        mail: 'X-Loop: roadrunner@acme.example.com\r\n\r\n',
      }),
      'keep, discard',
    );
    const { notes } = run(`require "copy"; ${script.replace('redirect', 'redirect :copy')}`, {
      verdict: { isJunk: true },
    });
    assert.deepEqual(
      notes.map(({ text }) => text),
      ['the message is not sent on to a@example.org: it is junk'],
    );
  });

  test('scripts one after another: a stop ends its own, a discard all', () => {
    const situation = { mailboxes: ['A', 'B'] };
    const [a, b] = ['require "fileinto"; fileinto "A"; stop;', 'require "fileinto"; fileinto "B";'];
    assert.equal(done([a, b], situation), 'fileinto A, fileinto B');
    assert.equal(done(['discard;', b], situation), 'discard');
    assert.equal(
      done([`${a.replace(' stop;', '')} discard;`, b], situation),
      'fileinto A, discard, fileinto B',
    );
    assert.equal(done(['stop;', 'keep;'], situation), 'keep');
  });

  test('a script that fails has asked for nothing, and the message is kept (RFC 5228 §2.10.6)', () => {
    const situation = { mailboxes: ['A', 'B'] };
    const failing = `require ["fileinto", "variables"]; fileinto "B"; redirect "\${x}";`;
    assert.equal(done([failing], situation), 'implicit keep, failed line 1: "" is no mail address');
    const first = 'require "fileinto"; fileinto "A";';
    assert.equal(
      done([first, failing, first.replace('"A"', '"B"')], situation),
      'fileinto A, fileinto B, implicit keep, failed line 1: "" is no mail address',
    );
  });
});

describe('tests of the base (RFC 5228 §5)', () => {
  const mail = ADDRESSES;
  const TESTS: readonly (readonly [test: string, isTrue: boolean])[] = [
    ['header "subject" "Gr\u00fc\u00dfe aus Berlin"', true],
    ['header :is "SUBJECT" "gr\u00fc\u00dfe AUS berlin"', true],
    ['header :is :comparator "i;octet" "subject" "gr\u00fc\u00dfe AUS berlin"', false],
    ['header :contains "subject" "aus"', true],
    ['header :contains "subject" ""', true],
    ['header :contains "x-none" ""', false],
    ['header :is "x-empty" ""', true],
    ['header :contains ["x-none", "x-twice"] ["zero", "two"]', true],
    ['header :matches "subject" "Gr*Berlin"', true],
    ['header :matches "subject" "Gr????e*"', true],
    ['header :matches "subject" "*"', true],
    ['header :matches "x-twice" "t?o"', true],
    ['header :matches "x-twice" "t\\\\?o"', false],
    ['header "not a name" ""', false],
    ['header "" ""', false],
    ['exists "from"', true],
    ['exists ["from", "x-empty"]', true],
    ['exists ["from", "x-none"]', false],
    ['address "from" "anna@example.org"', true],
    ['address :all :is "from" "bo+x@example.com"', true],
    ['address :localpart "from" "anna"', true],
    ['address :domain ["to", "from"] "example.net"', true],
    ['address :localpart "to" "d d"', true],
    ['address :contains "from" "comment"', false],
    ['address :contains "from" "B."', false],
    ['address :contains "to" "friends"', false],
    ['address :contains "cc" "undisclosed"', false],
    ['address :is "x-none" ""', false],
    ['address "bcc" "postmaster"', true],
    ['address :localpart "bcc" "postmaster"', false],
    ['address :domain "bcc" ""', false],
    ['size :over 10', true],
    ['size :over 1M', false],
    ['size :under 1K', true],
    [`size :over ${Buffer.byteLength(ADDRESSES)}`, false],
    [`size :under ${Buffer.byteLength(ADDRESSES)}`, false],
  ];
  for (const [text, isTrue] of TESTS) test(text, () => assert.equal(holds(text, { mail }), isTrue));
});

test('in turns a script compiles to the same', async () => {
  const text = 'require "fileinto"; if true { fileinto "a"; }';
  let pauses = 0;
  const pause = (): Promise<void> | undefined => {
    pauses++;
    return pauses % 2 === 0 ? Promise.resolve() : undefined;
  };
  assert.deepEqual(await compileInTurns(text, 'x', pause), compileScript(text, 'x'));
  assert.ok(pauses > 1);
  await assert.rejects(compileInTurns('frobnicate;', '', pause), /there is no command/);
});

test('a compiled script is plain values', () => {
  const script = compileScript(
    `require ["variables", "fileinto"]; if header :matches "a" ["*\${b}", "c"] { fileinto "\${1}"; }`,
  );
  assert.deepEqual(JSON.parse(JSON.stringify(script)), script);
  assert.deepEqual(structuredClone(script), script);
});

test('tests are evaluated from the left, no more than needed (RFC 5228 §5.2)', () => {
  const seen: string[] = [];
  const trace = ({ name }: { name: string }): void => void seen.push(name);
  done('if anyof (false, true, size :over 1) { keep; }', { trace });
  assert.deepEqual(seen, ['false', 'true', 'anyof', 'keep']);
});

describe('envelope (RFC 5228 §5.4) and subaddress (RFC 5233)', () => {
  const TESTS: readonly (readonly [test: string, isTrue: boolean])[] = [
    ['envelope "from" "coyote@desert.example.org"', true],
    ['envelope :domain "FROM" "desert.example.org"', true],
    ['envelope :user "to" "roadrunner"', true],
    ['envelope :detail "to" "birds"', true],
    ['envelope :detail "from" "*"', false],
    ['envelope :detail :matches "from" "*"', false],
    ['envelope :user "from" "coyote"', true],
    ['envelope :localpart "to" "roadrunner+birds"', true],
  ];
  for (const [text, isTrue] of TESTS)
    test(text, () => assert.equal(holds(text, {}, 'envelope subaddress'), isTrue));

  test('the null sender is empty, whatever part is asked for', () => {
    const envelope = { from: '', to: 'a@example.org' };
    for (const part of ['', ':localpart', ':domain', ':user'])
      assert.ok(holds(`envelope ${part} "from" ""`, { envelope }, 'envelope subaddress'), part);
  });

  test('what is counted are addresses, with or without the part (RFC 5231 §4.2)', () => {
    const counts = (part: string, from: string): string | undefined =>
      ['0', '1', '2'].find((count) =>
        holds(
          `envelope ${part} :count "eq" :comparator "i;ascii-numeric" "from" "${count}"`,
          { envelope: { from, to: 'a@example.org' } },
          'envelope subaddress relational comparator-i;ascii-numeric',
        ),
      );
    for (const part of ['', ':localpart', ':domain', ':user', ':detail']) {
      assert.equal(counts(part, 'bo@example.org'), '1', part);
      assert.equal(counts(part, ''), '0', part);
    }
  });

  test('an address that is none keeps its halves', () => {
    const envelope = { from: 'a b@example.org', to: 'a@example.org' };
    assert.ok(holds('envelope :domain "from" "example.org"', { envelope }, 'envelope'));
  });

  test('without an envelope nothing matches', () => {
    assert.equal(holds('envelope :matches "from" "*"', { envelope: undefined }, 'envelope'), false);
  });

  test('the parameters of RFC 6009', () => {
    const envelope = {
      from: 'a@example.org',
      to: 'b@example.org',
      notify: 'SUCCESS,FAILURE',
      ret: 'HDRS',
      envid: 'x1',
      byTime: { untilMs: Date.UTC(2026, 4, 1, 12, 40, 45), mode: 'return', isTraced: true } as const,
    };
    const requires = 'envelope envelope-dsn envelope-deliverby relational comparator-i;ascii-numeric date';
    assert.ok(holds('envelope :contains "notify" "failure"', { envelope }, requires));
    assert.ok(holds('envelope "ret" "hdrs"', { envelope }, requires));
    assert.ok(holds('envelope "orcpt" ""', { envelope }, requires) === false);
    assert.ok(holds('envelope "bytimerelative" "600"', { envelope }, requires));
    assert.ok(
      holds('envelope :zone "+0000" "bytimeabsolute" "2026-05-01T12:40:45Z"', { envelope }, requires),
    );
    assert.ok(holds('envelope "bytrace" "true"', { envelope }, requires));
    assert.ok(holds('envelope "bymode" "RETURN"', { envelope }, requires));
    const { effects } = run('require "redirect-dsn"; redirect :notify "NEVER" :ret "hdrs" "a@example.org";');
    assert.deepEqual(effects[0]?.kind === 'redirect' && effects[0].options, { notify: 'NEVER', ret: 'HDRS' });
  });

  test('the examples of RFC 6009 §3 and §5', () => {
    const nowMs = Date.UTC(2026, 4, 1, 13, 0, 0);
    const base = { from: 'a@example.org', to: 'b@example.org', orcpt: 'rfc822;b+x@example.com' };
    const byTime = { untilMs: Date.UTC(2026, 4, 1, 12, 40, 45), mode: 'notify', isTraced: false } as const;
    const asked = (test: string, more: object, zoneMinutes = 0): boolean =>
      holds(
        test,
        { envelope: { ...base, byTime, ...more }, nowMs, zoneMinutes },
        'envelope envelope-dsn envelope-deliverby relational comparator-i;ascii-numeric date variables',
      );
    const two = { notify: 'SUCCESS,FAILURE' };
    const one = { notify: 'FAILURE' };
    const onlyFailure = `allof(envelope "notify" "FAILURE",
      envelope :comparator "i;ascii-numeric" :count "eq" "notify" "1")`;
    assert.ok(asked('envelope "notify" "SUCCESS"', two));
    assert.equal(asked('envelope "notify" "SUCCESS"', one), false);
    assert.ok(asked(onlyFailure, one));
    assert.equal(asked(onlyFailure, two), false);
    assert.ok(asked('envelope :matches "orcpt" "rfc822;*@example.com"', {}));
    assert.ok(asked('envelope :contains "bytimerelative" "-"', {}));
    for (const minutes of [0, 120, -330]) {
      const late = 'envelope :value "lt" "bytimeabsolute" "2026-05-01T';
      assert.ok(
        asked(
          `${late}${minutes === 0 ? '13:00:00Z' : minutes > 0 ? '15:00:00+02:00' : '07:30:00-05:30'}"`,
          {},
          minutes,
        ),
      );
    }
    assert.ok(asked('envelope :matches :zone "+0000" "bytimeabsolute" "*T12:*:*"', {}, 120));
    assert.throws(() => asked('envelope :zone "+0000" "from" "x"', {}), /zone/);
    assert.throws(() =>
      holds('envelope :zone "+0000" "bytimeabsolute" "x"', {}, 'envelope envelope-deliverby'),
    );
  });
});

describe('encoded-character (RFC 5228 §2.4.2.4)', () => {
  const EXAMPLES: readonly (readonly [written: string, means: string])[] = [
    [`$\${hex:40}`, '$@'],
    [`\${hex: 40 }`, '@'],
    [`\${HEX: 40}`, '@'],
    [`\${hex:40`, `\${hex:40`],
    [`\${hex:400}`, `\${hex:400}`],
    [`\${hex:4\${hex:30}}`, `\${hex:40}`],
    [`\${unicode:40}`, '@'],
    [`\${ unicode:40}`, `\${ unicode:40}`],
    [`\${UnICoDE:0000040}`, '@'],
    [`\${Unicode:Cool}`, `\${Unicode:Cool}`],
    [`\${hex:24 24}`, '$$'],
    [`\${hex:c3}\${hex:a5}`, '\u00e5'],
    [`\${hex:c3 a5 ff}`, '\u00e5\ufffd'],
    [`\${unicode:1F600 41}`, '\u{1f600}A'],
    [`\${hex:}`, `\${hex:}`],
  ];
  for (const [written, means] of EXAMPLES)
    test(written, () => {
      const { commands } = compileScript(
        `require "encoded-character"; redirect "${written}@example.org";`
          .replace('redirect', 'if header "x"')
          .replace(/;$/, '{}'),
      );
      assert.deepEqual(commands[0]?.tests[0]?.values[1], [`${means}@example.org`]);
    });

  test('what is no character is an error', () => {
    for (const wrong of [`\${unicode:200000}`, `\${Unicode:DF01}`])
      assert.throws(
        () => compileScript(`require "encoded-character"; if header "x" "${wrong}" {}`),
        /is no character of Unicode/,
      );
  });
});

describe('errors of scripts are said with their place', () => {
  const REFUSED: readonly (readonly [script: string, message: string])[] = [
    ['frobnicate;', 'line 1, column 1: there is no command "frobnicate"'],
    ['if frobnicate {}', 'line 1, column 4: there is no test "frobnicate"'],
    ['header "a" "b";', 'line 1, column 1: "header" is a test and stands behind "if"'],
    ['if keep {}', 'line 1, column 4: "keep" is a command, no test'],
    ['fileinto "a";', 'line 1, column 1: "fileinto" needs require "fileinto"'],
    ['require "frobnicate";', 'line 1, column 9: this server has no extension "frobnicate"'],
    ['require 5;', 'line 1, column 1: "require" takes one string or list of strings'],
    ['keep; require "fileinto";', 'line 1, column 7: "require" stands before all other commands'],
    ['if true { require "fileinto"; }', 'line 1, column 11: "require" stands before all other commands'],
    ['keep 5;', 'line 1, column 6: "keep" takes no arguments but tags, found 1'],
    ['keep "x";', 'line 1, column 6: "keep" takes no arguments but tags, found 1'],
    ['keep :x;', 'line 1, column 6: "keep" has no argument ":x"'],
    ['keep {}', 'line 1, column 1: "keep" ends with ";", it has no block'],
    ['if true;', 'line 1, column 1: "if" needs a block: { ... }'],
    ['if {}', 'line 1, column 1: "if" takes one test'],
    ['if (true) {}', 'line 1, column 1: "if" takes one test'],
    ['if anyof true {}', 'line 1, column 4: "anyof" takes a list of tests: (..., ...)'],
    ['else {}', 'line 1, column 1: "else" without an "if" before it'],
    ['if true {} keep; elsif true {}', 'line 1, column 18: "elsif" without an "if" before it'],
    ['if true {} else {} else {}', 'line 1, column 20: "else" without an "if" before it'],
    ['redirect "nobody";', 'line 1, column 1: "nobody" is no mail address'],
    ['redirect "a@b, c@d";', 'line 1, column 1: "a@b, c@d" is no mail address'],
    ['redirect ["a@b.c"];', 'line 1, column 10: argument 1 of "redirect" is one string, not a list'],
    ['if header "a" {}', 'line 1, column 4: "header" takes 2 arguments behind the tags, found 1'],
    ['if header "a" 5 {}', 'line 1, column 15: argument 2 of "header" is a string or a list of strings'],
    ['if header "a" :is "b" {}', 'line 1, column 15: tags of "header" stand before its other arguments'],
    ['if header :is :contains "a" "b" {}', 'line 1, column 15: ":contains" and ":is" exclude each other'],
    ['if header :is :is "a" "b" {}', 'line 1, column 15: ":is" twice'],
    ['if header :regex "a" "b" {}', 'line 1, column 11: ":regex" needs require "regex"'],
    [
      'if header :comparator "a" "b" {}',
      'line 1, column 4: "header" takes 2 arguments behind the tags, found 1',
    ],
    ['if header :comparator "x" "a" "b" {}', 'line 1, column 4: there is no comparator "x"'],
    [
      'if header :comparator "i;ascii-numeric" "a" "b" {}',
      'line 1, column 4: the comparator "i;ascii-numeric" needs require "comparator-i;ascii-numeric"',
    ],
    [
      'require "comparator-i;ascii-numeric"; if header :contains :comparator "i;ascii-numeric" "a" "b" {}',
      'line 1, column 42: "i;ascii-numeric" compares numbers; it cannot be used with ":contains"',
    ],
    ['if address "subject" "x" {}', 'line 1, column 4: there are no addresses in "subject"'],
    ['if address "a b" "x" {}', 'line 1, column 4: there are no addresses in "a b"'],
    ['if size 5 {}', 'line 1, column 4: "size" needs ":over" or ":under"'],
    ['if size :over :under 5 {}', 'line 1, column 15: ":under" and ":over" exclude each other'],
    ['if size :over "5" {}', 'line 1, column 15: argument 1 of "size" is a number'],
    [
      'require "envelope"; if envelope "sender" "x" {}',
      'line 1, column 24: an envelope has no part "sender"',
    ],
    [
      'require "relational"; if header :value "xx" "a" "b" {}',
      'line 1, column 26: ":value" is followed by one of "gt", "ge", "lt", "le", "eq", "ne"',
    ],
    [
      'require "regex"; if header :regex "a" "(" {}',
      'line 1, column 21: the regular expression "(": a "(" that is never closed',
    ],
    [
      `require "regex"; if header :regex "a" [${'"b", '.repeat(64)}"c"] {}`,
      'line 1, column 21: more than 64 regular expressions in one test',
    ],
    ['require "fileinto"; fileinto "a//b";', 'line 1, column 21: no mailbox can be called "a//b"'],
  ];
  for (const [script, message] of REFUSED)
    test(script, () => assert.throws(() => compileScript(script), { name: 'ScriptError', message }));

  test('what is odd is a warning', () => {
    const { warnings } = compileScript(
      'require ["fileinto", "copy"];\r\nif true { stop; keep; }\r\nfileinto "a";',
    );
    assert.deepEqual(
      warnings.map(({ reason, place }) => `${place.line}: ${reason}`),
      ['2: nothing is done behind "stop"', '1: "copy" is required and not used'],
    );
  });
});
