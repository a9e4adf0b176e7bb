import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openTestDomain, type TestDomain } from '../../../test/kit/domain.ts';
import { FLAG } from '../../mail/flags.ts';
import type { MailboxId } from '../model/model.ts';
import { recordAt } from '../model/record.ts';
import type { AccountState } from '../state/account.ts';
import { loadList } from '../state/load.ts';
import { appendMessages } from './append.ts';
import { changeEmails, type EmailOutcome, type MadeEmail, StateMoved } from './change-emails.ts';
import { copyMessages } from './copy.ts';
import type { Marks } from './email-marks.ts';
import { expungeMessages } from './expunge.ts';
import { changeFlags } from './flags.ts';
import { receive } from './incoming.ts';
import type { EmailUpdate } from './place.ts';
import { setQuota } from './quota.ts';

const NONE: Marks = { flags: 0, keywords: [] };

describe('emails made, changed and destroyed', () => {
  let kit: TestDomain;
  let account: AccountState;
  let n = 0;

  before(async () => {
    kit = await openTestDomain({ limits: { keywordsPerMessage: 3 } });
  });
  after(() => kit.close());

  async function fresh(): Promise<void> {
    const record = await kit.addAccount(`p${n++}@example.com`, 'a long password');
    account = await kit.domain.accounts.open(record.id);
  }

  function id(name: string): MailboxId {
    return account.byName.get(name)?.id as MailboxId;
  }

  async function message(text = 'hello') {
    const octets = Buffer.from(`Message-ID: <${n++}@example.com>\r\nSubject: x\r\n\r\n${text}\r\n`);
    const received = await receive(kit.domain.store, [account.id], 2 ** 20, octets);
    return { ...received, ...NONE, internalDate: undefined };
  }

  async function make(...names: string[]): Promise<number> {
    const mailboxes = new Set(names.map(id));
    const { created } = await changeEmails(kit.domain, account, {
      creates: [{ message: await message(), mailboxes, ...NONE }],
      updates: [],
      destroys: [],
    });
    return (created[0] as MadeEmail).email;
  }

  function update(...updates: EmailUpdate[]): Promise<EmailOutcome> {
    return changeEmails(kit.domain, account, { creates: [], updates, destroys: [] });
  }

  function to(email: number, ...names: string[]): EmailUpdate {
    return { email, mailboxes: { whole: new Set(names.map(id)), adds: new Set(), removes: new Set() } };
  }

  /** `Name/uid flags keywords` of each message of the email. */
  async function where(email: number): Promise<string[]> {
    const all: string[] = [];
    for (const mailbox of account.mailboxes.values()) {
      const list = await loadList(kit.domain, account, mailbox);
      for (let row = 0; row < list.count; row++) {
        const record = recordAt(list.columns, row);
        if (record.email !== email) continue;
        const words = mailbox.keywords.namesOf(record.keywordSet).join(' ');
        all.push(`${mailbox.name}/${record.uid} ${record.flags}${words === '' ? '' : ` ${words}`}`);
      }
    }
    return all.sort();
  }

  test('one left and one joined is a move; more joined are copies, more left are gone', async () => {
    await fresh();
    const email = await make('INBOX');
    const before = account.usedBytes;
    await update(to(email, 'Archive'));
    assert.deepEqual(await where(email), ['Archive/1 0']);
    assert.equal(account.usedBytes, before);
    await update(to(email, 'Archive', 'Junk', 'Trash'));
    assert.deepEqual(await where(email), ['Archive/1 0', 'Junk/1 0', 'Trash/1 0']);
    assert.equal(account.usedBytes, 3 * before);
    await update(to(email, 'Junk', 'Drafts'));
    assert.deepEqual(await where(email), ['Drafts/1 0', 'Junk/1 0']);
    await update(to(email, 'INBOX'));
    assert.deepEqual(await where(email), ['INBOX/2 0']);
    assert.equal(account.usedBytes, before);
  });

  test('patches add and take away, and marks go along', async () => {
    await fresh();
    const email = await make('INBOX');
    const patch = { adds: new Set([id('Archive')]), removes: new Set<MailboxId>() };
    const marks = { adds: { flags: FLAG.Seen, keywords: ['One'] }, removes: NONE };
    await update({ email, mailboxes: patch, marks });
    assert.deepEqual(await where(email), ['Archive/1 1 One', 'INBOX/1 1 One']);
    await update({ email, marks: { adds: NONE, removes: { flags: FLAG.Seen, keywords: ['oNE'] } } });
    assert.deepEqual(await where(email), ['Archive/1 0', 'INBOX/1 0']);
    await update({
      email,
      marks: { whole: { flags: FLAG.Flagged, keywords: ['Two'] }, adds: NONE, removes: NONE },
    });
    assert.deepEqual(await where(email), ['Archive/1 4 Two', 'INBOX/1 4 Two']);
  });

  test('copies that were set apart are compared one by one', async () => {
    await fresh();
    const email = await make('INBOX', 'Archive');
    const archive = account.byName.get('Archive');
    assert.ok(archive);
    await changeFlags(kit.domain, account, archive, [1], {
      mode: 'add',
      flags: FLAG.Seen,
      keywords: ['One'],
    });
    const before = account.byName.get('Archive')?.modseq;
    await update({ email, marks: { adds: { flags: FLAG.Seen, keywords: ['one'] }, removes: NONE } });
    assert.deepEqual(await where(email), ['Archive/1 1 One', 'INBOX/1 1 one']);
    assert.equal(account.byName.get('Archive')?.modseq, before, 'nothing changed there');
  });

  test('what has \\Deleted is not there, and stays as it is but when the email is destroyed', async () => {
    await fresh();
    const email = await make('INBOX', 'Archive');
    const inbox = account.byName.get('INBOX');
    assert.ok(inbox);
    await changeFlags(kit.domain, account, inbox, [1], { mode: 'add', flags: FLAG.Deleted, keywords: [] });
    await update(to(email, 'Junk'));
    assert.deepEqual(await where(email), ['INBOX/1 8', 'Junk/1 0']);
    await update(to(email, 'INBOX'));
    assert.deepEqual(await where(email), ['INBOX/1 8', 'INBOX/2 0']);
    await update({ email, marks: { whole: { flags: FLAG.Seen, keywords: [] }, adds: NONE, removes: NONE } });
    assert.deepEqual(await where(email), ['INBOX/1 8', 'INBOX/2 1']);
    const { destroyed } = await changeEmails(kit.domain, account, {
      creates: [],
      updates: [],
      destroys: [email],
    });
    assert.deepEqual(destroyed, [undefined]);
    assert.deepEqual(await where(email), []);
  });

  test('a mailbox that has the email twice loses both', async () => {
    await fresh();
    const email = await make('INBOX');
    const inbox = account.byName.get('INBOX');
    assert.ok(inbox);
    await copyMessages(kit.domain, account, inbox, [1], inbox);
    await update(to(email, 'Archive'));
    assert.deepEqual(await where(email), ['Archive/1 0']);
  });

  test('what is refused holds nothing else back', async () => {
    await fresh();
    const [one, two, three] = [await make('INBOX'), await make('INBOX'), await make('INBOX')];
    const many = { adds: { flags: 0, keywords: ['a', 'b', 'c', 'd'] }, removes: NONE };
    const nowhere = { adds: new Set([9999 as MailboxId]), removes: new Set<MailboxId>() };
    const { updated } = await update(
      to(one),
      { email: 4711, mailboxes: nowhere },
      { email: two, marks: many, mailboxes: { adds: new Set([id('Archive')]), removes: new Set() } },
      { email: one, mailboxes: nowhere },
      to(three, 'Archive'),
    );
    const why = updated.map((refusal) => refusal?.why);
    assert.deepEqual(why, ['mailboxes', 'not-found', 'keywords', 'mailboxes', undefined]);
    assert.deepEqual(await where(one), ['INBOX/1 0']);
    assert.deepEqual(await where(two), ['INBOX/2 0']);
    assert.deepEqual(await where(three), ['Archive/1 0']);
  });

  test('an email that is named twice is changed once, and nothing else with it', async () => {
    await fresh();
    const [one, two, three] = [await make('INBOX'), await make('INBOX'), await make('INBOX')];
    const { updated } = await update(to(two, 'Archive'), to(two, 'Sent'));
    assert.deepEqual(
      updated.map((refusal) => refusal?.why),
      [undefined, 'refused'],
    );
    assert.deepEqual(await where(one), ['INBOX/1 0']);
    assert.deepEqual(await where(two), ['Archive/1 0']);
    const { destroyed } = await changeEmails(kit.domain, account, {
      ...{ creates: [], updates: [], destroys: [one, one] },
    });
    assert.deepEqual(
      destroyed.map((refusal) => refusal?.why),
      [undefined, 'not-found'],
    );
    assert.deepEqual(await where(three), ['INBOX/3 0']);
  });

  test('what takes the place of another comes in when the account is full, and no sum is ever above the quota', async () => {
    await fresh();
    const email = await make('Archive');
    await setQuota(kit.domain, account.record, { quotaBytes: account.usedBytes, quotaMessages: 1 });
    account = await kit.domain.accounts.open(account.id);
    const draft = async (destroys: number[], text = 'hello') =>
      changeEmails(kit.domain, account, {
        creates: [
          {
            message: await message(text),
            mailboxes: new Set([id('Archive')]),
            flags: FLAG.Draft,
            keywords: [],
          },
        ],
        updates: [],
        destroys,
      });
    const refused = await draft([]);
    assert.equal((refused.created[0] as { error: { code: string } }).error.code, 'over-quota');
    const modseq = account.modseq;
    const replaced = await draft([email]);
    assert.equal((replaced.created[0] as MadeEmail).email > email, true);
    assert.deepEqual(replaced.destroyed, [undefined]);
    assert.equal(account.modseq, modseq + 1, 'one change');
    assert.equal(account.usedMessages, 1);
    const longer = await draft([(replaced.created[0] as MadeEmail).email], 'x'.repeat(1000));
    assert.equal((longer.created[0] as { why: string }).why, 'refused');
    assert.deepEqual(longer.destroyed, [undefined], 'RFC 8620 §5.3: each by itself');
    assert.equal(account.usedMessages, 0);
  });

  test('a state is looked at inside the change', async () => {
    await fresh();
    const email = await make('INBOX');
    const modseq = account.emailModseq;
    const isExpected = (): boolean => account.emailModseq === modseq;
    const inbox = account.byName.get('INBOX');
    assert.ok(inbox);
    // Asked in the same turn, before.
    const other = appendMessages(kit.domain, account, inbox, [await message()]);
    const refused = changeEmails(kit.domain, account, {
      creates: [],
      updates: [to(email, 'Trash')],
      destroys: [],
      isExpected,
    });
    await assert.rejects(refused, StateMoved);
    await other;
    assert.deepEqual(await where(email), ['INBOX/1 0']);
  });

  test('another takes the message away in the same turn: it is not there, whoever comes second', async () => {
    await fresh();
    const [one, two] = [await make('INBOX'), await make('INBOX')];
    const inbox = account.byName.get('INBOX');
    assert.ok(inbox);
    const gone = expungeMessages(kit.domain, account, inbox, { uids: [1] });
    const asked = update(to(one, 'Archive'), to(two, 'Archive'));
    const again = update(to(two, 'Trash'));
    assert.deepEqual(
      (await asked).updated.map((refusal) => refusal?.why),
      ['not-found', undefined],
    );
    assert.deepEqual((await again).updated, [undefined]);
    await gone;
    assert.deepEqual(await where(two), ['Trash/1 0']);
  });

  test('a thousand at once, in slices', async () => {
    await fresh();
    const inbox = account.byName.get('INBOX');
    assert.ok(inbox);
    const first = account.nextEmail;
    await appendMessages(
      kit.domain,
      account,
      inbox,
      await Promise.all(Array.from({ length: 1000 }, () => message())),
    );
    const emails = Array.from({ length: 1000 }, (_, i) => first + i);
    const { updated } = await update(...emails.map((email) => to(email, 'Archive')));
    assert.ok(updated.every((refusal) => refusal === undefined));
    assert.equal(account.byName.get('Archive')?.exists, 1000);
    assert.equal(inbox.exists, 0);
  });
});
