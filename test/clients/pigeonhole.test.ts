/**
 * Scripts and messages, made up and written by hand, as this server and as Pigeonhole of Dovecot understand them. Where the two differ for
 * a reason, the reason stands with the script; everything else is a fault of somebody's.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { compileScript } from '../../src/sieve/sieve.ts';
import { ScriptError } from '../../src/sieve/syntax/fault.ts';
import { runs } from '../kit/runs.ts';
import { run as runHere } from '../kit/sieve.ts';
import { Pigeonhole } from './pigeonhole.ts';
import { needs } from './program.ts';

const MAIL = [
  'Return-Path: <bo@example.org>',
  'Received: from mail.example.org (mail.example.org [192.0.2.1])',
  '\tby mail.example.com with ESMTP id 1; Tue, 1 Apr 2025 09:06:40 +0200',
  'Received: from pc.example.org by mail.example.org; Tue, 1 Apr 2025 09:06:31 +0200',
  'Date: Tue, 1 Apr 2025 09:06:31 +0200',
  'From: "Bo, the younger" <Bo+news@Example.ORG>',
  'To: Anna <anna+lists@example.com>, undisclosed: carl@example.net, "d d"@example.net;',
  'Cc:',
  'Subject: =?utf-8?Q?R=C3=A4ksm=C3=B6rg=C3=A5s?= and',
  ' =?iso-8859-1?Q?=E5=E4?= =?iso-8859-1?Q?=F6?= 42 apples',
  'X-Number: 0042',
  'X-Number: 7 dwarfs',
  'X-Empty:',
  'X-Stars: a*b?c\\d',
  'Message-ID: <1@example.org>',
  'MIME-Version: 1.0',
  'Content-Type: multipart/alternative; boundary="b"',
  '',
  '--b',
  'Content-Type: text/plain; charset=iso-8859-1',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  'The cost is 5 =A4, or so.',
  '--b',
  'Content-Type: text/html; charset=utf-8',
  'Content-Transfer-Encoding: base64',
  '',
  Buffer.from('<p>The <b>cost</b> is 5 €.</p>').toString('base64'),
  '--b--',
  '',
].join('\r\n');

const REQUIRES =
  'require ["fileinto", "imap4flags", "variables", "relational", "comparator-i;ascii-numeric", "subaddress", "envelope", "copy", "body", "date", "index", "mailbox", "environment", "regex", "reject", "vacation"];';
const ENVELOPE = { from: 'bo@example.org', to: 'anna+lists@example.com' };

let pigeonhole: Pigeonhole;

function here(script: string): string[] {
  try {
    compileScript(script);
  } catch (error) {
    if (error instanceof ScriptError) return ['no script'];
    throw error;
  }
  const { effects, failures } = runHere(script, {
    mail: MAIL,
    envelope: ENVELOPE,
    addresses: ['anna@example.com', 'anna+lists@example.com'],
    zoneMinutes: 0,
    mailboxes: ['INBOX', 'A', 'B', 'C'],
    items: new Map([['name', 'Brevduva']]),
  });
  if (failures.length > 0) return ['failed'];
  return effects
    .map((effect) => {
      switch (effect.kind) {
        case 'keep':
        case 'fileinto': {
          const { mailbox, flags } = effect.target;
          const shown = flags.map((one) => one.toLowerCase()).sort();
          const name = mailbox === 'INBOX' ? 'keep' : `fileinto ${mailbox}`;
          return `${name}${shown.length === 0 ? '' : ` (${shown.join(' ')})`}`;
        }
        case 'redirect':
          return `redirect ${effect.address}`;
        case 'reject':
        case 'ereject':
          return 'reject';
        default:
          return effect.kind;
      }
    })
    .sort();
}

async function same(script: string): Promise<void> {
  const opinion = await pigeonhole.ask(script, MAIL, ENVELOPE);
  const ours = here(script);
  const theirs = opinion.does.map((one) => (one.startsWith('failed') ? 'failed' : one));
  assert.deepEqual(ours, theirs, `${script}\n${opinion.said}`);
}

/** All at once: what holds is a keyword of the message. */
async function agreeOn(tests: readonly string[]): Promise<void> {
  for (let at = 0; at < tests.length; at += 40) {
    const some = tests.slice(at, at + 40);
    const script = `${REQUIRES}\n${some.map((one, i) => `if ${one} { addflag "t${i}"; }`).join('\n')}\nkeep;\n`;
    const opinion = await pigeonhole.ask(script, MAIL, ENVELOPE);
    assert.match(opinion.does.join(), /^keep/, `${script}\n${opinion.said}`);
    const [ours, theirs] = [here(script), opinion.does].map(
      (does) => new Set(does.join().match(/t\d+/g) ?? []),
    );
    const differing = some.filter((_, i) => ours?.has(`t${i}`) !== theirs?.has(`t${i}`));
    assert.deepEqual(differing, [], `ours: ${here(script).join()}\n${opinion.said.slice(0, 2000)}`);
  }
}

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
const textOf = (words: readonly string[]): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...words), { maxLength: 4 }).map((chosen) => chosen.join(''));
const WORDS = [
  'a',
  'o',
  'apples',
  'Bo',
  'news',
  'example',
  '.',
  '@',
  'org',
  'com',
  'å',
  'ä',
  ' ',
  '42',
  'r',
  'X',
  'and',
];
/** Without what Pigeonhole finds where it is not, which stands among the differences. */
const key = textOf([...WORDS, '*', '?', '\\*', '\\?']).filter((text) => !/\?.*\*/.test(text));
const number = fc.constantFrom('0', '1', '2', '7', '42', '0042', '43', 'x', '');
const relation = fc.constantFrom('gt', 'ge', 'lt', 'le', 'eq', 'ne');
const comparator = fc.constantFrom('', ' :comparator "i;octet"', ' :comparator "i;ascii-casemap"');
const NUMERIC = ':comparator "i;ascii-numeric"';

