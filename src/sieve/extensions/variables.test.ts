import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { done, holds, run } from '../../../test/kit/sieve.ts';
import { compileScript } from '../sieve.ts';

/** The value of `r` at the end. */
function value(script: string, mail?: string): string {
  const { effects, failures } = run(
    `require ["variables", "fileinto", "mailbox"]; ${script} fileinto :create "x\${r}";`,
    {
      ...(mail !== undefined && { mail }),
    },
  );
  assert.deepEqual(failures, []);
  const [effect] = effects;
  return effect?.kind === 'fileinto' ? (effect.insteadOf ?? effect.target.mailbox).slice(1) : '';
}

describe('variables (RFC 5229)', () => {
  const STRINGS: readonly (readonly [text: string, value: string])[] = [
    [`&%\${}!`, `&%\${}!`],
    [`\${doh!}`, `\${doh!}`],
    [`\${full}`, ''],
    [`\${company}`, 'ACME'],
    [`\${COMPANY}`, 'ACME'],
    [`\${BAD\${Company}`, `\${BADACME`],
    [`\${President, \${Company} Inc.}`, `\${President, ACME Inc.}`],
    [`\${com\\pany}`, 'ACME'],
    [`\\\${company}`, 'ACME'],
    [`\\\\\${company}`, '\\ACME'],
  ];
  for (const [text, expected] of STRINGS)
    test(`§3: ${text}`, () => assert.equal(value(`set "company" "ACME"; set "r" "${text}";`), expected));

  const MODIFIERS: readonly (readonly [set: string, value: string])[] = [
    [`set "r" "\${a}";`, 'juMBlEd lETteRS'],
    [`set :length "r" "\${a}";`, '15'],
    [`set :lower "r" "\${a}";`, 'jumbled letters'],
    [`set :upperfirst "r" "\${a}";`, 'JuMBlEd lETteRS'],
    [`set :upperfirst :lower "r" "\${a}";`, 'Jumbled letters'],
    [`set :lower :upperfirst "r" "\${a}";`, 'Jumbled letters'],
    [`set :upper :lowerfirst "r" "\${a}";`, 'jUMBLED LETTERS'],
    ['set :length "r" "\u00e5\u{1f600}";', '2'],
    ['set :upper "r" "\u00e5a";', '\u00e5A'],
  ];
  for (const [set, expected] of MODIFIERS)
    test(`§4.1: ${set}`, () => assert.equal(value(`set "a" "juMBlEd lETteRS"; ${set}`), expected));

  test('§4.1.2: quoted wildcards match themselves', () => {
    assert.ok(holds('true', {}, 'variables'));
    const script = `require "variables"; set :quotewildcard "b" "Rock*"; if string :matches "Rock*" "\${b}" { discard; }`;
    assert.equal(done(script), 'discard');
    assert.equal(done(script.replace(`"Rock*" "\${b}"`, `"Rocky" "\${b}"`)), 'implicit keep');
  });

  test('§3.2: the last match that succeeded', () => {
    const subject = '[acme-users] [fwd] version 1.0 is out';
    const mail = `Subject: ${subject}\r\nTo: coyote@ACME.Example.COM\r\n\r\n`;
    assert.equal(
      value(`if header :matches "subject" "[*] *" { set "r" "\${1}|\${2}"; }`, mail),
      'acme-users|[fwd] version 1.0 is out',
    );
    assert.equal(
      value(`if header :matches "subject" "[*] *" {} if header :matches "to" "z*" {} set "r" "\${1}";`, mail),
      'acme-users',
    );
    assert.equal(
      value(
        `if address :matches ["To", "Cc"] ["coyote@**.com", "wile@**.com"] { set "r" "\${0}|\${1}|\${2}"; }`,
        mail,
      ),
      'coyote@ACME.Example.COM||ACME.Example',
    );
    assert.equal(
      value(`if anyof (true, address :domain :matches "To" "*.com") { set "r" "\${1}"; }`, mail),
      '',
    );
  });

  test('§5: string, and its count', () => {
    const requires = 'variables relational comparator-i;ascii-numeric';
    assert.ok(holds('string :matches " x " "*x*"', {}, requires));
    assert.ok(holds('string " x" "x"', {}, requires) === false);
    assert.ok(holds('string :count "eq" :comparator "i;ascii-numeric" ["", "a", "b"] "2"', {}, requires));
  });

  test('§6: a value that is too long is cut, never an error', () => {
    const script = `set "r" "0123456789"; ${`set "r" "\${r}\${r}";`.repeat(14)} set :length "r" "\${r}";`;
    assert.equal(value(script), '65536');
  });

  const REFUSED: readonly (readonly [script: string, message: RegExp])[] = [
    ['set "1" "x";', /constant of letters, digits/],
    ['set "a.b" "x";', /constant of letters, digits/],
    [`set "\${a}" "x";`, /constant of letters, digits/],
    ['set :lower :upper "a" "x";', /":upper" and ":lower" exclude each other/],
    [`set "a" "\${33}";`, /no match variables above/],
    [`set "a" "\${global.x}";`, /there are no variables "global.x"/],
    [`set "a" "\${vnd.x.y}";`, /there are no variables "vnd.x.y"/],
    ['set :encodeurl "a" "x";', /needs require "enotify"/],
  ];
  for (const [script, message] of REFUSED)
    test(`refused: ${script}`, () =>
      assert.throws(() => compileScript(`require "variables"; ${script}`), message));

  test('more variables than there may be', () => {
    const many = Array.from({ length: 129 }, (_, i) => `set "v${i}" "x";`).join('');
    assert.match(done(`require "variables"; ${many}`), /failed line 1: more than 128 variables/);
  });
});

