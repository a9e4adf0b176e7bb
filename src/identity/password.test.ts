import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../base/secret.ts';
import { DEFAULT_COST, isPasswordHash, Passwords } from './password.ts';

const CHEAP = { memoryKiB: 64, passes: 1, lanes: 1 };

test('a password verifies against its own string and no other', async () => {
  const passwords = new Passwords(CHEAP);
  const stored = await passwords.hash(new Secret('grün und blau'));
  assert.match(stored, /^\$argon2id\$v=19\$m=64,t=1,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert.notEqual(stored, await passwords.hash(new Secret('grün und blau')));
  assert.equal(await passwords.verify(new Secret('grün und blau'), stored), true);
  assert.equal(await passwords.verify(new Secret('grün und Blau'), stored), false);
  assert.equal(await passwords.verify(new Secret(''), passwords.decoy()), false);
});

test('the default cost stands in the string; a lower one asks for a new hash', async () => {
  assert.match(new Passwords().decoy(), /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  const weak = await new Passwords(CHEAP).hash(new Secret('x'));
  const strong = new Passwords(DEFAULT_COST);
  assert.equal(strong.needsRehash(weak), true);
  assert.equal(await strong.verify(new Secret('x'), weak), true);
  assert.equal(strong.needsRehash(strong.decoy()), false);
  assert.equal(new Passwords(CHEAP).needsRehash(strong.decoy()), false);
});

// The reference implementation's own test vectors are 19-version strings like these.
const STRINGS: readonly (readonly [stored: string, isUsable: boolean])[] = [
  ['$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', true],
  ['$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc', true],
  ['$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA', false],
  ['$argon2id$v=16$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', false],
  ['$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', false],
  ['$argon2id$v=19$m=7,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', false],
  ['$argon2id$v=19$m=65536,t=0,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', false],
  ['$2b$10$abcdefghijklmnopqrstuv', false],
  ['password', false],
  ['', false],
];

test('strings of other programs: Argon2id within bounds, nothing else', async () => {
  const passwords = new Passwords(CHEAP);
  for (const [stored, isUsable] of STRINGS) {
    assert.equal(isPasswordHash(stored), isUsable, stored);
    assert.equal(await passwords.verify(new Secret('password'), stored), isUsable, stored);
  }
});
