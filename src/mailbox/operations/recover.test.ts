import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openTestDomain, type TestDomain } from '../../../test/kit/domain.ts';
import { FLAG } from '../../mail/flags.ts';
import { MailboxError } from '../model/errors.ts';
import { type DeletedFilter, listDeleted } from '../reading/deleted-mail.ts';
import type { AccountState } from '../state/account.ts';
import { loadList } from '../state/load.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { reapAccount } from '../upkeep/reaper.ts';
import { appendMessages } from './append.ts';
import { changeEmails } from './change-emails.ts';
import { copyMessages, moveMessages } from './copy.ts';
import { expungeMessages } from './expunge.ts';
import { createMailbox, deleteMailbox, setSubscribed } from './folders.ts';
import { receive } from './incoming.ts';
import { mailboxOf, openMailbox } from './mailboxes.ts';
import { setQuota } from './quota.ts';
import { type RecoverRequest, recoverMail } from './recover.ts';

const DAY = 24 * 3600_000;
const ALICE = 'alice@example.com';

class World {
  nowMs = Date.UTC(2026, 10, 20);
  readonly kit: TestDomain;
  readonly account: AccountState;

  constructor(kit: TestDomain, account: AccountState) {
    this.kit = kit;
    this.account = account;
  }

  get domain() {
    return this.kit.domain;
  }

  mailbox(name: string): MailboxState {
    return mailboxOf(this.account, name);
  }

  async append(
    name: string,
    subject: string,
    flags = 0,
    keywords: string[] = [],
    header = '',
  ): Promise<number> {
    const bytes = Buffer.from(
      `${header}From: Bo <bo@example.org>\r\nSubject: ${subject}\r\n\r\n${subject}\r\n`,
    );
    const received = await receive(this.domain.store, [this.account.id], bytes.length, bytes);
    const message = { ...received, flags, keywords, internalDate: 1_700_000_000 };
    const { uids } = await appendMessages(this.domain, this.account, this.mailbox(name), [message]);
    return uids[0] as number;
  }

  /** A version of one draft; gives its email and UID. */
  async saveDraft(name: string, text: string): Promise<{ readonly email: number; readonly uid: number }> {
    const uid = await this.append(name, text, FLAG.Draft, [], 'Message-ID: <draft@example.com>\r\n');
    const list = await loadList(this.domain, this.account, this.mailbox(name));
    return { uid, email: list.columns.email[list.indexOf(uid)] as number };
  }

  destroy(...destroys: number[]) {
    return changeEmails(this.domain, this.account, { creates: [], updates: [], destroys });
  }

  expunge(name: string, ...uids: number[]) {
    return expungeMessages(this.domain, this.account, this.mailbox(name), { uids });
  }

  list(filter: DeletedFilter = {}, limit = 100, position = 0) {
    return listDeleted(this.domain, this.account, filter, { position, limit });
  }

  recover(request: RecoverRequest = {}) {
    return recoverMail(this.domain, this.account, request);
  }

  async subjects(name: string): Promise<string[]> {
    const messages = await this.kit.messagesOf(ALICE, name);
    return messages.map((octets) => /Subject: (.*)\r\n/.exec(octets.toString())?.[1] ?? 'lost');
  }
}

async function inWorld(
  run: (world: World) => Promise<void>,
  recoverBytes = Number.POSITIVE_INFINITY,
): Promise<void> {
  let world: World | undefined;
  const clock = { nowMs: () => world?.nowMs ?? Date.UTC(2026, 10, 20) };
  const kit = await openTestDomain({
    clock,
    keeping: { recoverMs: 14 * DAY, recoverBytes: () => recoverBytes },
  });
  const { id } = await kit.addAccount(ALICE, 'secret');
  world = new World(kit, await kit.domain.accounts.open(id));
  try {
    await run(world);
  } finally {
    await kit.close();
  }
}

