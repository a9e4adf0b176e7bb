import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { GateFull } from '../base/gate.ts';
import { silentLog } from '../base/log.ts';
import { Secret } from '../base/secret.ts';
import type { StoredCredential } from '../mailbox/model/credential.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { type AccountRecord, asAccountId } from '../mailbox/model/model.ts';
import { Activity } from './activity.ts';
import { Authenticator } from './authenticator.ts';
import { Passwords } from './password.ts';
import { ProofKeyMaker } from './proof-keys.ts';

const CHEAP = { memoryKiB: 64, passes: 1, lanes: 1 };
const HOME = '192.0.2.7';
const OFFICE = '198.51.100.20';

class CountingPasswords extends Passwords {
  verified = 0;
  isFull = false;
  /** What else happens while the next password is compared. */
  meanwhile: (() => Promise<void>) | undefined;

  override async verify(password: Secret, stored: string): Promise<boolean> {
    if (this.isFull) throw new GateFull('too many are waiting');
    this.verified++;
    const isRight = await super.verify(password, stored);
    const { meanwhile } = this;
    this.meanwhile = undefined;
    await meanwhile?.();
    return isRight;
  }
}

let nowMs: number;
let finds: number;
let slept: number[];
let passwords: CountingPasswords;
let records: Map<string, AccountRecord>;
let authenticator: Authenticator;

async function addRecord(id: number, address: string, password: string): Promise<void> {
  const secret = await new Passwords(CHEAP).hash(new Secret(password));
  const rest = { createdMs: 0, shard: 0, settings: {} };
  records.set(address, { id: asAccountId(id), address, credentials: [kept(secret)], ...rest });
}

let lastCredential = 0;
const kept = (secret: string): StoredCredential => ({
  ...{ id: ++lastCredential, kind: 'password', secret, createdMs: 0 },
});

const secretOf = (address: string) => records.get(address)?.credentials[0]?.secret as string;

beforeEach(async () => {
  nowMs = 1_000_000;
  slept = [];
  finds = 0;
  records = new Map();
  passwords = new CountingPasswords(CHEAP);
  authenticator = new Authenticator({
    directory: {
      find: async (address) => {
        finds++;
        return records.get(address);
      },
      withoutProofKeys: () => 0,
      get: async (id) => [...records.values()].find((record) => record.id === id),
      update: async (id, { credentials = {} }) => {
        const record = [...records.values()].find((one) => one.id === id);
        const renewed = credentials.put?.find((one): one is StoredCredential => 'id' in one);
        if (record === undefined || renewed === undefined) return record;
        if (record.credentials[0]?.id !== renewed.id) return record;
        const updated = { ...record, credentials: [renewed] };
        records.set(record.address, updated);
        return updated;
      },
    },
    passwords,
    proofKeys: new ProofKeyMaker({ saltKey: 'x', areKept: false }),
    rules: { mainPassword: 'everywhere', scram: 'auto' },
    clock: { nowMs: () => nowMs },
    log: silentLog,
    activity: new Activity({ log: silentLog, clock: { nowMs: () => nowMs } }),
    defaultDomain: 'example.com',
    failDelayMs: 2000,
    sleep: async (ms) => void slept.push(ms),
  });
  await addRecord(1, 'alice@example.com', 'right');
  await addRecord(2, 'bob@example.com', 'bobs');
});

async function attempt(username: string, password: string, remoteAddress = HOME): Promise<string> {
  try {
    const secret = new Secret(password);
    const credentials = { kind: 'password' as const, username, password: secret };
    return (await authenticator.authenticate({ credentials, remoteAddress, service: 'imap' })).record.address;
  } catch (error) {
    assert.ok(error instanceof MailboxError, String(error));
    return error.code;
  }
}

/** `count` different wrong passwords, one after the other. */
async function guess(username: string, count: number, remoteAddress: string, from = 0): Promise<string[]> {
  const outcomes: string[] = [];
  for (let i = from; i < from + count; i++)
    outcomes.push(await attempt(username, `guess ${i}`, remoteAddress));
  return outcomes;
}

const countOf = (outcomes: readonly string[], wanted: string) =>
  outcomes.filter((one) => one === wanted).length;

