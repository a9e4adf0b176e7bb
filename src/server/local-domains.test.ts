import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Domains } from '../mailbox/port/domains.ts';
import { LocalDomains } from './local-domains.ts';

test('domains are known in both forms, and told in the one of the DNS', async () => {
  const local = ['example.com', 'räksmörgås.example', 'alias.example', 'made.example'];
  const use = (name: string) => ({ name, accounts: 1, aliases: 0 });
  const directory: Pick<Domains, 'isLocal' | 'uses'> = {
    isLocal: async (name) => local.includes(name),
    uses: async () => local.map(use),
  };
  const domains = new LocalDomains(directory, 'default.example');
  for (const name of [...local, 'default.example', 'EXAMPLE.com', 'xn--rksmrgs-5wao1o.example'])
    assert.equal(await domains.has(name), true, name);
  for (const name of ['other.example', '', 'a b', '[::1]'])
    assert.equal(await domains.has(name), false, name);
  assert.deepEqual(await domains.names(), [
    ...['alias.example', 'default.example', 'example.com', 'made.example', 'xn--rksmrgs-5wao1o.example'],
  ]);
});
