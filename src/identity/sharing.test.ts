import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openTestDomain, type TestDomain } from '../../test/kit/domain.ts';
import type { AliasRecord } from '../mailbox/model/domains.ts';
import type { AccountRecord } from '../mailbox/model/model.ts';
import { ANYONE, accountIdentity } from '../mailbox/model/shares.ts';
import { Sharing } from './sharing.ts';

let kit: TestDomain;
let anna: AccountRecord;
before(async () => {
  kit = await openTestDomain();
  anna = await kit.addAccount('anna@example.com', 'x');
});
after(() => kit.close());

const lead = (address: string, ...added: string[]) =>
  kit.store.directory.domains.changeAlias(address, { added, createdMs: 1 });

test('a person answers to all lists that lead to him, at this moment', async () => {
  const sharing = new Sharing(kit.domain);
  const names = async (): Promise<string[]> => [...(await sharing.personOf(anna)).identities].sort();
  const always = [accountIdentity(anna.id), ANYONE];
  assert.deepEqual(await names(), [...always].sort());
  await lead('team@example.com', 'anna@example.com', 'bo@example.com');
  await lead('all@example.com', 'team@example.com', 'all@example.com');
  await lead('anna@example.com', 'all@example.com').catch(() => undefined);
  await lead('other@example.com', 'bo@example.com');
  await lead('@catch.example', 'anna@example.com');
  assert.deepEqual(await names(), [...always, 'team@example.com', 'all@example.com'].sort());
  const dropped = { dropped: ['anna@example.com'], createdMs: 1 };
  await kit.store.directory.domains.changeAlias('team@example.com', dropped);
  assert.deepEqual(await names(), [...always].sort());
});

test('who has lists is not looked for in all of them with every command', async () => {
  let looked = 0;
  const aliases: readonly AliasRecord[] = Array.from({ length: 100 }, (_, i) => ({
    address: `list${i}@example.com`,
    get targets() {
      looked++;
      return [`user${i}@example.com`];
    },
    createdMs: 1,
  }));
  const { directory } = kit.store;
  const domains = { ...directory.domains, listAliases: async () => aliases };
  const store = { loadSharers: kit.domain.store.loadSharers, directory: { ...directory, domains } };
  const sharing = new Sharing({ store: store as never, accounts: kit.domain.accounts });
  for (let i = 0; i < 20; i++) {
    const person = await sharing.personOf({ id: anna.id, address: `user${i}@example.com` });
    assert.ok(person.identities.has(`list${i}@example.com`));
  }
  assert.equal(looked, 100);
  const { domains: real } = directory;
  assert.equal(await real.listAliases(), await real.listAliases(), 'nothing is sorted anew');
});
