/** What people put into Junk and take out of it reaches rspamd, over a real socket, whatever fails in between. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openTestDomain, type TestDomain } from '../../test/kit/domain.ts';
import { type RspamdReply, startRspamd, type TestRspamd } from '../../test/kit/rspamd.ts';
import { silentLog } from '../base/log.ts';
import { Secret } from '../base/secret.ts';
import { appendMessages } from '../mailbox/operations/append.ts';
import { changeEmails } from '../mailbox/operations/change-emails.ts';
import { copyMessages, moveMessages } from '../mailbox/operations/copy.ts';
import { expungeMessages } from '../mailbox/operations/expunge.ts';
import { createMailbox } from '../mailbox/operations/folders.ts';
import { receive } from '../mailbox/operations/incoming.ts';
import { mailboxOf } from '../mailbox/operations/mailboxes.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import { loadList } from '../mailbox/state/load.ts';
import { Rspamd } from './rspamd.ts';
import { startTrainer } from './trainer.ts';

let kit: TestDomain;
let account: AccountState;
let rspamd: TestRspamd;
let reply: RspamdReply | 'silence' = { body: { success: true } };
/** Of a message with this in it nothing is learned. */
let poison: string | undefined;

before(async () => {
  kit = await openTestDomain({ learns: true });
  const { id } = await kit.addAccount('alice@example.com', 'secret');
  account = await kit.domain.accounts.open(id);
  rspamd = await startRspamd(({ message }) =>
    poison !== undefined && message.includes(poison) ? { status: 500, body: {} } : reply,
  );
  if (!account.byName.has('Junk')) await createMailbox(kit.domain, account, 'Junk');
  if (!account.byName.has('Trash')) await createMailbox(kit.domain, account, 'Trash');
  await createMailbox(kit.domain, account, 'Work');
});
after(async () => {
  await rspamd.close();
  await kit.close();
});

async function put(mailbox: string, text: string): Promise<number> {
  const message = Buffer.from(`Subject: ${text}\r\n\r\n${text}\r\n`);
  const received = await receive(kit.domain.store, [account.id], 2 ** 24, message);
  const flags = { flags: 0, keywords: [], internalDate: undefined };
  const { uids } = await appendMessages(kit.domain, account, mailboxOf(account, mailbox), [
    { ...received, ...flags },
  ]);
  return uids[0] as number;
}

const move = (uid: number, from: string, to: string, how = moveMessages as typeof copyMessages) =>
  how(kit.domain, account, mailboxOf(account, from), [uid], mailboxOf(account, to));

/** What rspamd was shown from now on until nothing waits. */
async function learned(): Promise<string[]> {
  const from = rspamd.requests.length;
  const trainer = startTrainer({
    ...{ domain: kit.domain, log: silentLog, intervalMs: 5, perMinute: 60_000 },
    rspamd: new Rspamd({
      ...{ url: '', controllerUrl: rspamd.url, password: new Secret('open'), timeoutMs: 1000 },
      ...{ maxBytes: 1000, whenAbsent: 'accept' },
    }),
  });
  for (let n = 0; n < 400 && (await kit.store.loadLessons(0, 1)).length > 0; n++) await sleep(10);
  await trainer.stop();
  return rspamd.requests.slice(from).map(({ path, headers, message }) => {
    assert.equal(headers.password, 'open');
    return `${path} ${/Subject: (.*)\r/.exec(message)?.[1]}`;
  });
}

test('into Junk is spam, out of it is ham, and the trash is neither', async () => {
  await move(await put('INBOX', 'a'), 'INBOX', 'Junk');
  await move(await put('INBOX', 'b'), 'INBOX', 'Junk', copyMessages);
  await move(await put('Junk', 'c'), 'Junk', 'INBOX');
  await move(await put('Junk', 'd'), 'Junk', 'Trash');
  await move(await put('INBOX', 'e'), 'INBOX', 'Work');
  await put('Junk', 'f');
  assert.deepEqual((await learned()).sort(), ['/learnham c', '/learnspam a', '/learnspam b']);
  assert.deepEqual(await learned(), []);
});

test('as JMAP moves mail, too', async () => {
  const uid = await put('INBOX', 'by JMAP');
  const list = await loadList(kit.domain, account, mailboxOf(account, 'INBOX'));
  const email = list.columns.email[list.indexOf(uid)] as number;
  for (const [name, lesson] of [
    ['Junk', 'spam'],
    ['Work', 'ham'],
  ] as const) {
    const whole = new Set([mailboxOf(account, name).id]);
    const mailboxes = { whole, adds: new Set<never>(), removes: new Set<never>() };
    await changeEmails(kit.domain, account, { creates: [], updates: [{ email, mailboxes }], destroys: [] });
    assert.deepEqual(await learned(), [`/learn${lesson} by JMAP`]);
  }
});

test('the last word counts, and what is gone or too large is not shown', async () => {
  const there = await move(await put('INBOX', 'back'), 'INBOX', 'Junk');
  await move(there.to[0] as number, 'Junk', 'INBOX');
  await move(await put('INBOX', `large ${'x'.repeat(2000)}`), 'INBOX', 'Junk');
  assert.deepEqual(await learned(), ['/learnham back']);
});

test('rspamd that does not answer is asked again, and one that knows it is not', async () => {
  await move(await put('INBOX', 'waits'), 'INBOX', 'Junk');
  reply = { status: 500, body: {} };
  const once = learned();
  await sleep(100);
  reply = { status: 208, body: { error: 'already learned' } };
  const shown = await once;
  assert.ok(shown.length >= 2);
  assert.ok(shown.every((one) => one === '/learnspam waits'));
  reply = { body: { success: true } };
});

test('a message that rspamd cannot learn holds up no other', async () => {
  poison = 'poison';
  await move(await put('INBOX', 'poison'), 'INBOX', 'Junk');
  await move(await put('INBOX', 'behind'), 'INBOX', 'Junk');
  const all = learned();
  while (!rspamd.requests.some(({ message }) => message.includes('behind'))) await sleep(5);
  poison = undefined;
  const shown = await all;
  assert.equal(shown.filter((one) => one === '/learnspam behind').length, 1);
  assert.equal(shown.at(-1), '/learnspam poison');
});

test('a lesson is kept for the next start', async () => {
  const { to } = await move(await put('INBOX', 'later'), 'INBOX', 'Junk');
  await kit.domain.accounts.evict(account.id, 'to be read anew');
  account = await kit.domain.accounts.open(account.id);
  assert.equal((await kit.store.loadLessons(0, 9)).length, 1);
  assert.deepEqual(await learned(), ['/learnspam later']);
  await expungeMessages(kit.domain, account, mailboxOf(account, 'Junk'), { uids: to });
});
