/** Domains with their keys, and addresses that lead to others. */
import assert from 'node:assert/strict';
import type { AliasChange, DomainKey } from '../../mailbox/model/domains.ts';
import { aPassword } from '../fixtures.ts';
import type { Test } from './harness.ts';

const aKey = (selector: string, rest: Partial<DomainKey> = {}): DomainKey => ({
  ...{ selector, algorithm: 'rsa', privateKey: `secret of ${selector}`, record: 'v=DKIM1; p=AAAA' },
  ...{ state: 'waiting', sinceMs: 7, ...rest },
});

export function domainTests(test: Test): void {
  test('a domain is created once, listed by name, and there after a restart with its keys', async (store, harness) => {
    const { domains } = store.directory;
    const org = { name: 'example.org', createdMs: 5, keys: [aKey('a'), aKey('b', { seenMs: 9 })] };
    assert.deepEqual(await domains.create(org), org);
    assert.equal(await domains.create({ ...org, keys: [] }), 'exists');
    await domains.create({ name: 'bücher.example', createdMs: 6, keys: [] });
    assert.equal(await domains.find('example.net'), undefined);
    await store.close();
    const again = await harness.open();
    assert.deepEqual(await again.directory.domains.find('example.org'), org);
    const names = (await again.directory.domains.list()).map(({ name }) => name);
    assert.deepEqual(names, ['bücher.example', 'example.org']);
    await again.close();
  });

  test('keys change one by one, and go with their domain', async (store, harness) => {
    const { domains } = store.directory;
    await domains.create({ name: 'example.org', createdMs: 5, keys: [aKey('b'), aKey('a')] });
    assert.deepEqual((await domains.find('example.org'))?.keys, [aKey('a'), aKey('b')]);
    await domains.create({ name: 'example.net', createdMs: 5, keys: [aKey('b')] });
    const active = aKey('b', { state: 'active', sinceMs: 8, algorithm: 'ed25519' });
    const changed = await domains.changeKeys('example.org', {
      put: [aKey('c'), active],
      dropped: ['a', 'z'],
    });
    assert.deepEqual(changed, { name: 'example.org', createdMs: 5, keys: [active, aKey('c')] });
    assert.equal(await domains.changeKeys('example.com', { put: [aKey('a')] }), undefined);
    await store.close();
    const again = await harness.open();
    const after = again.directory.domains;
    assert.deepEqual(await after.find('example.org'), changed);
    await after.remove('example.org');
    await after.remove('example.org');
    assert.equal(await after.find('example.org'), undefined);
    await after.create({ name: 'example.org', createdMs: 9, keys: [] });
    assert.deepEqual((await after.find('example.org'))?.keys, []);
    assert.equal((await after.find('example.net'))?.keys.length, 1);
    await again.close();
  });

  test('targets come and go without taking others with them; without one there is no alias', async (store, harness) => {
    const { domains } = store.directory;
    const change = (how: Partial<AliasChange>, createdMs = 3) =>
      domains.changeAlias('team@example.com', { createdMs, ...how });
    const targets = async () => (await domains.findAlias('team@example.com'))?.targets;
    const made = await change({ added: ['ann@example.com', 'x@example.org'] });
    assert.deepEqual(made, {
      ...{ address: 'team@example.com', targets: ['ann@example.com', 'x@example.org'], createdMs: 3 },
    });
    const at = [change({ added: ['bob@example.com'] }, 4), change({ added: ['carl@example.com'] }, 5)];
    assert.equal((await Promise.all(at)).length, 2);
    assert.deepEqual(await targets(), [
      'ann@example.com',
      'x@example.org',
      'bob@example.com',
      'carl@example.com',
    ]);
    await change({ added: ['ann@example.com'], dropped: ['x@example.org', 'nobody@example.org'] });
    await store.close();
    const again = await harness.open();
    const after = again.directory.domains;
    const [team] = await after.listAliases();
    assert.deepEqual(team?.targets, ['bob@example.com', 'carl@example.com', 'ann@example.com'].sort());
    assert.equal(team?.createdMs, 3);
    assert.equal(
      await after.changeAlias('team@example.com', { dropped: team?.targets ?? [], createdMs: 9 }),
      undefined,
    );
    assert.deepEqual(await after.listAliases(), []);
    await after.changeAlias('@example.com', { added: ['ann@example.com'], createdMs: 9 });
    await after.changeAlias('@example.com', { dropped: 'all', createdMs: 9 });
    assert.equal(await after.findAlias('@example.com'), undefined);
    await again.close();
  });

  test('what the accounts of a domain have together is limited', async (store) => {
    const { domains } = store.directory;
    assert.deepEqual(domains.totalOf('example.com'), {});
    assert.equal(await domains.changeQuota('example.com', {}, { bytes: 5 }), undefined);
    await domains.create({ name: 'example.com', createdMs: 1, keys: [] });
    await domains.changeQuota('example.com', { bytes: 3 }, { bytes: 5, messages: 7 });
    assert.deepEqual(domains.totalOf('example.com'), { bytes: 5, messages: 7 });
    await domains.changeQuota('example.com', { messages: 4 });
    await domains.changeQuota('example.com', {}, { bytes: undefined });
    const record = await domains.find('example.com');
    assert.deepEqual([record?.quota, record?.total], [{ bytes: 3, messages: 4 }, { messages: 7 }]);
    assert.deepEqual(domains.totalOf('example.com'), { messages: 7 });
  });

  test('an address is one thing: an account or an alias', async (store) => {
    const { directory } = store;
    const person = (address: string) => ({ address, credentials: [aPassword('x')], createdMs: 1 });
    const add = { added: ['b@example.com'], createdMs: 1 };
    const [bob] = await directory.create([person('b@example.com')]);
    assert.ok(bob && bob !== 'exists');
    assert.equal(await directory.domains.changeAlias('b@example.com', add), 'account');
    assert.equal(await directory.domains.findAlias('b@example.com'), undefined);
    await directory.domains.changeAlias('a@example.com', add);
    assert.deepEqual(await directory.create([person('a@example.com')]), ['exists']);
    await directory.remove(bob.id);
    const outcome = await directory.domains.changeAlias('b@example.com', {
      ...add,
      added: ['c@example.com'],
    });
    assert.notEqual(outcome, 'account');
  });

  test('a domain is here by its row, an account or an alias', async (store) => {
    const { directory } = store;
    const isLocal = () =>
      Promise.all(
        ['row.example', 'account.example', 'alias.example'].map((name) => directory.domains.isLocal(name)),
      );
    assert.deepEqual(await isLocal(), [false, false, false]);
    await directory.domains.create({ name: 'row.example', createdMs: 1, keys: [] });
    const people = ['a', 'b'].map((name) => ({
      ...{ address: `${name}@account.example`, credentials: [aPassword('x')], createdMs: 1 },
    }));
    const [ann, bob] = await directory.create(people);
    assert.ok(ann && ann !== 'exists' && bob && bob !== 'exists');
    const at = '@alias.example';
    await directory.domains.changeAlias(at, { added: ['x@example.com'], createdMs: 1 });
    await directory.update(ann.id, { quotaBytes: 9 });
    assert.deepEqual(await isLocal(), [true, true, true]);
    assert.deepEqual(await directory.domains.uses(), [
      { name: 'account.example', accounts: 2, aliases: 0 },
      { name: 'alias.example', accounts: 0, aliases: 1 },
      { name: 'row.example', accounts: 0, aliases: 0 },
    ]);
    await directory.remove(ann.id);
    assert.deepEqual(await isLocal(), [true, true, true]);
    await directory.remove(bob.id);
    await directory.domains.changeAlias(at, { dropped: 'all', createdMs: 1 });
    await directory.domains.remove('row.example');
    assert.deepEqual(await isLocal(), [false, false, false]);
  });
}
