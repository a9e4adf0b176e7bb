import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { domainAdminOf, openTestDomain, type TestDomain } from '../../test/kit/domain.ts';
import { MailboxError, type MailboxErrorCode } from '../mailbox/model/errors.ts';
import type { DomainAdmin } from './domain-admin.ts';

let kit: TestDomain;
let admin: DomainAdmin;

before(async () => {
  kit = await openTestDomain();
  admin = domainAdminOf(kit.domain);
  for (const name of ['anna', 'bo', 'carl']) await kit.addAccount(`${name}@example.com`, 'x');
});

after(() => kit.close());

const refuses = (asked: Promise<unknown>, code: MailboxErrorCode, words: RegExp) =>
  assert.rejects(asked, (error) => {
    assert.ok(error instanceof MailboxError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, words);
    return true;
  });

describe('domains', () => {
  test('are here by their accounts, and get keys when they are added', async () => {
    assert.deepEqual(await admin.listDomains(), [{ name: 'example.com', accounts: 3, aliases: 0, keys: [] }]);
    const added = await admin.addDomain('BÜCHER.example.');
    assert.equal(added.name, 'bücher.example');
    assert.deepEqual(
      added.keys.map(({ algorithm, state }) => [algorithm, state]),
      [
        ['ed25519', 'waiting'],
        ['rsa', 'waiting'],
      ],
    );
    assert.ok(!JSON.stringify([added, await admin.listDomains()]).includes('secret'));
    await refuses(admin.addDomain('xn--bcher-kva.example'), 'exists', /here already/);
    await refuses(admin.addDomain('no domain'), 'invalid-name', /not a domain/);
    assert.equal((await admin.addDomain('example.com')).accounts, 3);
  });

  test('stand for another one, or give all mail that nobody has to somebody', async () => {
    await refuses(
      admin.addDomain('other.example', ['@nowhere.example']),
      'nonexistent',
      /does not come here/,
    );
    await refuses(admin.addDomain('other.example', ['@example.com', 'anna']), 'cannot', /one other domain/);
    assert.deepEqual(
      (await admin.listDomains()).map(({ name }) => name),
      ['bücher.example', 'example.com'],
    );
    const other = await admin.addDomain('other.example', ['@Example.com']);
    assert.deepEqual(other.rest, ['@example.com']);
    await refuses(admin.addToAlias('@example.com', ['@other.example']), 'cannot', /stands for example\.com/);
    const all = await admin.addDomain('catch.example', ['Anna', 'bo+all']);
    assert.deepEqual(all.rest, ['anna@example.com', 'bo+all@example.com']);
    const [listed] = (await admin.listAliases()).filter(({ address }) => address === '@catch.example');
    assert.deepEqual([listed?.accounts, listed?.forwards], [2, 0]);
  });

  test('go with their aliases and keys, but not while accounts are in them', async () => {
    await refuses(admin.removeDomain('example.com'), 'cannot', /3 accounts have their addresses/);
    await refuses(admin.removeDomain('nowhere.example'), 'nonexistent', /domain add/);
    await admin.addToAlias('info@catch.example', ['anna']);
    assert.equal(await admin.removeDomain('catch.example'), 2);
    await refuses(admin.findDomain('catch.example'), 'nonexistent', /does not come here/);
    assert.equal(await kit.store.directory.domains.isLocal('catch.example'), false);
  });
});

describe('aliases', () => {
  test('lead to accounts, aliases, and elsewhere with the letters of whoever wrote them', async () => {
    const info = await admin.addToAlias('Info@example.com', ['ANNA@example.com']);
    assert.deepEqual([info.isNew, info.changed, info.alias?.accounts], [true, ['anna@example.com'], 1]);
    const team = await admin.addToAlias('team', ['info', 'bo+team', 'Carl.Z@Elsewhere.example']);
    assert.deepEqual(team.alias?.targets, [
      'info@example.com',
      'bo+team@example.com',
      'Carl.Z@elsewhere.example',
    ]);
    assert.deepEqual([team.alias?.accounts, team.alias?.forwards], [2, 1]);
    const again = await admin.addToAlias('team', ['carl', 'info']);
    assert.deepEqual([again.isNew, again.changed], [false, ['carl@example.com']]);
    const less = await admin.dropFromAlias('team', ['carl.z@elsewhere.example', 'INFO@example.com']);
    assert.deepEqual(less.alias?.targets, ['bo+team@example.com', 'carl@example.com']);
    const gone = await admin.dropFromAlias('team', 'all');
    assert.deepEqual([gone.alias, gone.changed], [undefined, ['bo+team@example.com', 'carl@example.com']]);
  });

  test('that cannot be', async () => {
    const rows: readonly (readonly [string, readonly string[], MailboxErrorCode, RegExp])[] = [
      ['a b@example.com', ['anna'], 'invalid-name', /not a mail address/],
      ['x@nowhere.example', ['anna'], 'nonexistent', /domain add nowhere\.example/],
      ['x', ['nobody'], 'nonexistent', /nobody here has the address nobody@example\.com/],
      ['x', ['x'], 'cannot', /itself/],
      ['x', ['@bücher.example'], 'cannot', /an address leads to addresses/],
      ['anna', ['bo'], 'exists', /address of an account/],
      ['*@example.com', ['@nowhere.example'], 'nonexistent', /does not come here/],
    ];
    for (const [address, targets, code, words] of rows)
      await refuses(admin.addToAlias(address, targets), code, words);
    await refuses(admin.dropFromAlias('x', 'all'), 'nonexistent', /no alias x@example\.com/);
    await refuses(admin.dropFromAlias('info', ['bo']), 'nonexistent', /leads to anna@example\.com/);
    const many = Array.from({ length: 1001 }, (_, i) => `x${i}@elsewhere.example`);
    await refuses(admin.addToAlias('x', many), 'limit', /at most 1000/);
  });

  test('two at once both have added, and an account and an alias of one name never are', async () => {
    await Promise.all([admin.addToAlias('both', ['anna']), admin.addToAlias('both', ['bo'])]);
    const both = (await admin.listAliases()).find(({ address }) => address === 'both@example.com');
    assert.deepEqual([...(both?.targets ?? [])].sort(), ['anna@example.com', 'bo@example.com']);
    const [made, alias] = await Promise.allSettled([
      kit.addAccount('one@example.com', 'x'),
      admin.addToAlias('one', ['anna']),
    ]);
    assert.equal([made, alias].filter(({ status }) => status === 'fulfilled').length, 1);
    await assert.rejects(kit.addAccount('both@example.com', 'x'), /is an alias/);
  });

  test('that lead to somebody who is gone are shown to lead nowhere', async () => {
    await admin.addToAlias('carls', ['carl']);
    await kit.admin.removeAccount((await kit.admin.accountOf('carl')).id);
    const carls = (await admin.listAliases()).find(({ address }) => address === 'carls@example.com');
    assert.deepEqual([carls?.accounts, carls?.forwards], [0, 0]);
  });
});
