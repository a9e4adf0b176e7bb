import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Secret } from '../../base/secret.ts';
import { isPasswordHash, Passwords } from '../password.ts';
import { looksLikeHash, parseForeignHash, storedForm } from './foreign-hash.ts';

const CHEAP = { memoryKiB: 64, passes: 1, lanes: 1 };
const PASSWORD = 'grün & blau';

/** Made with crypt(3) of libxcrypt, and with Python's hashlib in the layouts that Dovecot documents. */
const STRINGS: readonly string[] = [
  '$1$saltsalt$pRDRkPPRIP34W4BNVBg4t.',
  '{MD5-CRYPT}$1$saltsalt$pRDRkPPRIP34W4BNVBg4t.',
  '{MD5}$1$saltsalt$pRDRkPPRIP34W4BNVBg4t.',
  '{CRYPT}$5$saltsaltsaltsalt$GevCQfhnwBDAJuHvzG54ARhOUkn3UpQoSqY5SH7K4c0',
  '{SHA256-CRYPT}$5$rounds=2000$salt$RER7sSG2xNmpYZ6Fms1n6fbaYsCniduyTLLjhi16Fl6',
  '{SHA512-CRYPT}$6$saltsalt$5U/b5pi4aaDAsZ.htDiZ8Wl4JlPtYMitXMlKKEoQGhs2PTlgQ8UJLP.xtmCBzLNvAOuYbS1r4y/yAf9OjkWwQ.',
  '$6$rounds=1000$x$MCvCYTG0Xu8dN9kIPq92cdfBCJQwXJirumBMmw0zdtvDcPvs3bjBMi.BCdgi51mbS6Tlyocj73QjZ3Zm85ZHj/',
  '$2b$05$abcdefghijklmnopqrstuuMSsCFZIlP7u7Hv9egKWJr7ixQZPmqaK',
  '$2b$05$abcdefghijklmnopqrstuvMSsCFZIlP7u7Hv9egKWJr7ixQZPmqaK',
  '{BLF-CRYPT}$2y$05$abcdefghijklmnopqrstuuMSsCFZIlP7u7Hv9egKWJr7ixQZPmqaK',
  '$2a$04$abcdefghijklmnopqrstuuk/XDzYizwxqghfS1NwEQsJd3rRHjvaO',
  '{SHA}2+vtzhT37nWxGyQdHh4MdUFRKNI=',
  '{sha1}2+vtzhT37nWxGyQdHh4MdUFRKNI=',
  '{SHA256}z6jZldELx/hnL2ibtXM8E9BzJC3t71Azk2gqzP+FviQ=',
  '{SHA256}cfa8d995d10bc7f8672f689bb5733c13d073242dedef503393682accff85be24',
  '{SHA256.hex}CFA8D995D10BC7F8672F689BB5733C13D073242DEDEF503393682ACCFF85BE24',
  '{SHA512.b64}0BUv2L4WDJmwmk25b3UufiPLI0fV1GsTMC7kdTpi9zVtYr91bOOJHXVEWqKQANlHisLbMvGwk2wfih0Er0pHiA==',
  '{PLAIN-MD5}43e46a5f60e6b8d0bc310c4eebd793b6',
  '{MD5}43e46a5f60e6b8d0bc310c4eebd793b6',
  '{LDAP-MD5}Q+RqX2DmuNC8MQxO69eTtg==',
  '{SMD5}8GUbB4sQV2HhKPiNSW2cXHNhbHRTQUxU',
  '{SSHA}Ixw7Xinn8M9ewY/EF4ggDAJTPt9zYWx0U0FMVA==',
  '{SSHA256}LbplrYrFLRKdiIxB2xWTqzxjT+JG3ooX1IZNg5vM/2xzYWx0U0FMVA==',
  '{SSHA256.HEX}2dba65ad8ac52d129d888c41db1593ab3c634fe246de8a17d4864d839bccff6c73616c7453414c54',
  '{SSHA512}jyMqbZHDLjFX2gGOm6xBChaUw+tiJ+s/04Q0iSM6omaP7PVtsgWzr5blTp+SVzSNmWBmE4JmJbJFJT2wsSwG53NhbHRTQUxU',
  '{PBKDF2}$1$kNE0ECkpDAfnmkMF$5000$67e0ad9e091106ec8cf865b64f8f4eda02db9141',
  '{SCRAM-SHA-1}4096,c2FsdFNBTFQ=,0yBn0rpPOKDYgmKWMsZ6zHYTbco=,8tgZVpMINqLrlmyuHFvqsiBWvLA=',
  '{SCRAM-SHA-256}4096,c2FsdFNBTFQ=,63g0Ac70YOPg8ZBkKZO5qblSEYDJBv+mWLdT39GKOaI=,vEFeypO05ElNRTAh3W91I5LBoMY7FTgVFNRMxluMIdI=',
  '{ARGON2I}$argon2i$v=19$m=256,t=3,p=1$c2FsdHNhbHRzYWx0c2FsdA$BOdcMfxUEIfmmxf1EfGDhyjnFpWmc9OhjJMKGj2j0oI',
  '{ARGON2ID}$argon2id$v=19$m=256,t=3,p=1$c2FsdHNhbHRzYWx0c2FsdA$lVq/4bQMM12347RT44iFYQShddR8rotkJMWT6JxUTQQ',
  '$argon2d$v=19$m=256,t=3,p=1$c2FsdHNhbHRzYWx0c2FsdA$9L3FdbLDzlxM4b88rbOeTYcogT399T1/70/GFFCU0m0',
];

