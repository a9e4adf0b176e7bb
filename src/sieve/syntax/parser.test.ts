import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ScriptError } from './fault.ts';
import { parseScript, scriptText } from './parser.ts';
import { printScript } from './print.ts';
import type { Phrase, Statement } from './tree.ts';

/** Strings of the first command, each with its escapes undone. */
function stringsOf(script: string): string[] {
  const [command] = parseScript(script);
  return (command?.args ?? []).flatMap((a) => (a.kind === 'strings' ? a.strings.map((s) => s.text) : []));
}

describe('tokens of RFC 5228 §8.1', () => {
  const STRINGS: readonly (readonly [script: string, strings: readonly string[]])[] = [
    ['a "x" "";', ['x', '']],
    [String.raw`a "q\"b\\c\o";`, ['q"b\\co']],
    ['a "two\r\nlines";', ['two\r\nlines']],
    ['a "two\nlines";', ['two\r\nlines']],
    ['a text:\r\nHello\r\n..dot\r\n.x\r\n.\r\n;', ['Hello\r\n.dot\r\n.x\r\n']],
    ['a TEXT:  # why\nHello\n.\n;', ['Hello\r\n']],
    ['a text:\r\n.\r\n;', ['']],
    ['a text: \r\n"quoted" \\ # no comment\r\n.\r\n;', ['"quoted" \\ # no comment\r\n']],
    ['a ["x", "y" , "z"];', ['x', 'y', 'z']],
    ['a /* "no" */ "yes" # "no"\r\n;', ['yes']],
    ['a /**/ /***/ /* * / */ "yes";', ['yes']],
    ['\ufeffa "mark";', ['mark']],
    ['a "\u00e5\u{1f600}";', ['\u00e5\u{1f600}']],
  ];
  for (const [script, strings] of STRINGS)
    test(JSON.stringify(script), () => assert.deepEqual(stringsOf(script), strings));

  test('numbers with quantifiers (RFC 5228 §2.4.1)', () => {
    const [command] = parseScript('a 0 007 1K 2m 3G;');
    assert.deepEqual(
      command?.args.map((a) => a.kind === 'number' && a.value),
      [0, 7, 1024, 2 * 1024 ** 2, 3 * 1024 ** 3],
    );
  });

  test('identifiers and tags have no case', () => {
    const [command] = parseScript('KeeP :FlagS "A";');
    assert.equal(command?.name, 'keep');
    assert.deepEqual(
      command?.args.map((a) => a.kind === 'tag' && a.name),
      ['flags', false],
    );
  });
});

describe('errors say where and what was expected', () => {
  const REFUSED: readonly (readonly [script: string, message: string])[] = [
    ['keep', 'line 1, column 5: expected ";" or "{" to end "keep", found the end of the script'],
    ['keep;\r\n  }', 'line 2, column 3: expected a command, found "}"'],
    [
      'if true {\nkeep;',
      'line 2, column 6: expected a command or "}" to close the block of "if", found the end of the script',
    ],
    ['a "x', 'line 1, column 3: the string is never closed with "'],
    ['a text:\r\nhello\r\n', 'line 1, column 3: the text: is never closed by a line with a single dot'],
    ['a text:\r\nhello\r\n. \r\n', 'line 1, column 3: the text: is never closed by a line with a single dot'],
    ['/* never', 'line 1, column 1: the comment is never closed with */'],
    ['a 1x;', 'line 1, column 3: "1x" is no number; only K, M or G may follow the digits'],
    ['a 5G;', 'line 1, column 3: the number is larger than 4294967295'],
    ['a : b;', 'line 1, column 3: a tag is missing behind the colon'],
    ['a [];', 'line 1, column 4: expected a string, found "]"'],
    ['a ["x" "y"];', 'line 1, column 8: expected "," or "]" in the list of strings, found a string'],
    ['if anyof () {}', 'line 1, column 11: expected a test, found ")"'],
    ['if anyof (true {}', 'line 1, column 16: expected "," or ")" in the list of tests, found "{"'],
    ['\u00e5;', 'line 1, column 1: unexpected U+00E5'],
    ['a @;', 'line 1, column 3: unexpected "@"'],
    ['a "\0";', 'line 1, column 3: a NUL in a string'],
    ['a "x\ry";', 'line 1, column 3: a CR without its LF in a string'],
    ['a\rb;', 'line 1, column 2: unexpected U+000D'],
  ];
  for (const [script, message] of REFUSED)
    test(JSON.stringify(script), () =>
      assert.throws(() => parseScript(script), { name: 'ScriptError', message }),
    );

  test('octets that are not UTF-8', () => {
    const octets = Buffer.concat([Buffer.from('keep;\r\n# '), Buffer.from([0xe5, 0x0a])]);
    assert.throws(() => scriptText(octets), { message: 'line 2, column 1: this line is not UTF-8' });
  });
});

