import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readAuthResults } from './auth-results.ts';
import { hasMixedLetters, isPlainFirstContact, senderDoubts, type TrustFacts, trustOf } from './trust.ts';

const FACTS: TrustFacts = {
  from: [{ name: 'Anna Berg', email: 'anna@example.org' }],
  replyTo: [],
  results: [],
  hostname: 'mail.example.com',
  isPhishing: false,
  isOwn: false,
  firstContact: null,
};

describe('results', () => {
  test('are read with comments, quoted values and folds (RFC 8601 §2.2)', () => {
    const read = readAuthResults(
      'mail.example.com 1; spf=pass (a; "b" (c)) smtp.mailfrom="x;y@example.org";\r\n\tdkim=pass header.d=example.org header.s=s1;\r\n\tdmarc=fail (p=none) header.from=example.org',
    );
    assert.equal(read?.by, 'mail.example.com');
    assert.deepEqual(
      read?.results.map(({ method, result, properties }) => [method, result, ...properties.values()]),
      [
        ['spf', 'pass', 'x;y@example.org'],
        ['dkim', 'pass', 'example.org', 's1'],
        ['dmarc', 'fail', 'example.org'],
      ],
    );
    assert.deepEqual(readAuthResults('mail.example.com; none')?.results, []);
    assert.equal(readAuthResults('; dmarc=pass'), undefined);
    assert.equal(readAuthResults(''), undefined);
  });
});

describe('trust', () => {
  const rows: readonly (readonly [results: readonly string[], expected: string])[] = [
    [['mail.example.com; dmarc=pass header.from=example.org'], 'verified example.org'],
    [['mail.example.com; dmarc=fail header.from=example.org'], 'failed example.org'],
    [['mail.example.com; dkim=pass header.d=example.org; dmarc=none'], 'verified example.org'],
    [
      ['mail.example.com; dkim=pass header.d=list.example.net; dmarc=none'],
      'signed-by-other list.example.net',
    ],
    [['mail.example.com; dkim=fail header.d=example.org; spf=pass; dmarc=none'], 'unverified'],
    [['mail.example.com; none'], 'unverified'],
    [['evil.example; dmarc=pass'], 'unchecked'],
    [['evil.example; dmarc=pass', 'MAIL.example.com; dmarc=fail'], 'failed example.org'],
    [['mail.example.com; dmarc=fail', 'mail.example.com; dmarc=pass'], 'failed example.org'],
    [['evil.example (mail.example.com; dmarc=pass); none'], 'unchecked'],
    [[], 'unchecked'],
  ];
  for (const [results, expected] of rows)
    test(`${results.join(' | ')}: ${expected}`, () => {
      const trust = trustOf({ ...FACTS, results });
      assert.equal('domain' in trust ? `${trust.kind} ${trust.domain}` : trust.kind, expected);
    });
  test('nothing is believed while it is not known what our fields are called', () => {
    assert.equal(trustOf({ ...FACTS, hostname: undefined, results: ['x; dmarc=pass'] }).kind, 'unchecked');
  });
});

describe('doubts', () => {
  const kinds = (facts: Partial<TrustFacts>): string[] =>
    senderDoubts({ ...FACTS, ...facts }).map(({ kind }) => kind);
  const from = (name: string | null, email: string): Partial<TrustFacts> => ({ from: [{ name, email }] });
  const replyTo = (email: string): Partial<TrustFacts> => ({ replyTo: [{ name: null, email }] });

  test('name what can be seen', () => {
    assert.deepEqual(kinds({}), []);
    assert.deepEqual(kinds(from('ANNA@example.org', 'anna@example.org')), []);
    assert.deepEqual(kinds(from('boss@example.org', 'x@evil.example')), ['name-has-other-address']);
    assert.deepEqual(kinds(replyTo('help@support.example.org')), []);
    assert.deepEqual(kinds(replyTo('anna@evil.example')), ['reply-goes-elsewhere']);
    assert.deepEqual(kinds({ ...from('A', 'a@one.co.uk'), ...replyTo('b@two.co.uk') }), [
      'reply-goes-elsewhere',
    ]);
    assert.deepEqual(kinds(from('Bank', 'x@bаnk.example')), ['mixed-letters']);
    assert.deepEqual(kinds({ isPhishing: true }), ['phishing']);
    assert.deepEqual(kinds({ ...from('boss@example.org', 'x@evil.example'), isOwn: true }), []);
    assert.deepEqual(kinds({ from: [] }), []);
  });
  test('a first mail is a calm word, unless it has the name of another or nothing proves it', () => {
    const failed = { results: ['mail.example.com; dmarc=fail'] };
    const stranger = { firstContact: 'stranger' } as const;
    const namesake = { firstContact: 'namesake' } as const;
    assert.deepEqual(kinds(stranger), []);
    assert.deepEqual(kinds({ ...stranger, ...failed }), ['first-and-failed']);
    assert.deepEqual(kinds(namesake), ['namesake']);
    assert.deepEqual(kinds({ ...namesake, ...failed }), ['namesake']);
    assert.deepEqual(kinds({ ...namesake, isOwn: true }), []);
    const isCalm = (facts: Partial<TrustFacts>): boolean => isPlainFirstContact({ ...FACTS, ...facts });
    assert.deepEqual(
      [isCalm(stranger), isCalm({ ...stranger, ...failed }), isCalm(namesake), isCalm({})],
      [true, false, false, false],
    );
  });
  test('letters of one alphabet are not mixed', () => {
    for (const domain of [
      'räksmörgås.se',
      'пример.рф',
      'example.рф',
      'παράδειγμα.gr',
      '日本語.jp',
      'a-1.example',
    ])
      assert.equal(hasMixedLetters(domain), false, domain);
  });
});
