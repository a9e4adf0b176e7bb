/** How one gets off a list: what counts, and what only looks so. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ListFields, waysOut } from './unsubscribe.ts';

const SIGNED =
  'v=1; a=rsa-sha256; d=News.example.com; s=a; h=From:List-Unsubscribe : List-Unsubscribe-Post; b=x';
const FIELDS: ListFields = {
  'header:List-Unsubscribe:asURLs': ['mailto:off@example.com?subject=off%20a+b', 'https://example.com/off'],
  'header:List-Unsubscribe-Post:asText': 'List-Unsubscribe=One-Click',
  'header:DKIM-Signature:asText:all': [SIGNED],
};
const own = (results: string) => ({ results: [results], hostname: 'mail.example.org' });
const GOOD = own('mail.example.org; dkim=pass header.d=news.example.com');

describe('ways off a list', () => {
  test('one request where a good signature covers the fields', () => {
    assert.deepEqual(
      waysOut(FIELDS, GOOD).map(({ kind }) => kind),
      ['request', 'mail', 'page'],
    );
    for (const [what, fields, results] of [
      ['nobody of ours looked', FIELDS, own('other.example; dkim=pass header.d=news.example.com')],
      ['the signature is bad', FIELDS, own('mail.example.org; dkim=fail header.d=news.example.com')],
      ['another domain signed', FIELDS, own('mail.example.org; dkim=pass header.d=example.net')],
      [
        'the fields are not covered',
        { ...FIELDS, 'header:DKIM-Signature:asText:all': [SIGNED.replace('-Post', '-Not')] },
        GOOD,
      ],
      ['no promise', { ...FIELDS, 'header:List-Unsubscribe-Post:asText': null }, GOOD],
    ] as const)
      assert.deepEqual(
        waysOut(fields, results).map(({ kind }) => kind),
        ['mail', 'page'],
        what,
      );
  });

  test('a mail says what the list wants to read', () => {
    const mail = waysOut(FIELDS, GOOD)[1];
    assert.deepEqual(mail, {
      ...{ kind: 'mail', to: 'off@example.com' },
      parameters: '?to=off%40example.com&subject=off+a%2Bb&body=unsubscribe',
    });
    const urls = ['mailto:%E0%A4%A', 'javascript:alert(1)', 'http://example.com/off', 'ftp://x'];
    assert.deepEqual(waysOut({ ...FIELDS, 'header:List-Unsubscribe:asURLs': urls }, GOOD), []);
  });
});