describe('strings of other servers', () => {
  const passwords = new Passwords(CHEAP);
  for (const text of STRINGS) {
    test(text.slice(0, 24), async () => {
      const stored = storedForm(text);
      assert.ok(isPasswordHash(stored));
      assert.ok(looksLikeHash(text));
      assert.equal(passwords.needsRehash(stored), true);
      assert.equal(await passwords.verify(new Secret(PASSWORD), stored), true);
      assert.equal(
        await passwords.verify(new Secret(PASSWORD.normalize('NFD')), stored),
        true,
        'as a Mac sends it',
      );
      assert.equal(await passwords.verify(new Secret(`${PASSWORD} `), stored), false);
      assert.equal(await passwords.verify(new Secret(''), stored), false);
    });
  }
  test('the hash of nothing lets nobody in', async () => {
    const stored = '{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk=';
    assert.equal(await passwords.verify(new Secret(''), stored), false);
    assert.equal(await passwords.verify(new Secret('\u00ad'), stored), false, 'what preparation takes away');
  });
  test('a password is compared as it was typed: what preparation changes was hashed unchanged', async () => {
    const feminine = '{PLAIN-MD5}fb5b5d1cae50d7248b2815dfe37e4920';
    assert.equal(await passwords.verify(new Secret('ª'), feminine), true);
    assert.equal(await passwords.verify(new Secret('a'), feminine), false);
  });
});

test('passwords as long as a digest, and longer', async () => {
  const passwords = new Passwords(CHEAP);
  for (const [length, stored] of [
    [
      64,
      '{CRYPT}$6$saltsalt$55HgDHfXPAT2alm9wGBYfZ4wSwbvPfp5Ckl0DdpNANMj2lPpWfhUgp5km1bq8meJGCDkDGSHYEZyDYoThYWH0/',
    ],
    [32, '{CRYPT}$5$saltsalt$nVO9zoM.Bfq522j476PYcqDc2vxmMSeMl7RsOoxrn37'],
    [100, '{CRYPT}$1$s$BMGTXqgui2ZsIEnMyMjUV/'],
  ] as const) {
    assert.equal(await passwords.verify(new Secret('x'.repeat(length)), stored), true, stored);
    assert.equal(await passwords.verify(new Secret('x'.repeat(length - 1)), stored), false, stored);
  }
});