describe('who signs in', () => {
  test('the right password in any spelling of the name', async () => {
    for (const name of ['alice@example.com', 'Alice', 'ALICE@EXAMPLE.COM']) {
      assert.equal(await attempt(name, 'right'), 'alice@example.com');
    }
    assert.deepEqual(slept, []);
  });

  test('a wrong password and an unknown name cost and say the same', async () => {
    assert.equal(await attempt('alice', 'wrong'), 'bad-credentials');
    assert.equal(await attempt('nobody', 'wrong'), 'bad-credentials');
    assert.equal(await attempt('not an address', 'wrong'), 'bad-credentials');
    assert.equal(passwords.verified, 3);
    assert.deepEqual(slept, [2000, 2000, 2000]);
  });

  test('an account without a usable hash costs the same and lets nobody in', async () => {
    const record = records.get('alice@example.com') as AccountRecord;
    records.set('alice@example.com', { ...record, credentials: [kept('')] });
    assert.equal(await attempt('alice', ''), 'bad-credentials');
    assert.equal(passwords.verified, 1);
  });

  test('a password typed decomposed is the composed one', async () => {
    await addRecord(3, 'carol@example.com', 'gr\u00fcn');
    assert.equal(await attempt('carol', 'gru\u0308n'), 'carol@example.com');
  });
});

describe('a webmail that signs in for every request', () => {
  test('costs one hash in a quarter of an hour', async () => {
    for (let i = 0; i < 47; i++) assert.equal(await attempt('alice', 'right'), 'alice@example.com');
    assert.equal(passwords.verified, 1);
    nowMs += 15 * 60_000;
    await attempt('alice', 'right');
    assert.equal(passwords.verified, 2);
  });

  test('many at the same moment cost one hash, right or wrong', async () => {
    const right = await Promise.all(Array.from({ length: 20 }, () => attempt('alice', 'right')));
    assert.equal(countOf(right, 'alice@example.com'), 20);
    const wrong = await Promise.all(Array.from({ length: 8 }, () => attempt('alice', 'wrong')));
    assert.equal(countOf(wrong, 'bad-credentials'), 8);
    assert.equal(passwords.verified, 2);
  });

  test('one that is replaced or whose account is removed while it is compared lets nobody in', async () => {
    passwords.meanwhile = () => addRecord(1, 'alice@example.com', 'new');
    assert.equal(await attempt('alice@example.com', 'right'), 'bad-credentials');
    passwords.meanwhile = () => addRecord(2, 'bob@example.com', 'bobs');
    assert.equal(await attempt('bob@example.com', 'bobs'), 'bob@example.com', 'the same, hashed anew');
    passwords.meanwhile = async () => void records.delete('alice@example.com');
    assert.equal(await attempt('alice@example.com', 'new'), 'bad-credentials');
  });

  test('a changed password stops working at once, the new one works', async () => {
    await attempt('alice', 'right');
    await addRecord(1, 'alice@example.com', 'new');
    assert.equal(await attempt('alice', 'right'), 'bad-credentials');
    assert.equal(await attempt('alice', 'new'), 'alice@example.com');
    authenticator.forget(asAccountId(1));
    await attempt('alice', 'new');
    assert.equal(passwords.verified, 4);
  });
});

