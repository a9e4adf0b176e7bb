/** Keys that wait for a real DNS server, on a clock of the test's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { record, startDns } from '../../test/kit/dns.ts';
import { domainAdminOf, openTestDomain } from '../../test/kit/domain.ts';
import { silentLog } from '../base/log.ts';
import { Resolver } from '../dns/resolver.ts';
import { makeKey } from '../message-auth/keys.ts';
import { APART_MS, RETIRING_MS } from './key-rotation.ts';
import { KeyWatch } from './key-watch.ts';

test('a domain from its first keys to others, as the zone follows', { timeout: 60_000 }, async (t) => {
  let nowMs = Date.parse('2026-11-27T10:00:00Z');
  const clock = { nowMs: () => nowMs };
  const published = new Map<string, string>();
  const dns = await startDns({
    behaviour: ({ name }) => {
      const text = published.get(name);
      if (text === 'broken') return { rcode: 2 };
      return text === undefined ? { rcode: 3 } : { answers: [record(name, 'TXT', text.match(/.{1,255}/g))] };
    },
  });
  t.after(() => dns.close());
  const kit = await openTestDomain({ clock });
  t.after(() => kit.close());
  const { domains } = kit.store.directory;
  const texts = async (name: string) => {
    const answer = await new Resolver({ servers: [dns] }).ask(name, 'TXT');
    if (answer.kind === 'found') return answer.records;
    return answer.kind === 'nxdomain' ? 'absent' : 'unknown';
  };
  const watch = new KeyWatch({ domains, clock, texts, log: silentLog });
  const admin = domainAdminOf(kit.domain, { makeKey, keyWatch: watch });
  const states = async () =>
    ((await domains.find('bücher.example'))?.keys ?? []).map(({ selector, state }) => `${selector} ${state}`);
  const publish = async () => {
    for (const { selector, record: text } of (await domains.find('bücher.example'))?.keys ?? [])
      published.set(`${selector}._domainkey.xn--bcher-kva.example`, text);
  };

  const added = await admin.addDomain('bücher.example');
  assert.ok(!JSON.stringify(added).includes('PRIVATE'));
  await watch.lookAtAll();
  assert.deepEqual(await states(), ['b202611e waiting', 'b202611r waiting']);
  await publish();
  await watch.lookAtAll();
  assert.deepEqual(await states(), ['b202611e active', 'b202611r active']);

  nowMs = Date.parse('2027-05-01T10:00:00Z');
  const [first, second] = await Promise.all([
    admin.rotateKeys('bücher.example'),
    admin.rotateKeys('bücher.example'),
  ]);
  assert.equal(first.keys.length, 4);
  assert.deepEqual(second, first);
  const again = await admin.rotateKeys('xn--bcher-kva.example');
  assert.deepEqual(
    await states(),
    again.keys.map(({ selector, state }) => `${selector} ${state}`),
  );
  await watch.lookAtAll();
  await publish();
  await watch.lookAtAll();
  nowMs += APART_MS - 1;
  await watch.lookAtAll();
  assert.ok((await states()).includes('b202705r waiting'));
  published.set('b202705e._domainkey.xn--bcher-kva.example', 'broken');
  nowMs += 1;
  await watch.lookAtAll();
  const now = await states();
  assert.ok(now.includes('b202705r active') && now.includes('b202611r retiring'), String(now));
  assert.ok(now.includes('b202705e waiting') && now.includes('b202611e active'), String(now));
  nowMs += RETIRING_MS;
  published.delete('b202611r._domainkey.xn--bcher-kva.example');
  await admin.lookAtKeys('bücher.example');
  assert.ok((await states()).includes('b202611r retired'));
  await admin.lookAtKeys('bücher.example');
  assert.ok(!(await states()).some((one) => one.startsWith('b202611r ')));
});
