import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { judgeLink, type LinkDoubt } from './link-doubts.ts';

describe('links', () => {
  const rows: readonly (readonly [href: string, shown: string, readonly LinkDoubt[]])[] = [
    ['https://example.org/a', 'click here', []],
    ['https://example.org/a', 'example.org', []],
    ['https://www.example.org/', 'https://example.org/start', []],
    ['https://click.example.org/?u=1', 'www.example.org', []],
    ['https://evil.example/', 'https://bank.example/login', ['other-host']],
    ['https://evil.example/', 'Log in at bank.example now', ['other-host']],
    ['https://evil.example/bank.example', 'bank.example', ['other-host']],
    ['https://bank.example.evil.example/', 'bank.example', ['other-host']],
    ['https://evil.co.uk/', 'bank.co.uk', ['other-host']],
    ['https://bank.example@evil.example/', 'bank', ['user-part']],
    ['https://xn--bnk-yla.example/', 'bank', ['lookalike']],
    ['https://bänk.example/', 'bänk.example', ['lookalike']],
    ['https://bаnk.example/', 'bank.example', ['lookalike', 'other-host']],
    ['http://192.0.2.7/login', 'Log in', ['address-in-digits']],
    ['http://0xC0000207/', 'Log in', ['address-in-digits']],
    ['https://example.org/report.pdf', 'report.pdf', []],
    ['https://example.org/unsubscribe', 'anna@example.com', []],
    ['mailto:anna@example.org', 'anna@example.org', []],
    ['tel:+46701234567', '070-123 45 67', []],
  ];
  for (const [href, shown, doubts] of rows)
    test(`${shown} -> ${href}`, () => assert.deepEqual(judgeLink(href, shown)?.doubts, doubts));

  for (const href of [
    'javascript:alert(1)',
    ' JaVa\tscript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'file:///x',
  ])
    test(`${href} leads nowhere`, () => assert.equal(judgeLink(href, ''), undefined));
  for (const href of [
    '/mail',
    '//example.org/',
    '#top',
    '',
    'about:blank',
    'blob:https://a/b',
    'cid:x',
    'ftp://a/',
  ])
    test(`${href} leads nowhere`, () => assert.equal(judgeLink(href, ''), undefined));
  test('a link of endless length leads nowhere', () =>
    assert.equal(judgeLink(`https://example.org/${'a'.repeat(20_000)}`, ''), undefined));
});
