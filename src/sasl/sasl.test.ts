import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { SaslStep } from './mechanism.ts';
import { findMechanism, MECHANISMS } from './mechanisms.ts';
import { plain } from './plain.ts';
import { allowsPlaintext } from './plaintext.ts';
import { isProhibited, prepareName, preparePassword } from './prepare.ts';

type Outcome = readonly [username: string, password: string] | 'malformed' | 'forbidden' | `? ${string}`;

const TERMS = { mayUsePlaintext: true, hasScram: false, bindings: undefined };

function outcome(step: SaslStep): Outcome {
  if (step.kind === 'challenge') return `? ${step.challenge.toString()}`;
  if (step.kind === 'failure') return step.failure;
  assert.ok(step.kind === 'credentials' && step.credentials.kind === 'password');
  return [step.credentials.username, step.credentials.password.reveal()];
}

// RFC 4616 §2 and §4; the last rows are what real clients and attackers send.
const PLAIN_ROWS: readonly (readonly [message: string | Buffer, expected: Outcome])[] = [
  ['\0tim\0tanstaaftanstaaf', ['tim', 'tanstaaftanstaaf']],
  ['Ursel\0Kurt\0xipj3plmq', 'forbidden'],
  ['tim\0tim\0secret', ['tim', 'secret']],
  ['TIM@example.com\0tim@example.com\0secret', ['tim@example.com', 'secret']],
  ['\0\0secret', 'malformed'],
  ['\0tim\0', 'malformed'],
  ['\0tim', 'malformed'],
  ['tim secret', 'malformed'],
  ['', 'malformed'],
  ['\0tim\0sec\0ret', 'malformed'],
  ['\0tim\0 secret with spaces ', ['tim', ' secret with spaces ']],
  ['\0ju\u0308rgen\0gru\u0308n', ['j\u00fcrgen', 'gr\u00fcn']],
  ['\0I\u00adX\0pass', ['IX', 'pass']],
  ['\0tim\0\u2168', ['tim', 'IX']],
  ['\0tim\u0007\0x', 'malformed'],
  ['\0tim\0bell\u0007', ['tim', 'bell\u0007']],
  ['\0\u00ad\0x', 'malformed'],
  [Buffer.from('\0tim\0\xff', 'latin1'), 'malformed'],
  [`\0tim\0${'x'.repeat(1024)}`, ['tim', 'x'.repeat(1024)]],
  [`\0tim\0${'x'.repeat(1025)}`, 'malformed'],
  [`\0${'x'.repeat(1025)}\0secret`, 'malformed'],
];

describe('PLAIN (RFC 4616)', () => {
  for (const [message, expected] of PLAIN_ROWS) {
    test(`${JSON.stringify(message.toString('utf8')).slice(0, 40)} -> ${JSON.stringify(expected).slice(0, 40)}`, () => {
      const bytes = Buffer.from(message as string);
      assert.deepEqual(outcome(plain.begin(TERMS).start(bytes)), expected);
      const later = plain.begin(TERMS);
      assert.equal(outcome(later.start()), '? ');
      assert.deepEqual(outcome(later.next(bytes)), expected);
    });
  }

  test('any bytes give an answer, never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        assert.notEqual(plain.begin(TERMS).start(Buffer.from(bytes)).kind, 'challenge');
      }),
    );
  });
});

describe('LOGIN (draft-murchison-sasl-login)', () => {
  const rows: readonly (readonly [answers: readonly (string | Buffer)[], expected: Outcome])[] = [
    [[], '? Username:'],
    [['tim'], '? Password:'],
    [
      ['tim', 'secret'],
      ['tim', 'secret'],
    ],
    [
      ['ju\u0308rgen', 'gru\u0308n'],
      ['j\u00fcrgen', 'gr\u00fcn'],
    ],
    [
      ['tim', Buffer.from('gr\xfcn', 'latin1')],
      ['tim', 'gr\u00fcn'],
    ],
    [['t\0im'], 'malformed'],
    [['x'.repeat(1025)], 'malformed'],
    [['tim', ''], 'malformed'],
    [['tim', 'x'.repeat(1025)], 'malformed'],
  ];
  for (const [answers, expected] of rows) {
    test(`${JSON.stringify(answers).slice(0, 40)} -> ${JSON.stringify(expected)}`, () => {
      const machine = findMechanism('login')?.begin(TERMS);
      assert.ok(machine);
      let step = machine.start();
      for (const answer of answers) step = machine.next(Buffer.from(answer as string));
      assert.deepEqual(outcome(step), expected);
      if (answers.length === 0) return;
      const early = findMechanism('LOGIN')?.begin(TERMS);
      step = early?.start(Buffer.from(answers[0] as string)) as SaslStep;
      for (const answer of answers.slice(1)) step = early?.next(Buffer.from(answer as string)) as SaslStep;
      assert.deepEqual(outcome(step), expected);
    });
  }

  test('an empty initial response asks for the name', () => {
    assert.equal(
      outcome(findMechanism('LOGIN')?.begin(TERMS).start(Buffer.alloc(0)) as SaslStep),
      '? Username:',
    );
  });
});

test('preparation is idempotent (RFC 4013 §2)', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (text) => {
      const once = preparePassword(text);
      assert.equal(preparePassword(once), once);
    }),
  );
});

test('what is prohibited, and what is mapped to something else before (RFC 4013 §2.3)', () => {
  for (const text of [
    '\x07',
    '\x7f',
    '\u0085',
    '\u200e',
    '\u2028',
    '\ue000',
    '\ufffe',
    '\ufffd',
    '\u{e0041}',
    '\ud800',
  ]) {
    assert.ok(isProhibited(text), JSON.stringify(text));
    assert.equal(prepareName(`a${text}b`), undefined);
  }
  for (const text of ['a b', 'gr\u00fcn', '\u00a0', '\u00ad', '\u200d', '\ufeff', '\u05d0', '\u{1f600}']) {
    assert.ok(!isProhibited(text), JSON.stringify(text));
  }
});

test('names are announced once, in upper case', () => {
  const names = MECHANISMS.map((mechanism) => mechanism.name);
  assert.deepEqual(names, [...new Set(names.map((name) => name.toUpperCase()))]);
  assert.equal(findMechanism('CRAM-MD5'), undefined);
});

test('passwords in the clear: over TLS always, else by the rule', () => {
  const near = { isSecure: false, isLoopback: true };
  const far = { isSecure: false, isLoopback: false };
  const table = (['never', 'loopback', 'always'] as const).map((rule) => [
    allowsPlaintext(rule, { isSecure: true, isLoopback: false }),
    allowsPlaintext(rule, near),
    allowsPlaintext(rule, far),
  ]);
  assert.deepEqual(table, [
    [true, false, false],
    [true, true, false],
    [true, true, true],
  ]);
});