describe('flags (RFC 5232)', () => {
  const SCRIPTS: readonly (readonly [script: string, done: string])[] = [
    ['setflag "\\\\Deleted";', 'implicit keep (\\Deleted)'],
    ['addflag "\\\\seen \\\\SEEN  $forwarded"; keep;', 'keep (\\Seen $Forwarded)'],
    ['addflag ["A", "b"]; removeflag "a"; fileinto "M";', 'fileinto M (b)'],
    ['addflag "A"; keep :flags "\\\\Flagged";', 'keep (\\Flagged)'],
    ['addflag "A"; keep :flags "";', 'keep'],
    ['keep :flags "\\\\Recent \\\\Bogus no(pe \u00e5 ok";', 'keep (ok)'],
    [`setflag "flagvar" "\\\\Flagged"; fileinto :flags "\${flagvar}" "M";`, 'fileinto M (\\Flagged)'],
    ['fileinto :flags "A" "M"; fileinto :flags "B" "M";', 'fileinto M (B)'],
    [`set "MyFlags" "\\\\Flagged $Work"; keep :flags "\${MyFlags}";`, 'keep (\\Flagged $Work)'],
  ];
  for (const [script, expected] of SCRIPTS)
    test(script, () =>
      assert.equal(
        done(`require ["imap4flags", "fileinto", "variables"]; ${script}`, { mailboxes: ['M'] }),
        expected,
      ),
    );

  const TESTS: readonly (readonly [before: string, test: string, isTrue: boolean])[] = [
    ['setflag "A B";', 'hasflag :is "b A"', true],
    ['setflag "A B";', 'hasflag ["b","A"]', true],
    ['setflag "A B";', 'hasflag "C"', false],
    [
      'set "MyVar" "NonJunk Junk gnus-forward $Forwarded NotJunk JunkRecorded $Junk $NotJunk";',
      'hasflag :contains "MyVar" "Junk"',
      true,
    ],
    ['set "MyVar" "NonJunk Junk gnus-forward";', 'hasflag :contains "MyVar" ["label", "forward"]', true],
    ['set "MyVar" "NonJunk Junk gnus-forward";', 'hasflag :contains "MyVar" "label"', false],
    ['set "MyFlags" "A B";', 'hasflag :count "ge" :comparator "i;ascii-numeric" "MyFlags" "2"', true],
    ['set "MyFlags" "A a";', 'hasflag :count "ge" :comparator "i;ascii-numeric" "MyFlags" "2"', false],
  ];
  for (const [before, text, isTrue] of TESTS)
    test(`§4: ${before} ${text}`, () => {
      const script = `require ["imap4flags", "variables", "relational", "comparator-i;ascii-numeric"]; ${before} if ${text} { discard; }`;
      assert.equal(done(script).startsWith('discard'), isTrue);
    });

  test('a variable needs variables', () => {
    assert.throws(() => compileScript('require "imap4flags"; setflag "v" "A";'), /need require "variables"/);
  });
});

