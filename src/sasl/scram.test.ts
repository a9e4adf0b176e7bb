import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ScramClient } from '../../test/kit/scram-client.ts';
import type { SaslStep } from './mechanism.ts';
import { offeredMechanisms } from './mechanisms.ts';
import { ScramMachine, type ScramOptions } from './scram.ts';
import { type AccountKeys, deriveScramKeys, type ScramHash } from './scram-keys.ts';
import { parseClientFinal, parseClientFirst } from './scram-message.ts';

const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');

async function keysFor(hash: ScramHash, passwords: readonly string[], terms = { salt, iterations: 4096 }) {
  const candidates = passwords.map(async (password, at) => ({
    ...{ credential: at + 1 },
    ...(await deriveScramKeys(hash, password, terms)),
  }));
  return { ...terms, candidates: await Promise.all(candidates) };
}

const kindOf = (step: SaslStep): string => (step.kind === 'failure' ? step.failure : step.kind);

/** What a machine says to a client's messages; keys are given when they are wanted. */
function run(options: Partial<ScramOptions>, keys: AccountKeys, messages: readonly string[]): SaslStep {
  const machine = new ScramMachine({ hash: 'sha256', isPlus: false, bindings: undefined, ...options });
  let step = machine.start();
  for (const message of messages) {
    step = machine.next(Buffer.from(message));
    if (step.kind === 'keys-wanted') step = machine.useKeys(keys);
  }
  return step;
}

describe('the examples of the RFCs', () => {
  const rows = [
    {
      // RFC 5802 §5
      hash: 'sha1' as const,
      terms: { salt: Buffer.from('QSXCR+Q6sek8bf92', 'base64'), iterations: 4096 },
      nonce: '3rfcNHYJY1ZVvWVs7j',
      first: 'n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL',
      challenge: 'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096',
      final: 'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
      last: 'v=rmF9pqV8S7suAoZWja4dJRkFsKQ=',
    },
    {
      // RFC 7677 §3
      hash: 'sha256' as const,
      terms: { salt, iterations: 4096 },
      nonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
      first: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
      challenge: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
      final:
        'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
      last: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
    },
  ];
  for (const { hash, terms, nonce, first, challenge, final, last } of rows) {
    test(hash, async () => {
      const keys = await keysFor(hash, ['other', 'pencil', 'third'], terms);
      const asked = run({ hash, nonce }, keys, [first]);
      assert.ok(asked.kind === 'challenge' && asked.challenge.toString() === challenge);
      const step = run({ hash, nonce }, keys, [first, final]);
      assert.ok(step.kind === 'credentials' && step.credentials.kind === 'proof');
      assert.equal(step.credentials.username, 'user');
      assert.equal(step.credentials.proven?.credential, 2);
      assert.equal(step.whenGood?.toString(), last);
      const wrong = run({ hash, nonce }, await keysFor(hash, ['other'], terms), [first, final]);
      assert.ok(wrong.kind === 'credentials' && wrong.credentials.kind === 'proof');
      assert.deepEqual([wrong.credentials.proven, wrong.whenGood], [undefined, undefined]);
      const nobody = run({ hash, nonce }, { ...terms, candidates: [] }, [first, final]);
      assert.deepEqual(nobody, wrong);
    });
  }
});

describe('channel binding (RFC 5802 §6)', () => {
  const octets = Buffer.from('only these two ends');
  const bindings = (type: string) => (type === 'tls-exporter' ? octets : undefined);
  const client = (gs2Header: string, binding = octets) =>
    new ScramClient({ hash: 'sha256', username: 'user', password: 'pencil', gs2Header, binding, nonce: 'n' });

  async function outcome(options: Partial<ScramOptions>, who: ScramClient): Promise<string> {
    const keys = await keysFor('sha256', ['pencil']);
    const asked = run({ nonce: 's', ...options }, keys, [who.first().toString()]);
    if (asked.kind !== 'challenge') return kindOf(asked);
    const step = run({ nonce: 's', ...options }, keys, [
      who.first().toString(),
      who.final(asked.challenge).toString(),
    ]);
    return step.kind === 'credentials' && step.whenGood !== undefined ? 'good' : kindOf(step);
  }

  const none = Buffer.alloc(0);
  test('what is bound must be this connection', async () => {
    const plus = { isPlus: true, bindings };
    assert.equal(await outcome(plus, client('p=tls-exporter,,')), 'good');
    assert.equal(await outcome(plus, client('p=tls-exporter,a=user,')), 'good');
    assert.equal(
      await outcome(plus, client('p=tls-exporter,,', Buffer.from('another connection!'))),
      'forbidden',
    );
    assert.equal(await outcome(plus, client('p=tls-unique,,')), 'malformed');
    assert.equal(await outcome(plus, client('p=tls-server-end-point,,')), 'malformed');
    assert.equal(await outcome(plus, client('n,,', none)), 'malformed');
  });

  test('a client that was told that there is none, where there is, is told so', async () => {
    assert.equal(await outcome({ bindings }, client('y,,', none)), 'forbidden');
    assert.equal(await outcome({ bindings: undefined }, client('y,,', none)), 'good');
    assert.equal(await outcome({ bindings }, client('n,,', none)), 'good');
    assert.equal(await outcome({ bindings }, client('p=tls-exporter,,')), 'malformed');
  });
});

