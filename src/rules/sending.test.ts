/** What rules send is accepted in the change that files the mail that caused it: all of it or none, and nothing twice. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { TestDomain } from '../../test/kit/domain.ts';
import { openRulesDomain, setRules, TEST_SENDING } from '../../test/kit/rules.ts';
import type { AccountRecord } from '../mailbox/model/model.ts';
import type { Outgoing } from '../mailbox/model/outgoing.ts';
import { type DeliveryOutcome, deliver } from '../mailbox/operations/deliver.ts';
import { receive } from '../mailbox/operations/incoming.ts';
import { readRuleEntries } from '../mailbox/operations/scripts.ts';
import type { AccountState } from '../mailbox/state/account.ts';

let kit: TestDomain;
let record: AccountRecord;
let account: AccountState;
let nowMs = Date.UTC(2026, 10, 27, 12);
let n = 0;
/** What `forwardSender` says. */
let forwardSender: string | undefined = 'SRS0=x@example.com';

before(async () => {
  kit = await openRulesDomain({
    clock: { nowMs: () => nowMs },
    limits: { outgoingPerAccount: 8 },
    sending: { ...TEST_SENDING, forwardSender: (sender) => (sender === '' ? '' : forwardSender) },
  });
});
after(() => kit.close());
beforeEach(async () => {
  record = await kit.addAccount(`anna${++n}@example.com`, 'secret');
  account = await kit.domain.accounts.open(record.id);
  forwardSender = 'SRS0=x@example.com';
});

const rule = (text: string): Promise<void> => setRules(kit, account, text);

interface Letter {
  readonly from?: string;
  readonly fields?: string;
  readonly isJunk?: boolean;
  readonly isAuthorKnown?: boolean;
  readonly isAuthentic?: boolean;
  readonly author?: string;
}

async function send({
  from = 'bo@example.org',
  fields = '',
  isJunk = false,
  isAuthorKnown = true,
  isAuthentic = true,
  author = 'Bo <bo@example.org>',
}: Letter = {}): Promise<DeliveryOutcome> {
  const text = `From: ${author}\r\nTo: ${record.address}\r\nSubject: h\u00e9llo\r\nMessage-ID: <1@example.org>\r\n${fields}\r\nbody\r\n`;
  const received = await receive(kit.domain.store, [record.id], 2 ** 24, Buffer.from(text));
  const to = { account: record.id, address: record.address };
  const arrived = {
    fields: Buffer.from('Received: from x by y; now\r\n'),
    isJunk,
    isAuthorKnown,
    isAuthentic,
  };
  const [outcome] = await deliver(kit.domain, [to], received, from, arrived);
  return outcome as DeliveryOutcome;
}

async function places(letter?: Letter): Promise<string[]> {
  const outcome = await send(letter);
  assert.equal(outcome.kind, 'delivered', JSON.stringify(outcome));
  return outcome.kind === 'delivered' ? outcome.copies.map(({ mailbox }) => mailbox).sort() : [];
}

const entries = async (): Promise<string> => JSON.stringify(await readRuleEntries(kit.domain, account, 20));

const outgoing = (): Promise<readonly Outgoing[]> => kit.domain.store.outgoing.list(0, 100, record.id);

async function octetsOf({ row }: Outgoing): Promise<string> {
  const range = { email: row.email, start: 0, end: 1e9 };
  return String((await kit.domain.store.readRanges([range]))[0]);
}

