import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestDomain } from '../../../test/kit/domain.ts';
import { type MailStore, StoreError } from '../port/store.ts';
import { emailChanges } from '../reading/email-changes.ts';
import { mailboxChanges } from '../reading/mailbox-changes.ts';
import { momentOf } from '../reading/moment.ts';
import { appendMessages } from './append.ts';
import { createMailbox, deleteMailbox } from './folders.ts';
import { receive } from './incoming.ts';

/** An account with a mailbox of three messages that are not in memory, over a store that cannot read them if it is told so. */
async function withWork(isUnreadable: boolean) {
  let isBroken = false;
  const wrapStore = (store: MailStore): MailStore => {
    const loadChunks: MailStore['loadChunks'] = async (...args) => {
      if (isBroken) throw new StoreError('damaged', 'a page is broken');
      return store.loadChunks(...args);
    };
    return new Proxy(store, {
      get: (it, name) => {
        if (name === 'loadChunks') return loadChunks;
        const value = Reflect.get(it, name);
        return typeof value === 'function' ? value.bind(it) : value;
      },
    });
  };
  const kit = await openTestDomain({ wrapStore, mayBeDamaged: isUnreadable });
  const { domain } = kit;
  const { id } = await kit.addAccount('alice@example.com', 'secret');
  const before = await domain.accounts.open(id);
  const work = await createMailbox(domain, before, 'Work');
  const messages = await Promise.all(
    ['one', 'two', 'three'].map(async (word) => {
      const bytes = Buffer.from(`Subject: ${word}\r\n\r\n`);
      const received = await receive(domain.store, [id], bytes.length, bytes);
      return { ...received, flags: 0, keywords: [], internalDate: undefined };
    }),
  );
  await appendMessages(domain, before, work, messages);
  await domain.accounts.evict(id, 'the test loads it anew');
  isBroken = isUnreadable;
  return { kit, domain, account: await domain.accounts.open(id), work };
}

test('what goes with a mailbox is remembered by its emails', async () => {
  const { kit, domain, account, work } = await withWork(false);
  const emails = { since: momentOf(account, 'emails') };
  const mailboxes = { since: momentOf(account, 'mailboxes') };
  await deleteMailbox(domain, account, 'Work');
  assert.deepEqual((await emailChanges(domain, account, emails, 9))?.destroyed, [1, 2, 3]);
  assert.deepEqual((await mailboxChanges(domain, account, mailboxes, 9))?.destroyed, [work.id]);
  await kit.close();
});

test('a mailbox that cannot be read can be deleted, and what there was before is not known any more', async () => {
  const { kit, domain, account } = await withWork(true);
  const since = momentOf(account, 'emails');
  await deleteMailbox(domain, account, 'Work');
  assert.equal(account.byName.has('Work'), false);
  assert.equal(await emailChanges(domain, account, { since }, 9), undefined);
  assert.equal(
    account.emailModseq,
    account.changesFloor,
    'whoever asks hears that there is something to ask for',
  );
  await kit.close();
});