describe('limits', () => {
  const HOSTILE: readonly (readonly [what: string, script: string, message: RegExp])[] = [
    ['blocks', 'if true {'.repeat(100_000), /blocks nest deeper than 32/],
    ['tests', `if ${'not '.repeat(100_000)}true {}`, /tests nest deeper than 32/],
    ['test lists', `if ${'allof('.repeat(100_000)}`, /tests nest deeper than 32/],
    ['commands', 'keep;'.repeat(20_000), /more than 10000 commands/],
    ['strings', `a [${'"",'.repeat(20_000)}""];`, /more than 10000 commands/],
    ['octets', ' '.repeat(1024 * 1024 + 1), /longer than 1048576 octets/],
    ['a word', `${'a'.repeat(1000)};`, /a word of more than 256 letters/],
  ];
  for (const [what, script, message] of HOSTILE)
    test(what, () => assert.throws(() => parseScript(script), message));

  test('a million lines are counted once', () => {
    const started = performance.now();
    const commands = parseScript(`${'\n'.repeat(900_000)}${'a;\n'.repeat(9999)}`);
    assert.deepEqual(commands.at(-1)?.place, { line: 909_999, column: 1 });
    assert.ok(performance.now() - started < 2000);
  });
});

test('a line of a million characters is searched once', () => {
  const started = performance.now();
  parseScript(`${'a;'.repeat(9999)}#${' '.repeat(1_000_000)}`);
  assert.ok(performance.now() - started < 2000);
});

describe('properties', () => {
  const runs = 300 * Number(process.env.BREVDUVA_TEST_FUZZ ?? 1);
  const seed = process.env.BREVDUVA_TEST_SEED;
  const parameters = { numRuns: runs, ...(seed !== undefined && { seed: Number(seed) }) };
  const PIECES = [
    'if',
    'keep',
    'true',
    ':is',
    '"',
    '\\',
    '[',
    ']',
    '(',
    ')',
    '{',
    '}',
    ',',
    ';',
    '/*',
    '*/',
    '#',
    '\r\n',
    '\n',
    '\r',
    '\0',
    'text:',
    '.',
    '..',
    ' ',
    '1',
    'K',
    '9999999999',
    '\u00e5',
    '${',
    '}',
    '\ud800',
    'anyof',
    'not',
  ];

  test('any text parses or is refused with a place', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.constantFrom(...PIECES)).map((p) => p.join('')),
    );
    fc.assert(
      fc.property(text, (script) => {
        try {
          parseScript(script);
        } catch (error) {
          assert.ok(error instanceof ScriptError, String(error));
          assert.ok(error.place.line >= 1 && error.place.column >= 1);
        }
      }),
      parameters,
    );
  });

  test('what is printed parses to the same', () => {
    fc.assert(
      fc.property(scripts(), (script) => {
        assert.deepEqual(parseScript(printScript(script)).map(withoutPlaces), script.map(withoutPlaces));
      }),
      parameters,
    );
  });
});

const PLACE = { line: 1, column: 1 };

function scripts(): fc.Arbitrary<readonly Statement[]> {
  const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,8}$/).filter((word) => word !== 'text');
  const string = fc
    .string({
      unit: fc.oneof(
        fc.constantFrom('"', '\\', '\r\n', '.', 'a', '\u{1f600}'),
        fc.string({ minLength: 1, maxLength: 1 }),
      ),
    })
    .map((text) => ({ text: text.replace(/\0|\r(?!\n)|(?<!\r)\n/g, ''), place: PLACE }));
  const argument = fc.oneof(
    fc.record({
      kind: fc.constant('number' as const),
      value: fc.oneof(
        fc.nat(),
        fc.nat(4095).map((n) => n * 1024),
        fc.nat(3).map((n) => n * 1024 ** 3),
      ),
      place: fc.constant(PLACE),
    }),
    fc.record({ kind: fc.constant('tag' as const), name, place: fc.constant(PLACE) }),
    string.map((one) => ({ kind: 'strings' as const, strings: [one], isList: false, place: PLACE })),
    fc
      .array(string, { minLength: 1, maxLength: 3 })
      .map((strings) => ({ kind: 'strings' as const, strings, isList: true, place: PLACE })),
  );
  const args = fc.array(argument, { maxLength: 3 });
  const phrase = (depth: number): fc.Arbitrary<Phrase> =>
    fc
      .tuple(
        name,
        args,
        depth === 0 ? fc.constant([]) : fc.array(phrase(depth - 1), { maxLength: 2 }),
        fc.boolean(),
      )
      .map(([word, list, tests, isList]) => ({
        name: word,
        place: PLACE,
        args: list,
        tests,
        isTestList: tests.length > 1 || (tests.length === 1 && isList),
      }));
  const commands = (depth: number): fc.Arbitrary<readonly Statement[]> => {
    const block = depth === 0 ? fc.constant([]) : commands(depth - 1);
    const command = fc
      .tuple(phrase(2), fc.option(block, { nil: undefined }))
      .map(([head, inner]) => ({ ...head, block: inner }));
    return fc.array(command, { maxLength: 3 });
  };
  return commands(3);
}

function withoutPlaces(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner) => (key === 'place' ? undefined : inner)));
}