/** How it matches, and with what. */
type How = readonly [tags: string, key: string];
const matching: fc.Arbitrary<How> = fc
  .tuple(fc.constantFrom(':is', ':contains', ':matches'), comparator, key)
  .map(([type, order, text]): How => [`${type}${order}`, text]);
const ordering: fc.Arbitrary<How> = fc
  .tuple(relation, fc.constantFrom(' :comparator "i;octet"', ' :comparator "i;ascii-casemap"'), textOf(WORDS))
  .map(([how, order, text]): How => [`:value "${how}"${order}`, text]);
const comparing: fc.Arbitrary<How> = fc
  .tuple(relation, number)
  .map(([how, text]): How => [`:value "${how}" ${NUMERIC}`, text]);
const counting: fc.Arbitrary<How> = fc
  .tuple(relation, number)
  .map(([how, text]): How => [`:count "${how}" ${NUMERIC}`, text]);
const one = fc.oneof(matching, ordering, comparing);
const any = fc.oneof(matching, ordering, comparing, counting);

/** Without a comparator `string` knows case there, which stands among the differences. */
const named = (how: string): string =>
  how.includes(':comparator') ? how : `${how} :comparator "i;ascii-casemap"`;

const field = fc.constantFrom(
  'subject',
  'Subject',
  'x-number',
  'x-empty',
  'x-none',
  'x-stars',
  'cc',
  'to',
  'from',
);
const part = fc.constantFrom('', ':all', ':localpart', ':domain', ':user', ':detail');
const index = fc.constantFrom(':index 1', ':index 2', ':index 1 :last', ':index 3');
const atom: fc.Arbitrary<string> = fc.oneof(
  fc.tuple(any, field).map(([[how, text], name]) => `header ${how} ${quoted(name)} ${quoted(text)}`),
  fc
    .tuple(index, one, field)
    .map(([which, [how, text], name]) => `header ${which} ${how} ${quoted(name)} ${quoted(text)}`),
  fc
    .tuple(any, field, field, key)
    .map(
      ([[how, text], a, b, other]) =>
        `header ${how} [${quoted(a)}, ${quoted(b)}] [${quoted(text)}, ${quoted(how.includes(':value') ? text : other)}]`,
    ),
  fc
    .tuple(part, any, fc.constantFrom('from', 'to'))
    .map(([which, [how, text], name]) => `address ${which} ${how} "${name}" ${quoted(text)}`),
  fc
    .tuple(part, any, fc.constantFrom('from', 'to'))
    .map(([which, [how, text], name]) => `envelope ${which} ${how} "${name}" ${quoted(text)}`),
  fc.array(field, { minLength: 1, maxLength: 3 }).map((names) => `exists [${names.map(quoted).join(', ')}]`),
  fc
    .tuple(
      fc.constantFrom('over', 'under'),
      fc.constantFrom('0', '1K', String(Buffer.byteLength(MAIL)), '1M'),
    )
    .map(([how, size]) => `size :${how} ${size}`),
  fc
    .tuple(any, textOf(WORDS))
    .map(([[how, text], source]) => `string ${named(how)} ${quoted(source)} ${quoted(text)}`),
  fc.constantFrom('true', 'false', 'not true'),
);
const tree: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: atom },
  { weight: 1, arbitrary: atom.map((inner) => `not ${inner}`) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('anyof', 'allof'), fc.array(atom, { minLength: 1, maxLength: 3 }))
      .map(([of, all]) => `${of} (${all.join(', ')})`),
  },
);

