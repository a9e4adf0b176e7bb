import assert from 'node:assert/strict';
import { test } from 'node:test';
import { external } from './external.ts';
import type { SaslStep } from './mechanism.ts';

const TERMS = { mayUsePlaintext: true, hasScram: false, bindings: undefined };
const terms = { ...TERMS, certified: ['ann@example.com'] };

function outcome(step: SaslStep): string | undefined {
  if (step.kind === 'challenge') return `? ${step.challenge.toString()}`;
  if (step.kind === 'failure') return step.failure;
  return step.kind === 'credentials' && step.credentials.kind === 'certificate'
    ? step.credentials.username
    : undefined;
}

test('EXTERNAL (RFC 4422 appendix A): a name or nothing', () => {
  const rows: readonly (readonly [string | Buffer, string])[] = [
    ['', ''],
    ['fred@example.com', 'fred@example.com'],
    ['ju\u0308rgen', 'j\u00fcrgen'],
    ['a\0b', 'malformed'],
    ['\u00ad', 'malformed'],
    ['x'.repeat(1025), 'malformed'],
    [Buffer.from([0xff]), 'malformed'],
  ];
  for (const [message, expected] of rows) {
    assert.equal(outcome(external.begin(terms).start(Buffer.from(message as string))), expected);
    const later = external.begin(terms);
    assert.equal(outcome(later.start()), '? ');
    assert.equal(outcome(later.next(Buffer.from(message as string))), expected);
  }
  assert.equal(external.isOffered(terms), true);
  assert.equal(external.isOffered(TERMS), false);
  assert.equal(external.isOffered({ ...terms, certified: [] }), false);
  assert.equal(external.isOffered({ ...terms, mayUsePlaintext: false }), false);
});
