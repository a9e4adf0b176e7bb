/** Scripts and messages that mean harm, and what must be true of any: it ends, within its budget, and no mail is lost. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { done, environmentOf, run, type Situation } from '../../test/kit/sieve.ts';
import { TimeSlice } from '../base/time-slice.ts';
import { LIMITS } from './run/limits.ts';
import { CAPABILITIES, compileScript, runScripts } from './sieve.ts';
import { ScriptError } from './syntax/fault.ts';

const REQUIRE = `require ["${CAPABILITIES.join('", "')}"];`;

describe('bombs', () => {
  const long = 'a'.repeat(200_000);
  const mail = `Subject: ${long}\r\nX-A: ${'a'.repeat(60_000)}!\r\n\r\n${long}`;
  const many = (count: number, text: string): string => text.repeat(count);
  const BOMBS: readonly (readonly [what: string, script: string])[] = [
    ['stars', many(20, `if header :matches "subject" "${'*a'.repeat(500)}*b" {}`)],
    ['stars and a long word', many(20, `if header :matches "subject" "*${'a'.repeat(900)}b*" {}`)],
    [
      'a key that nearly matches',
      `if header :contains "subject" [${many(100, `"${'a'.repeat(1000)}b",`)} "c"] {}`,
    ],
    ['regular expressions', many(20, 'if header :regex "x-a" "^((a+)+)+$" {}')],
    ['regular expressions with many ways', many(50, `if header :regex "x-a" "${'(a|a)?'.repeat(60)}b" {}`)],
    [
      'regular expressions that are written out',
      many(100, `if string :regex "a" ["(a{100}b{100}){9}", "\${1}"] {}`),
    ],
    ['doubling', `set "v" "x"; ${many(2000, `set "v" "\${v}\${v}\${v}\${v}";`)}`],
    [
      'doubling into a test',
      `set "v" "x"; ${many(20, `set "v" "\${v}\${v}";`)} ${many(500, `if string :contains "\${v}" "\${v}\${v}" {}`)}`,
    ],
    [
      'a string of references',
      `set "v" "${'x'.repeat(60_000)}"; if string "${'$'}{v}" "${`\${v}`.repeat(200_000)}" {}`,
    ],
    ['many values and keys', `if string [${many(900, '"a",')} "b"] [${many(900, '"c",')} "d"] {}`],
    ['bodies', many(500, 'if body :raw :contains "zzz" {}')],
    ['header edits', many(1000, 'addheader "a" "b"; deleteheader "a";')],
    ['replacing', many(500, 'replace "x";')],
    ['enclosing', many(100, 'enclose "x";')],
    ['actions', Array.from({ length: 200 }, (_, i) => `fileinto :create "m${i}";`).join('')],
  ];
  for (const [what, script] of BOMBS)
    test(what, () => {
      const started = performance.now();
      const { effects, spent } = run(`${REQUIRE} ${script}`, { mail });
      const tookMs = performance.now() - started;
      assert.ok(effects.some(({ kind }) => kind === 'keep' || kind === 'fileinto'));
      // What goes over the budget is known when it has been counted: one search, or one copy of the message.
      assert.ok(
        spent.octets <= LIMITS.octets + 1024 * 1024 && spent.steps <= LIMITS.steps + 1,
        JSON.stringify(spent),
      );
      assert.ok(tookMs < 5000, `${tookMs} ms`);
    });

  test('loops over thousands of parts in loops', () => {
    const parts = `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(5000)}--b--\r\n`;
    const script = `${REQUIRE} foreverypart { if header :mime :anychild :contains "content-type" "x" {} if body :contains "y" {} }`;
    const { spent, effects } = run(script, { mail: parts });
    assert.ok(effects.some(({ kind }) => kind === 'keep'));
    assert.ok(spent.steps <= LIMITS.steps + 1);
  });

  test('others get the event loop while it runs', async () => {
    const script = compileScript(`${REQUIRE} ${many(20, 'if header :regex "x-a" "^((a+)+)+$" {}')}`);
    const slice = new TimeSlice();
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns++;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    await runScripts([script], environmentOf({ mail }), { pause: () => slice.spent() });
    isOver = true;
    assert.ok(turns > 3, String(turns));
  });
});

test('what the environment throws comes through, and a promise is waited for', async () => {
  const script = compileScript('require "fileinto"; fileinto "M";');
  const environment = environmentOf();
  const later = {
    ...environment.mailboxes,
    exists: () => new Promise<boolean>((resolve) => setImmediate(resolve, true)),
  };
  const { effects } = await runScripts([script], { ...environment, mailboxes: later });
  assert.equal(effects[0]?.kind === 'fileinto' && effects[0].target.mailbox, 'M');
  const broken = { ...environment.mailboxes, exists: () => Promise.reject(new Error('disk')) };
  await assert.rejects(runScripts([script], { ...environment, mailboxes: broken }), /disk/);
});

describe('properties', () => {
  const runs = 300 * Number(process.env.BREVDUVA_TEST_FUZZ ?? 1);
  const seed = process.env.BREVDUVA_TEST_SEED;
  const parameters = { numRuns: runs, ...(seed !== undefined && { seed: Number(seed) }) };
  const TESTS = [
    'true',
    'false',
    'header :contains "subject" "x"',
    'address :matches "from" "*@*"',
    'exists ["from", "x"]',
    'size :over 10K',
    'envelope :detail "to" "x"',
    'body :contains "anvil"',
    'date "date" "hour" "09"',
    'currentdate "year" "2026"',
    'hasflag "a"',
    `string "\${a}" "x"`,
    'mailboxexists "M"',
    'duplicate',
    'header :regex "subject" "(a)(b|c)*"',
    'ihave "copy"',
    'environment "x" "y"',
    'header :mime :anychild :type "content-type" "text"',
    'spamtest :value "gt" :comparator "i;ascii-numeric" "5"',
    'metadata "M" "/x" "y"',
    `valid_notify_method "mailto:\${a}"`,
    `valid_ext_list "\${a}"`,
    'header :list "from" "l"',
  ];
  const COMMANDS = [
    'keep;',
    'discard;',
    'stop;',
    'fileinto "M";',
    `fileinto :copy :create "\${a}";`,
    'redirect "a@example.org";',
    `redirect "\${a}";`,
    'reject "no";',
    'vacation "away";',
    `vacation :fcc "M" "\${a}";`,
    'setflag "\\\\Seen";',
    `addflag "v" "\${a}";`,
    `set "a" "\${a}x\${1}";`,
    'set "a" "M";',
    `addheader "X-A" "\${a}";`,
    'deleteheader "subject";',
    `replace "\${a}";`,
    'enclose "x";',
    'notify "mailto:a@example.org";',
    'include "p";',
    'return;',
    `error "\${a}";`,
    'extracttext "a";',
    `foreverypart { set "a" "\${a}p"; replace "x"; }`,
    'foreverypart { break; }',
  ];

  const script = (depth: number): fc.Arbitrary<string> => {
    const simple = fc.constantFrom(...COMMANDS);
    const branch = fc
      .tuple(fc.constantFrom(...TESTS), depth === 0 ? simple : script(depth - 1), fc.boolean(), simple)
      .map(([one, inner, isNot, other]) => `if ${isNot ? 'not ' : ''}${one} { ${inner} } else { ${other} }`);
    return fc.array(fc.oneof(simple, branch), { maxLength: 4 }).map((all) => all.join(' '));
  };

  test('whatever a script does, the message is somewhere, or somebody said that it shall not be', () => {
    const situation: Situation = {
      mailboxes: ['M'],
      lists: { l: [] },
      scripts: { 'personal/p': 'require "fileinto"; fileinto "M";' },
    };
    fc.assert(
      fc.property(fc.array(script(2), { minLength: 1, maxLength: 2 }), (bodies) => {
        const scripts = bodies.map((body) => `${REQUIRE} ${body}`);
        let outcome: ReturnType<typeof run>;
        try {
          outcome = run(scripts, situation);
        } catch (error) {
          assert.ok(error instanceof ScriptError, String(error));
          return;
        }
        const kinds = outcome.effects.map(({ kind }) => kind);
        const isKept = kinds.some((kind) => kind === 'keep' || kind === 'fileinto');
        assert.ok(
          isKept || kinds.includes('discard') || kinds.includes('reject') || kinds.includes('redirect'),
          kinds.join(),
        );
        if (outcome.failures.length > 0)
          assert.ok(
            outcome.effects.some(
              (one) => (one.kind === 'keep' || one.kind === 'fileinto') && one.target.mailbox === 'INBOX',
            ),
          );
        if (kinds.includes('reject'))
          assert.ok(!isKept && !kinds.includes('vacation') && !kinds.includes('redirect'));
        const named = outcome.effects.flatMap((one) =>
          one.kind === 'keep' || one.kind === 'fileinto' ? [one.target.mailbox] : [],
        );
        assert.equal(new Set(named).size, named.length);
      }),
      parameters,
    );
  });

  test('any message, any octets', () => {
    const scripts = TESTS.map((one) => `if ${one} { addheader "x" "y"; }`).join(' ');
    const text = `${REQUIRE} ${scripts} foreverypart { extracttext "a"; }`;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (octets, isHeader) => {
        const mail = Buffer.concat([
          Buffer.from(isHeader ? 'Content-Type: multipart/mixed; boundary=b\r\n' : '\r\n'),
          octets,
        ]);
        assert.match(done(text, { mail, lists: { l: [], '': [] } }), /^implicit keep$/);
      }),
      parameters,
    );
  });

  test('any text compiles or is refused with its place', () => {
    const words = [
      ...TESTS,
      ...COMMANDS,
      'if',
      'elsif',
      'else',
      '{',
      '}',
      ';',
      '(',
      ')',
      'anyof',
      'not',
      ':copy',
      ':regex',
      '"("',
      '["a"]',
      '5',
      'require "copy";',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { maxLength: 12 }), (list) => {
        try {
          compileScript(`${REQUIRE} ${list.join(' ')}`);
        } catch (error) {
          assert.ok(error instanceof ScriptError, String(error));
        }
      }),
      parameters,
    );
  });
});

test('the page about rules names everything that can be required', () => {
  const page = readFileSync(new URL('../../docs/RULES.md', import.meta.url), 'utf8');
  assert.deepEqual(
    CAPABILITIES.filter((word) => !page.includes(`\`${word}\``)),
    [],
  );
});
