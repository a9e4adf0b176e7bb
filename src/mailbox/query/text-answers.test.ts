/** Texts that are looked for while mail moves: what was found out of an email holds for good, so nothing may be taken for found out. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openTestDomain, type TestDomain } from '../../../test/kit/domain.ts';
import { FLAG } from '../../mail/flags.ts';
import type { MailboxId } from '../model/model.ts';
import { appendMessages } from '../operations/append.ts';
import { changeEmails } from '../operations/change-emails.ts';
import { changeFlags } from '../operations/flags.ts';
import { receive } from '../operations/incoming.ts';
import { mailboxOf } from '../operations/mailboxes.ts';
import type { AccountState } from '../state/account.ts';
import { queryEmails } from './query-emails.ts';

const COUNT = 6;

let kit: TestDomain;
let account: AccountState;

before(async () => {
  kit = await openTestDomain();
  const { id } = await kit.addAccount('alice@example.com', 'secret');
  account = await kit.domain.accounts.open(id);
  const received = [];
  for (let i = 0; i < COUNT; i++) {
    const bytes = Buffer.from(`Subject: ${i}\r\n\r\nan invoice\r\n`);
    const message = await receive(kit.store, [account.id], bytes.length, bytes);
    received.push({ ...message, flags: 0, keywords: [], internalDate: 1_700_000_000 + i });
  }
  await appendMessages(kit.domain, account, mailboxOf(account, 'INBOX'), received);
});
after(() => kit.close());

async function hits(name: string): Promise<readonly number[]> {
  const filter = { kind: 'text', criterion: { kind: 'body', value: 'invoice' }, isDeep: true } as const;
  const query = { name, filter, sort: [{ by: 'received', isDescending: false }], collapses: false } as const;
  return [...(await queryEmails(kit.domain, account, { ...query, needed: undefined })).emails];
}

/** Does something when the first octets of mail are asked for. */
function atFirstRead(t: import('node:test').TestContext, act: () => Promise<unknown>): void {
  const { store } = kit.domain;
  const read = store.readRanges.bind(store);
  let isFirst = true;
  t.mock.method(store, 'readRanges', async (...args: Parameters<typeof read>) => {
    if (isFirst) {
      isFirst = false;
      await act();
    }
    return read(...args);
  });
  t.after(() => assert.equal(isFirst, false));
}

test('mail that is moved while it is searched is found, then and later', async (t) => {
  const archive = mailboxOf(account, 'Archive').id;
  const mailboxes = {
    whole: new Set<MailboxId>([archive]),
    adds: new Set<never>(),
    removes: new Set<never>(),
  };
  atFirstRead(t, () =>
    changeEmails(kit.domain, account, { creates: [], updates: [{ email: 3, mailboxes }], destroys: [] }),
  );
  const all = [1, 2, 3, 4, 5, 6];
  assert.deepEqual(await hits('moved'), all);
  await changeFlags(kit.domain, account, mailboxOf(account, 'INBOX'), [1], {
    ...({ mode: 'add', keywords: [] } as const),
    flags: FLAG.Flagged,
  });
  assert.deepEqual(await hits('moved'), all);
});

test('a search that nobody waits for any more ends', async (t) => {
  const gone = new AbortController();
  const filter = { kind: 'text', criterion: { kind: 'body', value: 'nowhere' }, isDeep: true } as const;
  const query = { name: 'nobody', filter, sort: [], collapses: false, needed: undefined } as const;
  atFirstRead(t, async () => gone.abort());
  await assert.rejects(queryEmails(kit.domain, account, { ...query, gone: gone.signal }), {
    code: 'unavailable',
  });
  assert.deepEqual([...(await queryEmails(kit.domain, account, query)).emails], []);
});