/** Written by hand, one a line: what generated ones hardly meet, and whole scripts. */
const [TESTS = [], SCRIPTS = []] = readFileSync(join(import.meta.dirname, 'sieve-agreement.txt'), 'utf8')
  .split('\n\n')
  .map((block) => block.split('\n').filter((line) => line !== '' && !line.startsWith('# ')));

/** Where Pigeonhole 0.5.19 is of another opinion: the script, what it does here, what there, and why this server stays with it. */
const DIFFERENCES: readonly (readonly [script: string, here: string, there: string, why: string])[] = [
  [
    'if address :count "eq" :comparator "i;ascii-numeric" "cc" "0" { discard; }',
    'discard',
    'keep',
    'RFC 5228 §5.1, RFC 5231 §4.2: an empty field has no address, and nothing is counted',
  ],
  [
    'if header :index 1 :count "eq" :comparator "i;ascii-numeric" "to" "1" { discard; }',
    'discard',
    'keep',
    'RFC 5260 §6: the test is of that one field, which is there',
  ],
  [
    'if string :value "lt" :comparator "i;ascii-casemap" "a" "_" { discard; }',
    'discard',
    'keep',
    'RFC 4790 §9.2.1: letters are compared as capitals, which stand before the underscore',
  ],
  [
    'if string :value "gt" "a" "B" { keep; } else { discard; }',
    'discard',
    'keep',
    'RFC 5228 §2.7.3: who names no comparator means the one that knows no case',
  ],
  [
    'if date :index 2 :originalzone "received" "second" "31" { discard; }',
    'discard',
    'keep',
    'RFC 5228 §2.6.2: tags come in any order',
  ],
  [
    'if envelope :localpart :matches "from" "?.r*" { discard; }',
    'keep',
    'discard',
    'RFC 5228 §2.7.1: it has no point, but Pigeonhole forgets what stands between a question mark and the first star',
  ],
  ['fileinto "inbox";', 'keep', 'fileinto inbox', 'RFC 9051 §5.1: INBOX is one name in every spelling'],
];

describe('Pigeonhole', { ...needs('sieve-test'), timeout: 240_000 }, () => {
  before(async () => {
    pigeonhole = await Pigeonhole.open();
  });
  after(() => pigeonhole.close());

  test('tests that are made up find the same', async () => {
    const forty = fc.array(tree, { minLength: 40, maxLength: 40 });
    await fc.assert(fc.asyncProperty(forty, agreeOn), { numRuns: runs(12), endOnFailure: true });
  });

  test('tests written by hand', () => agreeOn(TESTS));

  for (const script of SCRIPTS) test(script.slice(0, 90), () => same(`${REQUIRES}\n${script}`));

  for (const [script, ours, theirs, why] of DIFFERENCES)
    test(`not the same: ${why}`, async () => {
      const whole = `${REQUIRES}\n${script}`;
      const { does } = await pigeonhole.ask(whole, MAIL, ENVELOPE);
      assert.deepEqual([here(whole), does], [[ours], [theirs]]);
    });
});