describe('rules that send', () => {
  test('redirect: what is in our name and is not proved to be from us stays, and so does what a rule puts in it', async () => {
    const author = 'The Boss <boss@example.com>';
    await rule('redirect "eva@example.net";');
    assert.deepEqual(await places({ author, isAuthorKnown: false }), ['INBOX']);
    assert.deepEqual(await outgoing(), []);
    assert.match(await entries(), /nothing proves that it is from example\.com/);
    assert.deepEqual(await places({ author }), []);
    assert.deepEqual(await places({ isAuthorKnown: false }), []);
    assert.equal((await outgoing()).length, 2);
    await rule(
      'require "editheader"; deleteheader "From"; addheader "From" "boss@example.com"; redirect "eva@example.net";',
    );
    assert.deepEqual(await places(), ['INBOX']);
    assert.equal((await outgoing()).length, 2);
    assert.match(await entries(), /a rule has changed who it is from/);
  });

  test('redirect: what a rule makes of what a colleague has written does not leave in his name', async () => {
    const author = 'The Boss <boss@example.com>';
    for (const change of [
      'foreverypart { replace "pay at once"; break; }',
      'addheader "Subject" "pay at once";',
      'deleteheader "Subject";',
    ]) {
      await rule(
        `require ["foreverypart", "mime", "replace", "editheader"]; ${change} redirect "eva@example.net";`,
      );
      assert.deepEqual(await places({ author }), ['INBOX'], change);
    }
    assert.deepEqual(await outgoing(), []);
    assert.match(await entries(), /a rule has changed what somebody of example\.com has written/);
    assert.deepEqual(await places(), [], 'from elsewhere it goes as what it is');
    await rule('require "editheader"; addheader "X-Seen" "yes"; redirect "eva@example.net";');
    assert.deepEqual(await places({ author }), [], 'a note for machines changes nothing');
    assert.equal((await outgoing()).length, 2);
  });

  test('vacation: of a MIME reason the header has what says how its content is to be read, and nothing else', async () => {
    await rule(
      'require "vacation"; vacation :mime text:\r\nFrom: The Boss <boss@example.com>\r\nmime-version: 1.0\r\nSender: boss@example.com\r\n\tx\r\nContent-Type: text/plain;\r\n\tcharset=us-ascii\r\nBcc: eva@example.net\r\n\r\nFrom: here\r\n.\r\n;',
    );
    await places();
    const [one] = await outgoing();
    const octets = await octetsOf(one as Outgoing);
    const [header = '', body = ''] = octets.split(/\r\n\r\n(.*)/s);
    assert.deepEqual(header.match(/^(?:from|sender|bcc|mime-version|content-type):.*/gim), [
      `From: ${record.address}`,
      'MIME-Version: 1.0',
      'Content-Type: text/plain;',
    ]);
    assert.match(header, /text\/plain;\r\n\tcharset=us-ascii/);
    assert.equal(body, 'From: here\r\n');
  });

  test('redirect: the octets as they came, from an address that bounces can find', async () => {
    await rule('require "copy"; redirect :copy "eva@example.net"; redirect :copy "dan@example.com";');
    assert.deepEqual(await places(), ['INBOX']);
    const [first, second, ...more] = await outgoing();
    assert.deepEqual(more, []);
    assert.ok(first && second);
    assert.deepEqual(
      [first, second].map(({ row, recipients }) => [
        row.kind,
        row.sender,
        recipients[0]?.address,
        recipients[0]?.route,
      ]),
      [
        ['forward', 'SRS0=x@example.com', 'eva@example.net', 'remote'],
        ['forward', 'SRS0=x@example.com', 'dan@example.com', 'local'],
      ],
    );
    const octets = await octetsOf(first);
    assert.ok(
      octets.startsWith(`X-Loop: ${record.address}\r\nReceived: from x by y; now\r\nFrom: Bo`),
      octets,
    );
    assert.ok(octets.endsWith('\r\n\r\nbody\r\n'));
    assert.doesNotMatch(octets, /Return-Path|Delivered-To/);
    assert.equal(first.row.isEightBit, true, 'there is an \u00e9 in it');
  });

  test('redirect alone leaves nothing here, and what cannot go stays', async () => {
    await rule('redirect "eva@example.net";');
    assert.deepEqual(await places(), []);
    assert.equal(account.usedMessages, 0);
    assert.equal((await outgoing()).length, 1);
    assert.deepEqual(
      await places({ fields: `X-Loop: ${record.address}\r\n` }),
      ['INBOX'],
      'a loop ends here',
    );
    assert.deepEqual(await places({ isJunk: true }), ['INBOX'], 'junk is not passed on');
    forwardSender = undefined;
    assert.deepEqual(await places(), ['INBOX']);
    assert.deepEqual(await places({ from: '' }), []);
    assert.equal((await outgoing()).length, 2);
  });

  test('what there is no room for is INBOX, and nothing of it leaves', async () => {
    await rule(
      'require ["copy", "fileinto"]; redirect "a@example.net"; redirect "b@example.net"; redirect "c@example.net"; fileinto "Archive";',
    );
    assert.deepEqual(await places(), ['Archive']);
    assert.deepEqual(await places(), ['Archive']);
    assert.deepEqual(await places(), ['INBOX']);
    assert.equal((await outgoing()).length, 6);
  });

  test('vacation: one reply to a sender, however many messages come at once', async () => {
    await rule('require "vacation"; vacation :days 3 :subject "Borta \u00e5" "Jag \u00e4r borta.";');
    assert.deepEqual(await Promise.all(Array.from({ length: 5 }, () => places())), Array(5).fill(['INBOX']));
    const [reply, ...more] = await outgoing();
    assert.ok(reply);
    assert.deepEqual(more, []);
    assert.deepEqual([reply.row.kind, reply.row.sender, reply.row.isEightBit], ['notice', '', false]);
    assert.deepEqual(
      reply.recipients.map(({ address, notify }) => [address, notify]),
      [['bo@example.org', 0]],
    );
    const octets = await octetsOf(reply);
    assert.match(octets, new RegExp(`^From: ${record.address}\r\nTo: bo@example.org\r\nSubject: =\\?`, 'i'));
    assert.match(octets, /\r\nIn-Reply-To: <1@example.org>\r\n/);
    assert.match(octets, /\r\nAuto-Submitted: auto-replied/);
    assert.match(octets, new RegExp(Buffer.from('Jag \u00e4r borta.').toString('base64')));
    await places({ from: '' });
    await places({ fields: 'Auto-Submitted: auto-generated\r\n' });
    await places({ fields: 'List-Id: <x.example.org>\r\n' });
    await places({ isJunk: true });
    await places({ from: 'eva@example.net' });
    assert.equal((await outgoing()).length, 2);
    nowMs += 4 * 86_400_000;
    await places();
    assert.equal((await outgoing()).length, 3);
  });

  test('a copy of what is sent', async () => {
    await rule(
      'require ["vacation", "fcc", "imap4flags", "mailbox"]; vacation :fcc "Away" :create :flags "\\\\Seen" "x";',
    );
    assert.deepEqual(await places(), ['Away', 'INBOX']);
    const [copy] = await kit.messagesOf(record.address, 'Away');
    const [reply] = await outgoing();
    assert.ok(reply);
    assert.equal(String(copy), await octetsOf(reply));
    assert.match(String(copy), /^From: /);
  });

  test('a refusal in words that no reply can carry goes to who has written, and to nobody else', async () => {
    await rule('require "reject"; reject text:\nTack, men nej.\nJag är borta.\n.\n;');
    assert.deepEqual(await send(), { kind: 'delivered', copies: [] });
    const [notice, ...more] = await outgoing();
    assert.ok(notice);
    assert.deepEqual(more, []);
    assert.deepEqual([notice.row.sender, notice.recipients[0]?.address], ['', 'bo@example.org']);
    const octets = await octetsOf(notice);
    assert.match(octets, /\r\nContent-Type: multipart\/report; report-type=disposition-notification;/);
    assert.match(octets, /\r\nDisposition: automatic-action\/MDN-sent-automatically; deleted\r\n/);
    assert.match(octets, /\r\nOriginal-Message-ID: <1@example.org>\r\n/);
    assert.match(octets, /\r\n\r\nFrom: Bo <bo@example.org>\r\nTo: anna/);
    const text = /base64\r\n\r\n(.*?)\r\n\r\n?--/s.exec(octets)?.[1] ?? '';
    assert.match(Buffer.from(text, 'base64').toString(), /Tack, men nej\.\r\nJag är borta\./);
    for (const letter of [{ from: '' }, { isAuthentic: false }, { isJunk: true }])
      assert.equal((await send(letter)).kind, 'rejected', JSON.stringify(letter));
    await rule('require "ereject"; ereject "Nej, ändå inte.";');
    assert.equal((await send()).kind, 'rejected');
    await rule('require "reject"; reject "no";');
    assert.deepEqual(await send(), { kind: 'rejected', reason: 'no' });
    assert.equal((await outgoing()).length, 1);
  });

  test('notify', async () => {
    await rule(
      'require ["enotify", "fileinto"]; notify :importance "1" :message "You have mail" "mailto:pager@example.net?cc=b@example.com&body=hi%0D%0Athere"; fileinto "Archive";',
    );
    assert.deepEqual(await places(), ['Archive']);
    const [notice] = await outgoing();
    assert.ok(notice);
    assert.deepEqual(
      notice.recipients.map(({ address, route }) => [address, route]),
      [
        ['pager@example.net', 'remote'],
        ['b@example.com', 'local'],
      ],
    );
    const octets = await octetsOf(notice);
    assert.match(octets, /\r\nSubject: You have mail\r\n/);
    assert.match(octets, /\r\nAuto-Submitted: auto-notified; owner-email="anna/);
    assert.match(octets, /\r\nImportance: High\r\n/);
    assert.match(octets, /\r\n\r\nhi\r\nthere\r\n/);
  });

  test('junk that nobody decides about is where junk is', async () => {
    await rule('require "fileinto"; if header :is "subject" "x" { fileinto "Archive"; }');
    assert.deepEqual(await places({ isJunk: true }), ['Junk']);
    await rule('keep;');
    assert.deepEqual(await places({ isJunk: true }), ['INBOX']);
  });

  test('a script that fails has sent nothing', async () => {
    await rule(
      'require ["vacation", "copy", "include"]; redirect :copy "eva@example.net"; vacation "x"; include "nowhere";',
    );
    assert.deepEqual(await places(), ['INBOX', 'INBOX']);
    assert.deepEqual(await outgoing(), []);
    assert.equal((await readRuleEntries(kit.domain, account, 9)).length, 1);
  });
});
