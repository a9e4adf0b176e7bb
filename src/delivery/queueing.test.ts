/** What the queue has no room for is refused before any of it is written. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestDomain, recipientsOf } from '../../test/kit/domain.ts';
import { receive } from '../mailbox/operations/incoming.ts';
import type { NamedRecipient } from './envelope.ts';
import { giveToQueue } from './queueing.ts';
import type { DeliveryServices } from './services.ts';

test('mail that is passed on has to fit into the octets that may wait', async () => {
  const kit = await openTestDomain({ limits: { outgoingBytesPerAccount: 1000 } });
  try {
    const { id: account, address } = await kit.addAccount('anna@example.com', 'secret');
    const services = {
      ...{ domain: kit.domain, recipients: recipientsOf(kit.domain), log: kit.domain.log },
      settings: {
        ...{ defaultDomain: 'example.com', maxMessageBytes: 1e6, overQuota: 'tempfail' as const },
        giveUpMs: 1e6,
      },
    } as unknown as DeliveryServices;
    const give = async (octets: number) => {
      const text = Buffer.from(`Subject: x\r\n\r\n${'x'.repeat(octets - 18)}\r\n`);
      const there = (n: number): NamedRecipient => {
        return { account, address, name: address, parameters: {}, forwards: [`dan${n}@example.net`] };
      };
      const errors = await giveToQueue(services, [there(1), there(2)], {
        sender: { from: 'carl@example.org', declaredBytes: 0, parameters: {} },
        received: await receive(kit.domain.store, [account], 1e6, text),
        taken: {
          ...({ kind: 'taken', fields: Buffer.from('X: y\r\n'), isJunk: false } as const),
          ...{ isAuthentic: true, isAuthorKnown: true, isShared: false },
        },
      });
      return [...errors.values()].map(({ code }) => code);
    };
    assert.deepEqual(await give(600), ['limit', 'limit']);
    assert.deepEqual(await kit.store.outgoing.list(0, 10), []);
    assert.deepEqual(await give(300), []);
    assert.equal((await kit.store.outgoing.list(0, 10)).length, 2);
  } finally {
    await kit.close();
  }
});