const SALT64 = 'a'.repeat(86);
describe('what cannot be verified is refused by name', () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    [
      '$y$j9T$saltsaltsalt$IuOOhFY5n4y6LSJOxl1nQ9aC7MG8Up5Gf9zd5qM84MD',
      /yescrypt.*give the account a new password/,
    ],
    ['{CRYPT}$gy$j9T$x$y', /gost-yescrypt/],
    ['$7$CU..../....saltsalt$ZAXF', /scrypt/],
    ['abVzYdZImGknk', /traditional DES/],
    ['{DES-CRYPT}abVzYdZImGknk', /DES-CRYPT/],
    ['_J9..saltabcdefghijk', /BSDi DES/],
    ['$apr1$salt$xxxxxxxxxxxxxxxxxxxxxx', /Apache MD5/],
    ['$sha1$1000$saltsalt$95oaWXY80PkhZFKS3UQOKxg8PeoY', /sha1crypt/],
    ['$pbkdf2-sha256$29000$salt$hash', /pbkdf2-sha256/],
    ['$2x$05$abcdefghijklmnopqrstuuMSsCFZIlP7u7Hv9egKWJr7ixQZPmqaK', /2x/],
    ['{CRAM-MD5}e02d374fde0dc75a17a557039a3a5338c7743304777dccd376f332bee68d2cf6', /CRAM-MD5/],
    ['{DIGEST-MD5}e02d374fde0dc75a17a557039a3a5338', /DIGEST-MD5/],
    ['{NTLM}e02d374fde0dc75a17a557039a3a5338', /NTLM/],
    ['{NOSUCH}x', /NOSUCH/],
    ['!$6$saltsalt$x', /locked/],
    ['*', /locked/],
    ['{SSHA256}short', /wrong length/],
    ['{SHA512-CRYPT}$5$salt$x', /says SHA512-CRYPT and holds something else/],
    ['$6$salt$short', /broken/],
    ['secret', /no \{SCHEME\}/],
    ['', /no \{SCHEME\}/],
    ['{PLAIN}', /empty/],
    ['{SCRAM-SHA-256}4096,AAAA', /no SCRAM entry/],
  ];
  for (const [text, pattern] of rows) {
    test(text.slice(0, 20), () => {
      const outcome = parseForeignHash(text);
      assert.equal(outcome.kind, 'refused');
      assert.match(outcome.why, pattern);
      assert.ok(!isPasswordHash(storedForm(text)));
    });
  }
});

describe('strings that ask for more than a sign-in may cost are refused', () => {
  const digest = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';
  const rows: readonly string[] = [
    `$6$rounds=999999999$salt$${SALT64}`,
    `$5$rounds=100000000$salt$${'a'.repeat(43)}`,
    `$2y$31$${'a'.repeat(53)}`,
    `$2b$16$${'a'.repeat(53)}`,
    '{PBKDF2}$1$salt$1000000000$67e0ad9e091106ec8cf865b64f8f4eda02db9141',
    `{SCRAM-SHA-256}1000000000,c2FsdFNBTFQ=,${digest},${digest}`,
    '{ARGON2ID}$argon2id$v=19$m=4294967295,t=2,p=1$c2FsdHNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '{ARGON2ID}$argon2id$v=19$m=1048576,t=60,p=1$c2FsdHNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
  ];
  for (const text of rows) {
    test(text.slice(0, 28), () => {
      const outcome = parseForeignHash(text);
      assert.equal(outcome.kind, 'refused');
      assert.match(outcome.why, /asks for (?!less)|asks for too much/);
    });
  }
});

test('{PLAIN} is the password itself', () => {
  for (const text of [
    '{PLAIN}{SSHA}x',
    '{CLEARTEXT}{SSHA}x',
    '{PLAIN.b64}e1NTSEF9eA==',
    '{plain.hex}7b535348417d78',
  ]) {
    assert.deepEqual(parseForeignHash(text), { kind: 'plain', password: '{SSHA}x' });
  }
});

test('passwords are not taken for hashes', () => {
  for (const text of ['secret', '{', '{}x', '{ }x', '$', '$100', '$money$', 'a{SSHA}', '$$$', '{x}']) {
    assert.equal(looksLikeHash(text), false, text);
  }
});

test('the event loop turns while a dear string is verified', async () => {
  const stored = `{CRYPT}$6$rounds=300000$salt$${SALT64}`;
  let isDone = false;
  const verified = new Passwords(CHEAP).verify(new Secret('x'), stored).finally(() => {
    isDone = true;
  });
  let turns = 0;
  while (!isDone) {
    turns++;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(await verified, false);
  assert.ok(turns > 50, `${turns} turns`);
});
