/** Deliveries out of the queue are known by their keys until the queue has written down what became of them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { recipientsOf } from '../../test/kit/domain.ts';
import { openQueue } from '../../test/kit/queue.ts';
import { openTestRelay } from '../../test/kit/relayed.ts';
import { EMPTY } from '../base/bytes.ts';
import { silentLog } from '../base/log.ts';
import { forgetAt } from '../delivery/forgetting.ts';
import { deliver } from '../mailbox/operations/deliver.ts';
import { receive } from '../mailbox/operations/incoming.ts';
import { mailboxOf } from '../mailbox/operations/mailboxes.ts';
import { Connections } from '../net/connections.ts';
import { Sweep } from '../net/sweep.ts';
import { aRecipient } from '../store/fixtures.ts';
import { LocalRoute } from './local.ts';
import { LocalJobs } from './local-jobs.ts';

it('keys of accounts that another process holds are forgotten there', async () => {
  const { kit, sender, close } = await openQueue({ isStarted: false });
  const door = await openTestRelay(kit);
  const sweep = new Sweep();
  try {
    const { store } = kit.domain;
    door.receive({}, new Connections({ total: 10, perAddress: 10 }), { sweep, writeTimeoutMs: 10_000 });
    const account = sender.id;
    const to = [{ account, address: sender.address }];
    // More than go in one preamble.
    const keys = Array.from({ length: 250 }, (_, n) => createHash('md5').update(`${n}`).digest());
    const some = [keys[0], keys[120], keys[249]] as Buffer[];
    const other = Buffer.alloc(16, 1);
    for (const once of [...some, other]) {
      const received = await receive(store, [account], 1e9, Buffer.from('Subject: a\r\n\r\n'));
      const arrived = { fields: EMPTY, isJunk: false, isAuthorKnown: false, once };
      await deliver(kit.domain, to, received, '', arrived);
    }
    const inbox = mailboxOf(await kit.domain.accounts.open(account), 'INBOX').id;
    const areKept = () => store.whichImported(account, inbox, [...some, other]);
    assert.deepEqual(await areKept(), [true, true, true, true]);
    const { domain } = door;
    const recipients = recipientsOf(domain);
    const route = new LocalRoute({
      domain,
      recipients,
      hostname: 'mail.example.com',
      activity: kit.activity,
    });
    const jobs = new LocalJobs({
      ...{ domain, log: silentLog, route },
      forgetAt: (holder, which) => forgetAt(door.relay, holder, which),
    });
    const outcome = {
      kind: 'delivered',
      status: '2.0.0',
      host: '',
      text: '',
      isReply: false,
      hasDsn: false,
    } as const;
    const forgotten = keys.map((key) => ({ account, key }));
    jobs.settled([{ ...outcome, recipient: aRecipient({}), forwards: [], keys: forgotten }]);
    await jobs.forget();
    for (
      const untilMs = performance.now() + 5000;
      (await areKept()).slice(0, 3).includes(true);
      await pause(10)
    )
      assert.ok(performance.now() < untilMs, 'they are kept');
    assert.deepEqual(await areKept(), [false, false, false, true]);
  } finally {
    await door.close(100);
    await close();
  }
});
