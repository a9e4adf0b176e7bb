import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestDomain } from '../../test/kit/domain.ts';
import { newPair } from '../identity/key-rotation.ts';
import { makeKey } from '../message-auth/keys.ts';
import { signHeader } from '../message-auth/sign.ts';
import { keysOfDomains } from './signing-keys.ts';

test('mail of a domain is signed with the keys that are active, under its name in the DNS', async () => {
  const kit = await openTestDomain();
  const { domains } = kit.store.directory;
  const keysOf = keysOfDomains(domains);
  const keys = await newPair([], makeKey, Date.parse('2026-11-01T00:00:00Z'));
  await domains.create({ name: 'bücher.example', createdMs: 1, keys });
  assert.deepEqual(await keysOf('bücher.example'), [], 'they wait');
  const active = keys.map((key) => ({ ...key, state: 'active' as const }));
  await domains.changeKeys('bücher.example', { put: active });
  for (const name of ['bücher.example', 'XN--bcher-kva.example']) {
    const found = await keysOf(name);
    assert.deepEqual(
      found.map(({ domain, selector }) => [domain, selector]),
      [
        ['xn--bcher-kva.example', 'b202611e'],
        ['xn--bcher-kva.example', 'b202611r'],
      ],
    );
    const fields = await signHeader(Buffer.from('From: a@xn--bcher-kva.example\r\n'), 'AAAA', found, 0);
    assert.match(fields, /a=ed25519-sha256[\s\S]*a=rsa-sha256/);
    assert.equal((await keysOf(name))[0], found[0], 'read once');
  }
  assert.deepEqual(await keysOf('elsewhere.example'), []);
  await kit.close();
});
