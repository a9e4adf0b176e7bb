/** Counts that are made while the store takes a change back: what is kept of them is what there is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Random } from '../../../test/crash/random.ts';
import { openTestDomain } from '../../../test/kit/domain.ts';
import { CALM, UnreliableStore } from '../../../test/kit/unreliable-store.ts';
import { FLAG } from '../../mail/flags.ts';
import type { MailboxId } from '../model/model.ts';
import { appendMessages } from '../operations/append.ts';
import { changeFlags } from '../operations/flags.ts';
import { receive } from '../operations/incoming.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { mailboxCounts } from './mailbox-counts.ts';

test('what was taken back while it was counted is not kept', async (t) => {
  let unreliable: UnreliableStore | undefined;
  const kit = await openTestDomain({
    wrapStore: (inner) => {
      unreliable = new UnreliableStore(inner, new Random(1));
      return unreliable;
    },
  });
  t.after(() => kit.close());
  const store = unreliable as UnreliableStore;
  const { id } = await kit.addAccount('alice@example.com', 'secret');
  const { domain } = kit;
  const before = await domain.accounts.open(id);
  const bytes = Buffer.from('Subject: x\r\n\r\nhello\r\n');
  for (const mailbox of [...before.mailboxes.values()].slice(0, 3)) {
    const message = await receive(domain.store, [id], bytes.length, bytes);
    const seen = { ...message, flags: FLAG.Seen, keywords: [], internalDate: undefined };
    await appendMessages(domain, before, mailbox, [seen]);
  }
  domain.accounts.evict(id, 'so that all of it is read again');
  const account = await domain.accounts.open(id);
  const [first, second, third] = [...account.mailboxes.values()] as [
    MailboxState,
    MailboxState,
    MailboxState,
  ];
  const gates = new Map([first, third].map((one) => [one.id, Promise.withResolvers<void>()]));
  const asked = new Set<MailboxId>();
  const load = domain.store.loadLastChunk.bind(domain.store);
  t.mock.method(domain.store, 'loadLastChunk', async (...args: Parameters<typeof load>) => {
    asked.add(args[1]);
    await gates.get(args[1])?.promise;
    return load(...args);
  });
  const isAsked = async ({ id: mailbox }: MailboxState): Promise<void> => {
    while (!asked.has(mailbox)) await nextTurn();
  };
  const counting = mailboxCounts(domain, account);
  await isAsked(first);
  store.pause();
  const unseen = { mode: 'remove', flags: FLAG.Seen, keywords: [] } as const;
  const refused = changeFlags(domain, account, second, [1], unseen);
  while (account.unsettled === undefined) await nextTurn();
  gates.get(first.id)?.resolve();
  await isAsked(third);
  store.weather = { ...CALM, refusal: 1 };
  store.resume();
  await assert.rejects(refused);
  store.weather = CALM;
  gates.get(third.id)?.resolve();
  await counting;
  assert.equal((await mailboxCounts(domain, account)).get(second.id)?.unreadEmails, 0);
});
