import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openTestDomain, recipientsOf, type TestDomain } from '../../test/kit/domain.ts';
import type { AccountRecord } from '../mailbox/model/model.ts';
import { Identities, SEND_AS } from './identities.ts';

let kit: TestDomain;
let anna: AccountRecord;
let bo: AccountRecord;
let identities: Identities;

before(async () => {
  kit = await openTestDomain();
  anna = await kit.addAccount('anna@example.com', 'x');
  bo = await kit.addAccount('bo@example.com', 'x');
  const others = await Promise.all(['c', 'd', 'e'].map((name) => kit.addAccount(`${name}@example.com`, 'x')));
  const lead = (address: string, ...added: string[]) =>
    kit.store.directory.domains.changeAlias(address, { added, createdMs: 1 });
  await lead('info@example.com', 'anna@example.com');
  await lead(
    'team@example.com',
    'bo@example.com',
    ...others.map(({ address }) => address),
    'x@elsewhere.example',
  );
  await lead('out@example.com', 'x@elsewhere.example');
  await lead('@catch.example', 'anna@example.com');
  await lead('bo@catch.example', 'bo@example.com');
  await lead('@other.example', '@example.com');
  identities = new Identities({
    ...{ recipients: recipientsOf(kit.domain), defaultDomain: 'example.com' },
    aliases: () => kit.store.directory.domains.listAliases(),
  });
});

after(() => kit.close());

test('whoever receives for an address may send as it, and the refusal says who may', async () => {
  const rows: readonly (readonly [AccountRecord, string, RegExp | undefined])[] = [
    [anna, 'Anna@Example.com', undefined],
    [anna, 'anna', undefined],
    [anna, 'anna+shop@example.com', undefined],
    [anna, 'info@example.com', undefined],
    [anna, 'info+x@example.com', undefined],
    [anna, 'anna@other.example', undefined],
    [anna, 'whatever@catch.example', undefined],
    [
      anna,
      'bo@catch.example',
      /^anna@example\.com may not send as bo@catch\.example: it is for bo@example\.com$/,
    ],
    [bo, 'bo@catch.example', undefined],
    [bo, 'whatever@catch.example', /it is for anna@example\.com$/],
    [bo, 'team@example.com', undefined],
    [anna, 'team@example.com', /it is for bo@example\.com, c@example\.com, d@example\.com and 1 more$/],
    [anna, 'out@example.com', /goes to other servers$/],
    [anna, 'nobody@example.com', /nobody has this address; an alias/],
    [anna, 'anna@elsewhere.example', /its domain is not one of this server$/],
    [anna, 'x\r\ny', /^"x\?\?y" is not a mail address$/],
    [anna, '', /is not a mail address/],
  ];
  for (const [account, address, refusal] of rows) {
    const answer = await identities.maySendAs(account, address);
    if (refusal === undefined) assert.deepEqual(answer, { kind: 'allowed' }, address);
    else assert.match(answer.kind === 'refused' ? answer.why : 'allowed', refusal, address);
  }
});

test('what was granted', async () => {
  const settings = { [SEND_AS]: 'Bo@example.com, boss@elsewhere.example *@XN--bcher-kva.example' };
  const rows = [
    ['bo@example.com', 'allowed'],
    ['boss@elsewhere.example', 'allowed'],
    ['anybody@bücher.example', 'allowed'],
    ['other@elsewhere.example', 'refused'],
    ['c@example.com', 'refused'],
    ['x@sub.bücher.example', 'refused'],
  ] as const;
  for (const [address, kind] of rows)
    assert.equal((await identities.maySendAs({ ...anna, settings }, address)).kind, kind, address);
});
