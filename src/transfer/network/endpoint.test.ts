import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseEndpoint } from './endpoint.ts';
import { Pace } from './pace.ts';

describe('the address of the old server', () => {
  for (const [text, expected] of [
    ['imaps://mail.example.com', { host: 'mail.example.com', port: 993, tls: 'first', user: undefined }],
    ['imap://mail.example.com', { host: 'mail.example.com', port: 143, tls: 'upgraded', user: undefined }],
    [
      'imap://mail.example.com:1143/',
      { host: 'mail.example.com', port: 1143, tls: 'upgraded', user: undefined },
    ],
    ['imap://127.0.0.1:1143', { host: '127.0.0.1', port: 1143, tls: 'none', user: undefined }],
    ['imap://[::1]', { host: '::1', port: 143, tls: 'none', user: undefined }],
    [
      'imaps://anna%40example.org@mail.example.com',
      { host: 'mail.example.com', port: 993, tls: 'first', user: 'anna@example.org' },
    ],
  ] as const)
    test(text, () => assert.deepEqual(parseEndpoint(text, 'imap'), { protocol: 'imap', ...expected }));

  for (const [text, why] of [
    ['mail.example.com', /no address of a server/],
    ['https://mail.example.com', /expected an address such as imaps:/],
    ['pop3s://mail.example.com', /expected an address such as imaps:/],
    ['imaps://anna:hidden@mail.example.com', /has a password in it/],
    ['imaps://mail.example.com/INBOX', /nothing is expected behind/],
    ['imaps://', /names no server|no address/],
  ] as const)
    test(text, () =>
      assert.throws(
        () => parseEndpoint(text, 'imap'),
        ({ message }: Error) => why.test(message) && !message.includes('hidden'),
      ),
    );
});

test('a pace is kept over any time, whoever spends', async () => {
  let now = 0;
  const sleep = async (ms: number): Promise<void> => {
    now += ms;
  };
  const pace = new Pace(1000, { sleep, now: () => now });
  for (let i = 0; i < 100; i++) await pace.spend(500);
  assert.ok(now >= 48_000 && now <= 50_000, `${now}`);
  await new Pace(Number.POSITIVE_INFINITY, { sleep: async () => assert.fail() }).spend(10 ** 12);
});
