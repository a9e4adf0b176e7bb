/** What the queue has tried is looked at by one at a time, however long that takes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { openTestDomain } from '../../../test/kit/domain.ts';
import { asAccountId } from '../../mailbox/model/model.ts';
import { outgoingId } from '../../mailbox/model/outgoing.ts';
import { SentMail } from './sent-mail.ts';

test('looks are not made while another one is under way, and none is forgotten', async () => {
  const kit = await openTestDomain();
  const looks = { atOnce: 0, most: 0, all: 0 };
  const { domain } = kit;
  const accounts = Object.create(domain.accounts, {
    peek: { value: () => undefined },
    open: {
      async value() {
        looks.all++;
        looks.most = Math.max(looks.most, ++looks.atOnce);
        await pause(400);
        looks.atOnce--;
        throw new Error('too slow');
      },
    },
  });
  const sent = new SentMail({ ...domain, accounts }, domain.log);
  try {
    for (let n = 1; n <= 10; n++) {
      sent.tried(outgoingId(asAccountId(1), n));
      await pause(60);
    }
    for (let waitedMs = 0; looks.all < 2 && waitedMs < 10_000; waitedMs += 20) await pause(20);
    assert.ok(looks.all >= 2);
    assert.equal(looks.most, 1);
  } finally {
    sent.stop();
    await kit.close();
  }
});