describe('include (RFC 6609)', () => {
  const scripts = {
    'personal/one':
      'require ["include", "variables"]; global "a"; set "a" "set by one"; set "b" "own"; return; discard;',
    'personal/stops': 'stop;',
    'personal/loop': 'require "include"; include "loop";',
    'personal/deeper': 'require "include"; include :global "deeper";',
    'global/deeper': 'require "include"; include "deeper";',
    'personal/keeps': 'keep;',
  };
  const REQUIRE = 'require ["include", "variables", "fileinto", "mailbox"];';
  const SCRIPTS: readonly (readonly [script: string, done: string])[] = [
    [
      `global "a"; include "one"; fileinto :create "\${a}-\${b}-\${global.a}";`,
      'fileinto set by one--set by one create',
    ],
    [`include "one"; fileinto :create "x\${a}";`, 'fileinto x create'],
    ['include "stops"; discard;', 'implicit keep'],
    ['return; discard;', 'implicit keep'],
    ['include :optional "none"; keep;', 'keep'],
    ['include "none";', 'implicit keep, failed line 1: there is no personal script "none"'],
    ['include :global "none";', 'implicit keep, failed line 1: there is no global script "none"'],
    ['include "loop";', 'implicit keep, failed line 1: the script "loop" includes itself'],
    ['include "deeper";', 'implicit keep, failed line 1: the script "deeper" includes itself'],
    ['include :once "keeps"; include :once "keeps";', 'keep'],
  ];
  for (const [script, expected] of SCRIPTS)
    test(script, () => assert.equal(done(`${REQUIRE} ${script}`, { scripts }), expected));

  test('more often than may be', () => {
    assert.match(
      done(`${REQUIRE} ${'include "keeps";'.repeat(101)}`, { scripts }),
      /more than 100 times "include"/,
    );
  });

  test('deeper than may be', () => {
    const chain = Object.fromEntries(
      Array.from({ length: 12 }, (_, i) => [`personal/s${i}`, `require "include"; include "s${i + 1}";`]),
    );
    assert.match(done('require "include"; include "s0";', { scripts: chain }), /deeper than 10/);
  });

  test('global is for constant names', () => {
    assert.throws(
      () => compileScript('require ["include", "variables"]; global "a.b";'),
      /constant of letters/,
    );
    assert.throws(
      () => compileScript(`require ["include", "variables"]; include "\${a}";`),
      /constant string/,
    );
  });
});

