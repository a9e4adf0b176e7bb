import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../../test/kit/runs.ts';
import { type ImapUrl, imapUrl } from './imap-url.ts';

function shown({ server, mailbox, uidValidity, uid, section, partial, authorization }: ImapUrl): string {
  const at =
    server && `${server.user ?? ''}@${server.host}${server.port === undefined ? '' : `:${server.port}`}`;
  const what = `${section.path.join('.')}:${section.kind}${section.fields?.join() ?? ''}`;
  const octets = partial && `<${partial.offset}.${partial.length ?? ''}>`;
  const how = authorization && {
    access: Object.values(authorization.access).join('+'),
    until: authorization.expiresMs,
    by: authorization.verifier && `${authorization.verifier.mechanism}:${authorization.verifier.token}`,
  };
  const words = [at, mailbox, uidValidity, uid, what, octets, how?.access, how?.until, how?.by];
  return words.map((word) => word ?? '-').join(' ');
}

const TOKEN = '91354a473744909de610943775f92038';

describe('IMAP URLs (RFC 5092 §11)', () => {
  const accepted: readonly (readonly [string, string])[] = [
    ['/INBOX/;UID=20', '- INBOX - 20 :all - - - -'],
    ['/Drafts;UIDVALIDITY=385759045/;UID=20/;section=1.MIME', '- Drafts 385759045 20 1:mime - - - -'],
    [';UID=20/;SECTION=1.2', '- - - 20 1.2:all - - - -'],
    ['/;UID=20', '- - - 20 :all - - - -'],
    ['/a/b/;uid=1/;SECTION=HEADER.FIELDS%20(DATE%20FROM)', '- a/b - 1 :header.fieldsDATE,FROM - - - -'],
    ['/&AOQ-/;UID=1', '- &AOQ- - 1 :all - - - -'],
    ['/%C3%A4%2Fb%20c/;UID=1', '- ä/b c - 1 :all - - - -'],
    ['/INBOX/;UID=20/;SECTION=1/;PARTIAL=0.1024', '- INBOX - 20 1:all <0.1024> - - -'],
    ['/INBOX/;UID=20/;PARTIAL=7', '- INBOX - 20 :all <7.> - - -'],
    [
      'imap://minbari.example.org/gray-council;UIDVALIDITY=385759045/;UID=20',
      '@minbari.example.org gray-council 385759045 20 :all - - - -',
    ],
    ['IMAP://Joe%40x;AUTH=*@Example.com:143/INBOX/;UID=1', 'Joe@x@example.com:143 INBOX - 1 :all - - - -'],
    ['imap://joe@[::1]/INBOX/;UID=1', 'joe@[::1] INBOX - 1 :all - - - -'],
    [
      'imap://joe@example.com/INBOX/;uid=20/;section=1.2;urlauth=submit+fred',
      'joe@example.com INBOX - 20 1.2:all - submit+fred - -',
    ],
    [
      `imap://joe@example.com/INBOX/;uid=20;expire=2006-01-02T03:04:05Z;urlauth=anonymous:internal:${TOKEN}`,
      `joe@example.com INBOX - 20 :all - anonymous 1136171045000 INTERNAL:${TOKEN}`,
    ],
    ['/a/;UID=1;URLAUTH=user+anna%40example.org', '- a - 1 :all - user+anna@example.org - -'],
  ];
  for (const [url, expected] of accepted) {
    it(`takes ${url}`, () => assert.equal(shown(imapUrl(url) as ImapUrl), expected));
  }

  it('makes a token of all that stands before it', () => {
    const rump = 'imap://joe@example.com/INBOX/;uid=20;URLAUTH=authuser';
    assert.equal(imapUrl(rump)?.authorization?.rump, rump);
    assert.equal(imapUrl(`${rump}:INTERNAL:${TOKEN}`)?.authorization?.rump, rump);
  });

  const refused = [
    '',
    '/',
    'INBOX/;UID=1',
    '/INBOX',
    '/INBOX/;UID=0',
    '/INBOX/;UID=1/',
    '/INBOX/;UID=99999999999',
    '/INBOX;UIDVALIDITY=0/;UID=1',
    '/INBOX/;UID=1/;SECTION=',
    '/INBOX/;UID=1/;SECTION=0',
    '/INBOX/;UID=1/;SECTION=1]x',
    '/INBOX/;UID=1/;SECTION=HEADER.FIELDS',
    '/INBOX/;UID=1/;PARTIAL=1.0',
    '/IN BOX/;UID=1',
    '/%/;UID=1',
    '/%ff/;UID=1',
    '/a%0Ab/;UID=1',
    '/a%00b/;UID=1',
    '/a"b/;UID=1',
    '/ä/;UID=1',
    '//example.com/INBOX/;UID=1',
    'imap://example.com',
    'imap://example.com/;UID=1',
    'imaps://example.com/INBOX/;UID=1',
    'http://example.com/INBOX/;UID=1',
    'imap://a:b@example.com/INBOX/;UID=1',
    '/INBOX/;UID=1?SUBJECT x',
    '/INBOX/;UID=1#x',
    '/INBOX/;UID=1;URLAUTH=everybody',
    '/INBOX/;UID=1;URLAUTH=user+',
    '/INBOX/;UID=1;EXPIRE=2006-01-02T03:04:05Z',
    '/INBOX/;UID=1;EXPIRE=tomorrow;URLAUTH=anonymous',
    '/INBOX/;UID=1;EXPIRE=2006-13-02T03:04:05Z;URLAUTH=anonymous',
    '/INBOX/;UID=1;URLAUTH=anonymous:INTERNAL:91354a',
    `/INBOX/;UID=1;URLAUTH=anonymous:INTERNAL:${TOKEN}x`,
    `/${'a'.repeat(5000)}/;UID=1`,
  ];
  for (const url of refused) it(`refuses ${url.slice(0, 60)}`, () => assert.equal(imapUrl(url), undefined));

  it('reads whatever there is in no time, and throws nothing', () => {
    const words = [
      'imap://',
      'a',
      '@',
      '/',
      ';UID=',
      '1',
      ';SECTION=',
      '%2F',
      '%',
      ';URLAUTH=',
      'user+',
      ':',
      '.',
      '\n',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { maxLength: 400 }), (parts) => {
        imapUrl(parts.join(''));
      }),
      { numRuns: runs(300) },
    );
  });
});