describe('messages (RFC 5802 §7)', () => {
  const keys = { salt, iterations: 4096, candidates: [] };
  const rows: readonly (readonly [messages: readonly string[], expected: string])[] = [
    [['n,,n=user,r=abc'], 'challenge'],
    [['n,a=user,n=user,r=abc'], 'challenge'],
    [['n,a=USER,n=user,r=abc'], 'challenge'],
    [['n,a=other,n=user,r=abc'], 'forbidden'],
    [['n,,n=us=2Cer=3D,r=abc,x=more,y=again'], 'challenge'],
    [['n,,n=us=er,r=abc'], 'malformed'],
    [['n,,n=,r=abc'], 'malformed'],
    [['n,,m=must,n=user,r=abc'], 'malformed'],
    [['n,,n=user'], 'malformed'],
    [['n,,n=user,r='], 'malformed'],
    [['n,n=user,r=abc'], 'malformed'],
    [['q,,n=user,r=abc'], 'malformed'],
    [['n,,n=us\x07er,r=abc'], 'malformed'],
    [[''], 'malformed'],
    [[`n,,n=${'x'.repeat(1025)},r=abc`], 'malformed'],
    [['n,,n=user,r=abc', 'c=biws,r=abcS,p=AAAA'], 'credentials'],
    [['n,,n=user,r=abc', 'c=biws,r=abcS,x=ignored,p=AAAA'], 'credentials'],
    [['n,,n=user,r=abc', 'c=biws,r=abc,p=AAAA'], 'malformed'],
    [['n,,n=user,r=abc', 'c=biws,r=other,p=AAAA'], 'malformed'],
    [['n,,n=user,r=abc', 'c=eSws,r=abcS,p=AAAA'], 'forbidden'],
    [['n,,n=user,r=abc', 'c=biws,r=abcS'], 'malformed'],
    [['n,,n=user,r=abc', 'c=biws,r=abcS,p=AAA'], 'malformed'],
    [['n,,n=user,r=abc', ''], 'malformed'],
  ];
  for (const [messages, expected] of rows)
    test(`${JSON.stringify(messages).slice(0, 70)} -> ${expected}`, () => {
      assert.equal(kindOf(run({ nonce: 'S' }, keys, messages)), expected);
    });

  test('any octets give an answer, never an exception', () => {
    const octets = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.string().map((text) => Buffer.from(text)),
    );
    const word = fc.constantFrom(
      'n,,',
      'y,,',
      'p=x,',
      'n=user',
      ',r=abc',
      'c=biws',
      ',p=AAAA',
      '=',
      ',',
      '\0',
      'é',
    );
    const message = fc.oneof(
      octets,
      fc.array(word).map((words) => Buffer.from(words.join(''))),
    );
    fc.assert(
      fc.property(message, message, (first, final) => {
        const machine = new ScramMachine({ hash: 'sha1', isPlus: false, bindings: undefined });
        if (machine.start(Buffer.from(first)).kind !== 'keys-wanted') return;
        machine.useKeys(keys);
        assert.notEqual(machine.next(Buffer.from(final)).kind, 'keys-wanted');
      }),
    );
  });

  test('what is written by the grammar is read as it was meant', () => {
    const name = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !text.includes('\0'));
    const nonce = fc.stringMatching(/^[\x21-\x2b\x2d-\x7e]+$/);
    const octets = fc.uint8Array({ minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(name, nonce, octets, octets, (username, r, c, p) => {
        const escaped = username.replaceAll('=', '=3D').replaceAll(',', '=2C');
        const first = parseClientFirst(Buffer.from(`y,a=${escaped},n=${escaped},r=${r}`));
        assert.ok(first?.flag.kind === 'unused');
        assert.deepEqual([first.username, first.authzid, first.nonce], [username, username, r]);
        assert.equal(first.gs2Header + first.bare, `y,a=${escaped},n=${escaped},r=${r}`);
        const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
        const final = parseClientFinal(Buffer.from(`c=${base64(c)},r=${r},p=${base64(p)}`));
        assert.ok(final !== undefined);
        assert.deepEqual([final.nonce, final.withoutProof], [r, `c=${base64(c)},r=${r}`]);
        assert.deepEqual([[...final.binding], [...final.proof]], [[...c], [...p]]);
      }),
    );
  });
});

test('it is offered where passwords are, when accounts have the keys, and bound where something binds', () => {
  const names = (mayUsePlaintext: boolean, hasScram: boolean, isBound: boolean) =>
    offeredMechanisms({
      mayUsePlaintext,
      hasScram,
      bindings: isBound ? () => undefined : undefined,
    }).map(({ name }) => name);
  assert.deepEqual(names(false, true, true), []);
  assert.deepEqual(names(true, false, true), ['PLAIN', 'LOGIN']);
  assert.deepEqual(names(true, true, false), ['SCRAM-SHA-256', 'SCRAM-SHA-1', 'PLAIN', 'LOGIN']);
  assert.deepEqual(names(true, true, true).slice(0, 2), ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-1-PLUS']);
});