describe('guessing', () => {
  test('is answered later and later, then refused, then one guess a minute', async () => {
    const outcomes = await guess('alice', 12, HOME);
    assert.equal(countOf(outcomes, 'bad-credentials'), 10);
    assert.deepEqual(outcomes.slice(10), ['throttled', 'throttled']);
    assert.deepEqual(slept.slice(0, 5), [2000, 4000, 8000, 15_000, 15_000]);
    assert.equal(await attempt('alice', 'right'), 'throttled');
    nowMs += 60_000;
    assert.equal(await attempt('alice', 'right'), 'alice@example.com');
  });

  test('at the same moment counts like one after the other', async () => {
    const guesses = Array.from({ length: 50 }, (_, i) => attempt('alice', `guess ${i}`));
    assert.equal(countOf(await Promise.all(guesses), 'bad-credentials'), 10);
    assert.equal(passwords.verified, 10);
  });

  test('is refused before anything is looked at, the right password of a moment ago included', async () => {
    assert.equal(await attempt('alice', 'right'), 'alice@example.com');
    await guess('alice', 20, HOME);
    const looked = { verified: passwords.verified, found: finds };
    slept = [];
    const tried = ['right', 'guess 0', 'never tried'];
    for (const password of tried) assert.equal(await attempt('alice', password), 'throttled', password);
    assert.deepEqual({ verified: passwords.verified, found: finds }, looked);
    assert.equal(slept.length, 3);
    assert.equal(new Set(slept).size, 1);
    assert.ok(slept.every((ms) => ms >= 2000));
  });

  test('costs the delay also when too many are signing in at once', async () => {
    passwords.isFull = true;
    assert.equal(await attempt('alice', 'right'), 'throttled');
    assert.deepEqual(slept, [2000]);
  });

  test('beside an owner who signs in for every request is not forgiven by that', async () => {
    await attempt('alice', 'right', '127.0.0.1');
    const outcomes: string[] = [];
    for (let i = 0; i < 60; i++) {
      outcomes.push(await attempt('alice', `guess ${i}`, '127.0.0.1'));
      await attempt('alice', 'right', '127.0.0.1');
    }
    assert.equal(countOf(outcomes, 'bad-credentials'), 30);
  });

  test('in the large network of an account that is at home there has an end', async () => {
    await attempt('alice', 'right', '2001:db8:1:2::1');
    const outcomes: string[] = [];
    for (let i = 0; i < 120; i++) {
      outcomes.push(await attempt('alice', `guess ${i}`, `2001:db8:1:${i.toString(16)}::9`));
    }
    assert.equal(countOf(outcomes, 'bad-credentials'), 90);
  });

  test('from a network that is refused anyway does not make others be forgotten', async () => {
    await guess('alice', 20, OFFICE);
    for (let i = 0; i < 40; i++) await attempt(`user${i}`, 'x', HOME);
    for (let i = 0; i < 90_000; i++) void attempt(`name${i}`, 'x', HOME);
    await new Promise(setImmediate);
    assert.equal(await attempt('alice', 'right', OFFICE), 'throttled');
  });

  test('a wrong password tried elsewhere says nothing about it here', async () => {
    await attempt('alice', 'last year', OFFICE);
    for (let i = 0; i < 12; i++) await attempt('alice', i % 2 ? 'last year' : `guess ${i}`, HOME);
    assert.equal(passwords.verified, 8);
  });

  test('elsewhere does not lock the owner out, at home or in a new place', async () => {
    await attempt('alice', 'right', OFFICE);
    authenticator.forget(asAccountId(1));
    await guess('alice', 30, '203.0.113.5');
    assert.equal(await attempt('alice', 'right', OFFICE), 'alice@example.com');
    authenticator.forget(asAccountId(1));
    assert.equal(await attempt('alice', 'right', '192.0.2.99'), 'alice@example.com');
  });

  test('from hundreds of addresses makes strangers wait and nobody else', async () => {
    await attempt('alice', 'right', OFFICE);
    for (let i = 0; i < 200; i++) await guess('alice', 1, `203.${i}.113.5`, i);
    authenticator.forget(asAccountId(1));
    slept = [];
    assert.equal(await attempt('alice', 'right', OFFICE), 'alice@example.com');
    assert.deepEqual(slept, []);
    authenticator.forget(asAccountId(1));
    assert.equal(await attempt('alice', 'right', '192.0.2.99'), 'alice@example.com');
    assert.deepEqual(slept, [10_000]);
  });

  test('one password for many names is stopped by address, and by the network around it', async () => {
    const one = await Promise.all(Array.from({ length: 60 }, (_, i) => attempt(`user${i}`, 'x', HOME)));
    assert.equal(countOf(one, 'bad-credentials'), 30);
    const many = await Promise.all(
      Array.from({ length: 250 }, (_, i) => attempt(`name${i}`, 'x', `198.51.100.${i}`)),
    );
    assert.equal(countOf(many, 'bad-credentials'), 90);
    const v6 = await Promise.all(
      Array.from({ length: 60 }, (_, i) => attempt(`v6-${i}`, 'x', `2001:db8:1:2::${i + 1}`)),
    );
    assert.equal(countOf(v6, 'bad-credentials'), 30);
  });

  test('in a network does not lock out those who are at home there', async () => {
    await attempt('alice', 'right', OFFICE);
    authenticator.forget(asAccountId(1));
    await Promise.all(Array.from({ length: 60 }, (_, i) => attempt(`user${i}`, 'x', OFFICE)));
    assert.equal(await attempt('bob', 'bobs', OFFICE), 'throttled');
    assert.equal(await attempt('alice', 'right', OFFICE), 'alice@example.com');
  });

  test('through a webmail on this machine is limited too, later', async () => {
    const outcomes = await guess('alice', 40, '127.0.0.1');
    assert.equal(countOf(outcomes, 'bad-credentials'), 30);
    assert.equal(await attempt('bob', 'bobs', '127.0.0.1'), 'bob@example.com');
  });
});

