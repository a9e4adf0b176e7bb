/** What is given to the queue for somebody, as the queue finds it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestDomain, recipientsOf } from '../../test/kit/domain.ts';
import { NOTIFY } from '../mailbox/model/outgoing.ts';
import { receive } from '../mailbox/operations/incoming.ts';
import type { NamedRecipient } from './envelope.ts';
import { type ForLater, keepForLater, passOn } from './later.ts';

test('whoever asks whether mail has arrived is told by the mailbox, and not by what is passed on', async () => {
  const kit = await openTestDomain();
  const { id: account, address } = await kit.addAccount('anna@example.com', 'secret');
  const settings = {
    defaultDomain: 'example.com',
    maxMessageBytes: 1e6,
    overQuota: 'tempfail' as const,
    giveUpMs: 1e6,
  };
  const services = { domain: kit.domain, recipients: recipientsOf(kit.domain), settings } as const;
  const mail = async (): Promise<ForLater> => ({
    sender: { from: 'carl@example.org', declaredBytes: 0, parameters: {} },
    received: await receive(kit.domain.store, [account], 1000, Buffer.from('Subject: x\r\n\r\nx\r\n')),
    taken: {
      ...({ kind: 'taken', fields: Buffer.from('X: y\r\n'), isJunk: false } as const),
      ...{ isAuthentic: true, isAuthorKnown: true, isShared: false },
    },
  });
  const anna: NamedRecipient = {
    ...{ account, address, name: address },
    parameters: { notify: ['SUCCESS', 'FAILURE'] },
  };
  await keepForLater(services, [anna], await mail());
  await passOn(services, [{ ...anna, forwards: ['dan@example.net'] }], await mail());
  const kept = await kit.store.outgoing.list(0, 10);
  assert.deepEqual(
    kept.map(({ row, recipients }) => [row.kind, recipients[0]?.notify]),
    [
      ['retry', NOTIFY.Success | NOTIFY.Failure],
      ['forward', NOTIFY.Failure],
    ],
  );
  await kit.close();
});
