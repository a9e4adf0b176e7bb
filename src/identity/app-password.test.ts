import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../base/secret.ts';
import type { StoredCredential } from '../mailbox/model/credential.ts';
import {
  appPasswordSecret,
  findAppPassword,
  isNetwork,
  makeAppPassword,
  whyNotHere,
} from './app-password.ts';

const secretOf = (text: string) => appPasswordSecret(new Secret(text));
const kept = (id: number, secret: string, more: Partial<StoredCredential> = {}): StoredCredential => ({
  ...{ id, kind: 'app-password', secret, createdMs: 0, name: 'Phone' },
  ...more,
});

test('one is five groups of four letters, and no two are alike', () => {
  const made = Array.from({ length: 200 }, () => makeAppPassword().reveal());
  for (const one of made) assert.match(one, /^[a-z2-7]{4}(-[a-z2-7]{4}){4}$/);
  assert.equal(new Set(made).size, 200);
});

test('it is the same with and without hyphens, spaces and capitals, and nothing else is one', () => {
  const secret = secretOf('abcd-efgh-ijkl-mnop-qr27');
  assert.match(secret ?? '', /^\{BREVDUVA-APP\}[A-Za-z0-9+/]{43}=$/);
  for (const typed of ['abcdefghijklmnopqr27', 'ABCD EFGH IJKL MNOP QR27', ' abcd-efgh ijklmnopqr27\u00a0']) {
    assert.equal(secretOf(typed), secret, typed);
  }
  for (const typed of ['', 'abcd', 'abcdefghijklmnopqr271', 'abcdefghijklmnopqr10', 'abcdefghijklmnopqr2ſ'])
    assert.equal(secretOf(typed), undefined, typed);
  assert.equal(secretOf('-'.repeat(1000)), undefined);
});

test('it is found among others, and a password that says the same is none', () => {
  const [a, b] = [secretOf('aaaaaaaaaaaaaaaaaaaa'), secretOf('bbbbbbbbbbbbbbbbbbbb')] as [string, string];
  const all = [kept(1, a, { kind: 'password' }), kept(2, b), kept(3, 'other')];
  assert.equal(findAppPassword(all, b)?.id, 2);
  assert.equal(findAppPassword(all, a), undefined);
});

test('where it is good for something', () => {
  const here = { service: 'imap', remote: '192.0.2.7', nowMs: 1000 };
  const rows: readonly (readonly [Partial<StoredCredential>, RegExp | undefined])[] = [
    [{}, undefined],
    [{ expiresMs: 1001 }, undefined],
    [{ expiresMs: 1000 }, /"Phone" has expired/],
    [{ services: ['imap', 'pop3'] }, undefined],
    [{ services: ['pop3'] }, /is for pop3, not for imap/],
    [{ networks: ['192.0.2.0/24'] }, undefined],
    [{ networks: ['2001:db8::/32', '192.0.2.7'] }, undefined],
    [{ networks: ['198.51.100.0/24'] }, /not for use from this network/],
    [{ networks: [] }, /network/],
  ];
  for (const [limits, expected] of rows) {
    const why = whyNotHere(kept(1, '', limits), here);
    if (expected === undefined) assert.equal(why, undefined);
    else assert.match(why ?? '', expected);
  }
});

test('an address as a program on the machine sees it', () => {
  const network = kept(1, '', { networks: ['192.0.2.0/24'] });
  const from = (remote: string) => whyNotHere(network, { service: 'imap', nowMs: 0, remote });
  assert.equal(from('::ffff:192.0.2.9'), undefined);
  assert.notEqual(from('unknown'), undefined);
});

test('networks', () => {
  for (const text of ['192.0.2.0/24', '192.0.2.1', '2001:db8::/32', '::1', '0.0.0.0/0'])
    assert.ok(isNetwork(text), text);
  for (const text of ['', '192.0.2.0/33', '192.0.2', '2001:db8::/129', 'example.com', '1/8'])
    assert.ok(!isNetwork(text), text);
});