describe('ihave (RFC 5463)', () => {
  const SCRIPTS: readonly (readonly [script: string, done: string])[] = [
    ['if ihave "fileinto" { fileinto "M"; }', 'fileinto M'],
    ['if ihave ["fileinto", "copy"] { fileinto :copy "M"; }', 'fileinto M, implicit keep'],
    ['if ihave "vnd.unknown" { frobnicate :x "M"; } else { keep; }', 'keep'],
    ['if ihave ["fileinto", "vnd.unknown"] { discard; } else { keep; }', 'keep'],
    ['frobnicate;', 'implicit keep, failed line 1: there is no command "frobnicate"'],
    ['if frobnicate {}', 'implicit keep, failed line 1: there is no test "frobnicate"'],
    ['if false { keep :frobnicate; }', 'implicit keep'],
    ['if ihave "variables" { discard; }', 'implicit keep'],
    ['if allof (ihave "comparator-x", header :comparator "x" "subject" "y") { discard; }', 'implicit keep'],
    [
      'if header :comparator "x" "subject" "y" {}',
      'implicit keep, failed line 1: there is no comparator "x"',
    ],
    [
      'if ihave "envelope" { if envelope "x" "y" {} }',
      'implicit keep, failed line 1: an envelope has no part "x"',
    ],
    ['if not ihave "vnd.unknown" { error "too old"; }', 'implicit keep, failed line 1: too old'],
  ];
  for (const [script, expected] of SCRIPTS)
    test(script, () => assert.equal(done(`require "ihave"; ${script}`, { mailboxes: ['M'] }), expected));
});

describe('filing (RFC 3894, 5490, 8579, 9042)', () => {
  const situation = {
    mailboxes: ['M', 'Spam'],
    ids: { F1: 'M' },
    specialUses: { Spam: '\\Junk' },
    metadata: { 'M:/private/comment': 'mine', '/private/x': 'y' },
  };
  const REQUIRE =
    'require ["fileinto", "copy", "mailbox", "special-use", "mailboxid", "imap4flags", "mboxmetadata", "servermetadata"];';
  const SCRIPTS: readonly (readonly [script: string, done: string])[] = [
    ['fileinto :copy "M";', 'fileinto M, implicit keep'],
    ['redirect :copy "a@example.org";', 'redirect a@example.org, implicit keep'],
    ['fileinto :create "New/One";', 'fileinto New/One create'],
    ['fileinto :create "M";', 'fileinto M create'],
    ['fileinto :specialuse "\\\\Junk" "M";', 'fileinto Spam'],
    ['fileinto :specialuse "\\\\Archive" "M";', 'fileinto M'],
    ['fileinto :specialuse "\\\\Archive" :create "Old";', 'fileinto Old create \\Archive'],
    ['fileinto :mailboxid "F1" "Gone";', 'fileinto M'],
    ['fileinto :mailboxid "F2" "Spam";', 'fileinto Spam'],
    ['if mailboxexists ["M", "Spam"] { discard; }', 'discard'],
    ['if mailboxexists ["M", "None"] { discard; }', 'implicit keep'],
    ['if mailboxidexists "F1" { discard; }', 'discard'],
    ['if mailboxidexists ["F1", "F2"] { discard; }', 'implicit keep'],
    ['if specialuse_exists "\\\\Junk" { discard; }', 'discard'],
    ['if specialuse_exists "M" "\\\\Junk" { discard; }', 'implicit keep'],
    ['if specialuse_exists "Spam" "\\\\Junk" { discard; }', 'discard'],
    ['if metadata :is "M" "/private/comment" "mine" { discard; }', 'discard'],
    ['if metadata :contains "Spam" "/private/comment" "" { discard; }', 'implicit keep'],
    ['if metadataexists "M" ["/private/comment"] { discard; }', 'discard'],
    ['if servermetadata :contains "/private/x" "Y" { discard; }', 'discard'],
    ['if servermetadataexists ["/private/x", "/private/z"] { discard; }', 'implicit keep'],
  ];
  for (const [script, expected] of SCRIPTS)
    test(script, () => assert.equal(done(`${REQUIRE} ${script}`, situation), expected));

  test('an id and a special use exclude each other', () => {
    assert.throws(
      () => compileScript(`${REQUIRE} fileinto :mailboxid "a" :specialuse "b" "c";`),
      /exclude each other/,
    );
  });
});
