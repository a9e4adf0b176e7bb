import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { oauthBearer, xoauth2 } from './bearer.ts';
import type { SaslMechanism, SaslStep } from './mechanism.ts';

const TERMS = { mayUsePlaintext: true, hasScram: false, bindings: undefined };
const tokens = { scope: 'mail', configuration: 'https://id.example.com/.well-known/openid-configuration' };

type Outcome = readonly [username: string, token: string] | 'malformed' | `? ${string}`;

function outcome(step: SaslStep): Outcome {
  if (step.kind === 'challenge') return `? ${step.challenge.toString()}`;
  if (step.kind === 'failure') return step.failure as 'malformed';
  assert.ok(step.kind === 'credentials' && step.credentials.kind === 'token');
  return [step.credentials.username, step.credentials.token.reveal()];
}

const rows: readonly (readonly [SaslMechanism, string | Buffer, Outcome])[] = [
  // RFC 7628 §4.1, and what it leaves open
  [
    oauthBearer,
    'n,a=user@example.com,\x01host=server.example.com\x01port=143\x01auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01',
    ['user@example.com', 'vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=='],
  ],
  [oauthBearer, 'n,,\x01auth=bearer  abc.def-_~+/\x01\x01', ['', 'abc.def-_~+/']],
  [oauthBearer, 'n,a=a=2Cb=3D,\x01auth=Bearer x\x01\x01', ['a,b=', 'x']],
  [oauthBearer, 'n,a=a=2Fb,\x01auth=Bearer x\x01\x01', 'malformed'],
  [oauthBearer, 'y,,\x01auth=Bearer x\x01\x01', 'malformed'],
  [oauthBearer, 'n,,\x01auth=Bearer x\x01', 'malformed'],
  [oauthBearer, 'n,,\x01auth=Bearer x\x01auth=Bearer y\x01\x01', 'malformed'],
  [oauthBearer, 'n,,\x01auth=Basic x\x01\x01', 'malformed'],
  [oauthBearer, 'n,,\x01auth=Bearer x y\x01\x01', 'malformed'],
  [oauthBearer, 'n,,\x01host=x\x01\x01', 'malformed'],
  [oauthBearer, 'n,a=\x07,\x01auth=Bearer x\x01\x01', 'malformed'],
  [oauthBearer, '\x01', 'malformed'],
  [oauthBearer, '', 'malformed'],
  [oauthBearer, Buffer.from('n,a=\xff,\x01auth=Bearer x\x01\x01', 'latin1'), 'malformed'],
  [oauthBearer, `n,,\x01auth=Bearer ${'x'.repeat(33_000)}\x01\x01`, 'malformed'],
  // as Google describes it
  [
    xoauth2,
    'user=someuser@example.com\x01auth=Bearer ya29.vF9dft4qmTc2\x01\x01',
    ['someuser@example.com', 'ya29.vF9dft4qmTc2'],
  ],
  [xoauth2, 'user=\x01auth=Bearer x\x01\x01', ['', 'x']],
  [xoauth2, 'user=ann\x01auth=Bearer x\x01', 'malformed'],
  [xoauth2, 'auth=Bearer x\x01\x01', 'malformed'],
];

describe('bearer tokens (RFC 7628)', () => {
  for (const [mechanism, message, expected] of rows)
    test(`${mechanism.name} ${JSON.stringify(message.toString()).slice(0, 60)}`, () => {
      const terms = { ...TERMS, tokens };
      assert.deepEqual(outcome(mechanism.begin(terms).start(Buffer.from(message as string))), expected);
      const later = mechanism.begin(terms);
      assert.equal(outcome(later.start()), '? ');
      assert.deepEqual(outcome(later.next(Buffer.from(message as string))), expected);
    });

  test('what a client is told of the issuer when its token is not good (§3.2.2)', () => {
    const told = (mechanism: SaslMechanism, message: string) => {
      const step = mechanism.begin({ ...TERMS, tokens }).start(Buffer.from(message));
      return step.kind === 'credentials' && JSON.parse(step.whenBad?.toString() ?? '');
    };
    assert.deepEqual(told(oauthBearer, 'n,,\x01auth=Bearer x\x01\x01'), {
      status: 'invalid_token',
      scope: 'mail',
      'openid-configuration': tokens.configuration,
    });
    const words = { status: '401', schemes: 'bearer', scope: 'mail' };
    assert.deepEqual(told(xoauth2, 'user=a\x01auth=Bearer x\x01\x01'), words);
  });

  test('any octets give an answer, never an exception', () => {
    const word = fc.constantFrom('n,', 'a=x,', '\x01', 'auth=', 'Bearer ', 'user=', 'x', '=', '\0');
    const message = fc.oneof(
      fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
      fc.array(word).map((words) => Buffer.from(words.join(''))),
    );
    fc.assert(
      fc.property(message, (bytes) => {
        for (const mechanism of [oauthBearer, xoauth2])
          assert.notEqual(mechanism.begin({ ...TERMS, tokens }).start(bytes).kind, 'challenge');
      }),
    );
  });

  test('they are offered where tokens are taken, and passwords may be sent', () => {
    assert.equal(oauthBearer.isOffered({ ...TERMS, tokens }), true);
    assert.equal(oauthBearer.isOffered(TERMS), false);
    assert.equal(xoauth2.isOffered({ ...TERMS, tokens, mayUsePlaintext: false }), false);
  });
});