describe('deleted mail', () => {
  it('is listed, the newest first, and comes back as it was under new UIDs', () =>
    inWorld(async (world) => {
      const first = await world.append('INBOX', 'one', FLAG.Seen | FLAG.Flagged, ['$Work', 'Later']);
      await world.append('INBOX', 'two');
      await world.append('INBOX', 'three', FLAG.Deleted);
      const { columns } = await loadList(world.domain, world.account, world.mailbox('INBOX'));
      const email = columns.email[0];
      await world.expunge('INBOX', first);
      world.nowMs += DAY;
      await world.expunge('INBOX', 2, 3);
      const { messages, total, mailboxes } = await world.list();
      assert.deepEqual(
        messages.map(({ subject }) => subject),
        ['three', 'two', 'one'],
      );
      assert.deepEqual([total.messages, mailboxes], [3, []]);
      const { id, ...shown } = messages[2] as (typeof messages)[0];
      assert.deepEqual(shown, {
        ...{ mailbox: 'INBOX', service: 'server', atMs: world.nowMs - DAY, bytes: shown.bytes, email },
        ...{ isSeen: true, internalDate: 1_700_000_000, subject: 'one' },
        ...{ from: 'bo@example.org', fromName: 'Bo' },
      });
      assert.deepEqual((await world.list({}, 1, 1)).messages, [messages[1]]);
      assert.equal(world.account.usedMessages, 0);
      assert.equal((await world.recover({ ids: new Set([id]) })).messages, 1);
      assert.equal((await world.recover({ ids: new Set([id]) })).messages, 0, 'a second time');
      const list = await loadList(world.domain, world.account, world.mailbox('INBOX'));
      const { flags, keywordSet, uid, internalDate } = list.columns;
      assert.deepEqual([uid[0], flags[0], internalDate[0]], [4, FLAG.Seen | FLAG.Flagged, 1_700_000_000]);
      assert.deepEqual(world.mailbox('INBOX').keywords.namesOf(keywordSet[0] as number), ['$Work', 'Later']);
      assert.equal(list.columns.email[0], email);
      assert.equal((await world.recover()).messages, 2);
      assert.deepEqual(await world.subjects('INBOX'), ['one', 'two', 'three']);
      assert.equal(list.columns.flags[2], 0, 'it is not marked as deleted');
      assert.equal((await world.list()).total.messages, 0);
    }));

  it('comes back by time and by mailbox, into one that is made anew', () =>
    inWorld(async (world) => {
      await createMailbox(world.domain, world.account, 'Work/Plans');
      await world.append('Work/Plans', 'early');
      await world.append('Work/Plans', 'late');
      await world.append('INBOX', 'other');
      await world.expunge('Work/Plans', 1);
      world.nowMs += DAY;
      const yesterday = world.nowMs;
      await world.expunge('Work/Plans', 2);
      await world.expunge('INBOX', 1);
      await deleteMailbox(world.domain, world.account, 'Work/Plans');
      assert.equal((await world.recover({ sinceMs: yesterday, mailbox: 'Work/Plans' })).messages, 1);
      assert.deepEqual(await world.subjects('Work/Plans'), ['late']);
      assert.equal((await world.recover({ beforeMs: yesterday })).messages, 1);
      assert.deepEqual(await world.subjects('Work/Plans'), ['late', 'early']);
      assert.deepEqual(await world.subjects('INBOX'), []);
    }));

  it('comes back with its mailbox, whole; beside one that has its name by now', () =>
    inWorld(async (world) => {
      const { domain, account } = world;
      for (const name of ['Club', 'Club/Old']) await createMailbox(domain, account, name);
      await setSubscribed(domain, account, 'Club', true);
      for (let n = 0; n < 150; n++) await world.append('Club', `${n}`, FLAG.Seen, n === 149 ? ['$Last'] : []);
      await world.append('Club/Old', 'old');
      await deleteMailbox(domain, account, 'Club/Old');
      await deleteMailbox(domain, account, 'Club');
      await createMailbox(domain, account, 'Club');
      const { mailboxes } = await world.list();
      const listed = mailboxes.map(({ mailbox, messages }) => `${mailbox} ${messages}`);
      assert.deepEqual(listed, ['Club 150', 'Club/Old 1']);
      assert.deepEqual(await world.recover(), {
        ...{ mailboxes: 2, messages: 151 },
        bytes: mailboxes.reduce((sum, { bytes }) => sum + bytes, 0),
      });
      assert.deepEqual(await world.subjects('Club/Old'), ['old']);
      assert.equal((await world.subjects('Club (2026-11-20)')).length, 150);
      const back = world.mailbox('Club (2026-11-20)');
      assert.deepEqual([back.unseen, back.subscribed, back.isSubscribedUnasked], [0, true, false]);
      const { columns } = await loadList(domain, account, back);
      assert.deepEqual(back.keywords.namesOf(columns.keywordSet[149] as number), ['$Last']);
      assert.deepEqual((await world.list()).mailboxes, []);
      assert.equal((await world.recover()).messages, 0);
    }));

  it('goes for good after its time, and not before', () =>
    inWorld(async (world) => {
      const { domain, account } = world;
      await createMailbox(domain, account, 'Gone');
      await world.append('Gone', 'with its mailbox');
      await world.append('INBOX', 'alone');
      await world.expunge('INBOX', 1);
      await deleteMailbox(domain, account, 'Gone');
      world.nowMs += 13 * DAY;
      assert.equal(await reapAccount(domain, account.id), 0);
      world.nowMs += 2 * DAY;
      assert.equal(await reapAccount(domain, account.id), 2);
      assert.deepEqual(await domain.store.listEmails(account.id, 0, 9), []);
      assert.equal((await world.recover()).messages, 0);
    }));

  it('is as much as the bound allows: the oldest goes before its time, with its octets', async () => {
    const MIB = 1024 * 1024;
    await inWorld(async (world) => {
      const { domain, account } = world;
      const text = 'x'.repeat(70_000);
      for (let round = 0; round < 3; round++) {
        for (let n = 0; n < 8; n++) {
          world.nowMs += 1000;
          await world.expunge('INBOX', await world.append('INBOX', `${round}${n} ${text}`));
        }
        world.nowMs += 60_001;
        await reapAccount(domain, account.id);
        assert.ok((await world.list()).total.bytes <= MIB);
      }
      const { messages, total } = await world.list();
      assert.ok(total.messages >= 6 && total.messages < 8, `${total.messages}`);
      assert.match(messages[0]?.subject ?? '', /^27 /);
      assert.equal((await domain.store.listEmails(account.id, 0, 99)).length, total.messages);
      await createMailbox(domain, account, 'Large');
      for (let n = 0; n < 9; n++) await world.append('Large', `${n} ${text}`);
      await deleteMailbox(domain, account, 'Large');
      world.nowMs += 60_001;
      await reapAccount(domain, account.id);
      const last = await world.list();
      assert.equal(last.total.messages, 0);
      assert.deepEqual(
        last.mailboxes.map(({ mailbox }) => mailbox),
        ['Large'],
        'what was deleted last stays',
      );
      await world.expunge('INBOX', await world.append('INBOX', `after ${text}`));
      world.nowMs += 1000;
      for (let n = 0; n < 8; n++) await world.expunge('INBOX', await world.append('INBOX', `${n} ${text}`));
      world.nowMs += 60_001;
      await reapAccount(domain, account.id);
      assert.deepEqual((await world.list()).mailboxes, []);
    }, MIB);
  });

  it('is refused with numbers where there is no room, and nothing is lost', () =>
    inWorld(async (world) => {
      const { domain, account } = world;
      for (let n = 0; n < 20; n++) await world.append('INBOX', `${n}`);
      await setQuota(domain, account.record, { quotaMessages: 20 });
      await world.expunge('INBOX', ...Array.from({ length: 10 }, (_, n) => n + 1));
      for (let n = 0; n < 8; n++) await world.append('Archive', `more ${n}`);
      await assert.rejects(
        world.recover(),
        (error) =>
          error instanceof MailboxError && error.code === 'over-quota' && /18 of 20/.test(error.message),
      );
      assert.equal((await world.list()).total.messages, 10);
      const ids = new Set((await world.list({}, 4)).messages.map(({ id }) => id));
      assert.equal((await world.recover({ ids })).messages, 4, 'a tenth more');
      assert.equal((await world.list()).total.messages, 6);
    }));

  it('is no version of a draft of which a later one stays, made and removed one after the other', () =>
    inWorld(async (world) => {
      const total = async () => (await world.list()).total.messages;
      const versions = [await world.saveDraft('Drafts', 'one')];
      for (const text of ['two', 'three']) {
        versions.push(await world.saveDraft('Drafts', text));
        await world.destroy(versions.at(-2)?.email as number);
      }
      for (const text of ['four', 'five']) {
        versions.push(await world.saveDraft('Drafts', text));
        await world.expunge('Drafts', versions.at(-2)?.uid as number);
      }
      assert.equal(await total(), 0);
      assert.deepEqual(await world.subjects('Drafts'), ['five']);
      await world.saveDraft('INBOX', 'elsewhere');
      const six = await world.saveDraft('Drafts', 'six');
      await world.destroy(six.email);
      assert.equal(await total(), 1, 'the earlier one stays');
      const seven = await world.saveDraft('Drafts', 'seven');
      await world.destroy(versions.at(-1)?.email as number, seven.email);
      assert.equal(await total(), 3, 'all are thrown away');
      const eight = await world.saveDraft('Drafts', 'eight');
      const nine = await world.saveDraft('Drafts', 'nine');
      await world.expunge('Drafts', eight.uid, nine.uid);
      assert.equal(await total(), 5);
    }));

  it('is not what is there in another form: drafts saved anew, messages moved', () =>
    inWorld(async (world) => {
      const { domain, account } = world;
      await world.append('Drafts', 'draft', FLAG.Draft);
      await world.append('INBOX', 'moved');
      const received = await receive(domain.store, [account.id], 1e6, Buffer.from('Subject: x\r\n\r\n'));
      const marks = { flags: FLAG.Draft, keywords: [] };
      const message = { ...received, ...marks, internalDate: undefined };
      const creates = [{ ...marks, message, mailboxes: new Set([world.mailbox('Drafts').id]) }];
      await changeEmails(domain, account, { creates, updates: [], destroys: [1] });
      await moveMessages(domain, account, world.mailbox('INBOX'), [1], world.mailbox('Archive'));
      assert.equal((await world.list()).total.messages, 0);
      world.nowMs += 2 * 60_000;
      assert.equal(await reapAccount(domain, account.id), 1);
      await changeEmails(domain, account, { creates: [], updates: [], destroys: [3] });
      assert.equal((await world.list()).total.messages, 1, 'a draft that is thrown away');
    }));

  it('comes back once, however many ask, and while the reaper works', () =>
    inWorld(async (world) => {
      const { domain, account } = world;
      for (let n = 0; n < 30; n++) await world.append('INBOX', `${n}`);
      for (let n = 1; n <= 30; n++) await world.expunge('INBOX', n);
      world.nowMs += DAY;
      const asked = await Promise.all([
        ...[world.recover(), reapAccount(domain, account.id), world.recover(), world.recover()],
      ]);
      const back = asked.filter((one) => typeof one !== 'number').map(({ messages }) => messages);
      assert.equal(
        back.reduce((sum, n) => sum + n, 0),
        30,
      );
      assert.equal((await world.subjects('INBOX')).length, 30);
    }));

  it('is copied no more by who still has its mailbox open, for it is the recovered one that holds it', () =>
    inWorld(async (world) => {
      const { domain, account } = world;
      await createMailbox(domain, account, 'Club');
      await world.append('Club', 'one');
      const club = world.mailbox('Club');
      let sent = 0;
      const events = { onHint: () => {}, onInvalid: () => {}, onElsewhere: () => sent++ };
      const viewer = await openMailbox(domain, account, 'Club', false, events);
      await deleteMailbox(domain, account, 'Club');
      const copied = await copyMessages(domain, account, club, [1], world.mailbox('INBOX'));
      assert.deepEqual(copied.to, [1], 'what nobody has brought back can be copied');
      await world.expunge('INBOX', 1);
      assert.equal(sent, 0);
      await world.recover();
      assert.equal(sent, 1);
      await world.expunge('INBOX', 2);
      await world.expunge('Club', 1);
      world.nowMs += 15 * DAY;
      await reapAccount(domain, account.id);
      assert.deepEqual(await domain.store.listEmails(account.id, 0, 9), []);
      await assert.rejects(copyMessages(domain, account, club, [1], world.mailbox('INBOX')), {
        code: 'nonexistent',
      });
      viewer.close();
    }));
});