describe('a phone with an old password', () => {
  test('counts once, however often it tries, and locks nobody out', async () => {
    for (let i = 0; i < 500; i++) {
      assert.equal(await attempt('alice', 'last year', OFFICE), 'bad-credentials');
      nowMs += 10_000;
    }
    assert.equal(passwords.verified, 1);
    assert.equal(await attempt('alice', 'right', OFFICE), 'alice@example.com');
    assert.equal(await attempt('bob', 'bobs', OFFICE), 'bob@example.com');
  });

  test('gets in once its password is made the right one', async () => {
    await attempt('alice', 'later right');
    await addRecord(1, 'alice@example.com', 'later right');
    assert.equal(await attempt('alice', 'later right'), 'alice@example.com');
  });
});

test('a hash of lower cost is renewed at sign-in, unless the password was changed meanwhile', async () => {
  const weak = { memoryKiB: 32, passes: 1, lanes: 1 };
  const old = await new Passwords(weak).hash(new Secret('right'));
  const record = { ...(records.get('alice@example.com') as AccountRecord), credentials: [kept(old)] };
  records.set(record.address, record);
  assert.equal(await attempt('alice', 'right'), 'alice@example.com');
  for (let i = 0; i < 1000 && secretOf(record.address) === old; i++) {
    await new Promise(setImmediate);
  }
  const renewed = secretOf(record.address);
  assert.match(renewed, /m=64,/);
  assert.equal(await new Passwords(CHEAP).verify(new Secret('right'), renewed), true);
  assert.equal(await attempt('alice', 'right'), 'alice@example.com');
});

test('a string of another server lets its owner in, as typed, and is replaced by ours', async () => {
  const record = records.get('alice@example.com') as AccountRecord;
  // MD5 of U+00AA, which preparation turns into the letter a.
  const foreign = '{PLAIN-MD5}fb5b5d1cae50d7248b2815dfe37e4920';
  records.set(record.address, { ...record, credentials: [kept(foreign)] });
  assert.equal(await attempt('alice', 'a'), 'bad-credentials');
  assert.equal(
    await attempt('alice', '\u00aa'),
    'alice@example.com',
    'another word than the wrong one before',
  );
  await Promise.all(Array.from({ length: 5 }, () => attempt('alice', '\u00aa')));
  while (secretOf(record.address) === foreign) await new Promise(setImmediate);
  assert.match(secretOf(record.address), /^\$argon2id\$/);
  assert.equal(await attempt('alice', '\u00aa'), 'alice@example.com');
});

test('where there is a second step the password is good in the webmail alone, and only its owner is told', async () => {
  const record = records.get('alice@example.com');
  assert.ok(record);
  const totp: StoredCredential = { id: ++lastCredential, kind: 'totp', secret: 'x', createdMs: 0 };
  records.set(record.address, { ...record, credentials: [...record.credentials, totp] });
  for (let i = 0; i < 40; i++) assert.equal(await attempt('alice', 'right'), 'forbidden', 'it is no guess');
  assert.equal(passwords.verified, 1, 'nor does it cost more than once');
  assert.equal(await attempt('alice', 'wrong'), 'bad-credentials');
  const credentials = { kind: 'password' as const, username: 'alice', password: new Secret('right') };
  const web = await authenticator.authenticate({ credentials, remoteAddress: HOME, service: 'web' });
  assert.equal(web.record.address, 'alice@example.com');
});
