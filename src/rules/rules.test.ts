/**
 * Scripts of accounts at delivery: what they ask for happens in the mailboxes, whole or not at all. Mailboxes by their ids (RFC 9042) and
 * by their uses (RFC 8579) among it.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { TestDomain } from '../../test/kit/domain.ts';
import { openRulesDomain } from '../../test/kit/rules.ts';
import { FLAG } from '../mail/flags.ts';
import type { AccountRecord } from '../mailbox/model/model.ts';
import { mailboxObjectId } from '../mailbox/model/object-ids.ts';
import type { ScriptRole } from '../mailbox/model/rules.ts';
import { type DeliveryOutcome, deliver } from '../mailbox/operations/deliver.ts';
import { createMailbox, deleteMailbox } from '../mailbox/operations/folders.ts';
import { receive } from '../mailbox/operations/incoming.ts';
import { findMailbox, mailboxOf } from '../mailbox/operations/mailboxes.ts';
import { activateScript, putScript, readRuleEntries } from '../mailbox/operations/scripts.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import { loadList } from '../mailbox/state/load.ts';
import { Compiler } from './compiler.ts';
import { readEntry } from './entry.ts';

const LIMITS = { scripts: 100, scriptBytes: 2 ** 20, accountBytes: 2 ** 24 };
let kit: TestDomain;
let record: AccountRecord;
let account: AccountState;
let nowMs = Date.UTC(2026, 10, 27, 12);
let n = 0;
const folder = mkdtempSync(join(tmpdir(), 'brevduva-rules-'));

before(async () => {
  kit = await openRulesDomain({ clock: { nowMs: () => nowMs }, folder });
});
after(async () => {
  await kit.close();
  rmSync(folder, { recursive: true });
});
/** Everybody begins with nothing. */
beforeEach(async () => {
  record = await kit.addAccount(`anna${++n}@example.com`, 'secret');
  account = await kit.domain.accounts.open(record.id);
});

async function rule(text: string, name = 'mine', role: ScriptRole = 'own'): Promise<void> {
  await putScript(kit.domain, account, { role, name }, Buffer.from(text), LIMITS);
  if (role === 'own') await activateScript(kit.domain, account, name);
}

interface Letter {
  readonly subject?: string;
  readonly id?: string;
  readonly body?: string;
  readonly to?: string;
}

async function send({
  subject = 'hello',
  id = 'one',
  body = 'body\r\n',
  to,
}: Letter = {}): Promise<DeliveryOutcome> {
  const text = `From: Bo <bo@example.org>\r\nTo: ${record.address}\r\nSubject: ${subject}\r\nMessage-ID: <${id}@example.org>\r\n\r\n${body}`;
  const received = await receive(kit.domain.store, [record.id], 2 ** 24, Buffer.from(text));
  const recipient = { account: record.id, address: to ?? record.address };
  const [outcome] = await deliver(kit.domain, [recipient], received, 'bo@example.org');
  return outcome as DeliveryOutcome;
}

async function places(letter: Letter = {}): Promise<string[]> {
  const outcome = await send(letter);
  assert.equal(outcome.kind, 'delivered', JSON.stringify(outcome));
  return outcome.kind === 'delivered' ? outcome.copies.map(({ mailbox }) => mailbox).sort() : [];
}

const texts = async (mailbox = 'INBOX') => (await kit.messagesOf(record.address, mailbox)).map(String);
const log = async () =>
  (await readRuleEntries(kit.domain, account, 100)).map(({ text }) => readEntry(text)?.did);

describe('a script', () => {
  test('files, with flags, a copy, and mailboxes that it makes', async () => {
    await rule(`require ["fileinto", "imap4flags", "mailbox", "copy"];
      if header :contains "subject" "sieve" { fileinto :create :flags "\\\\Seen $Work" "Lists/Sieve"; }
      elsif header :contains "subject" "both" { fileinto :copy "Archive"; }
      else { addflag "\\\\Flagged"; }`);
    assert.deepEqual(await places({ subject: 'sieve' }), ['Lists/Sieve']);
    assert.deepEqual(await places({ subject: 'both' }), ['Archive', 'INBOX']);
    assert.deepEqual(await places(), ['INBOX']);
    const lists = mailboxOf(account, 'Lists/Sieve');
    const { columns } = await loadList(kit.domain, account, lists);
    assert.equal(columns.flags[0], FLAG.Seen);
    assert.deepEqual(lists.keywords.namesOf(columns.keywordSet[0] as number), ['$Work']);
    const inbox = await loadList(kit.domain, account, mailboxOf(account, 'INBOX'));
    assert.deepEqual([...inbox.columns.flags.subarray(0, 2)], [0, FLAG.Flagged]);
    assert.equal((await log()).length, 3);
  });

  test('discards and refuses', async () => {
    await rule(`require ["reject", "ereject"];
      if header :is "subject" "gone" { discard; }
      elsif header :is "subject" "no" { reject "no thanks"; }
      else { ereject text:\nnever\nagain\n.\n; }`);
    assert.deepEqual(await send({ subject: 'gone' }), { kind: 'delivered', copies: [] });
    assert.deepEqual(await send({ subject: 'no' }), { kind: 'rejected', reason: 'no thanks' });
    const never = await send();
    assert.match(never.kind === 'rejected' ? never.reason : never.kind, /^never\r?\nagain/);
    assert.equal(account.usedMessages, 0);
    assert.match(String((await log())[0]), /thrown away/);
  });

  test('knows the mailboxes by id and by use', async () => {
    const id = mailboxObjectId(mailboxOf(account, 'Archive').id);
    await rule(`require ["fileinto", "mailboxid", "special-use", "mailbox"];
      if header :is "subject" "id" { fileinto :mailboxid "${id}" "INBOX"; }
      elsif header :is "subject" "use" { fileinto :specialuse "\\\\Junk" "INBOX"; }
      elsif allof(mailboxexists "Drafts", not mailboxexists "Nowhere", specialuse_exists "\\\\Trash") { fileinto "Drafts"; }`);
    assert.deepEqual(await places({ subject: 'id' }), ['Archive']);
    assert.deepEqual(await places({ subject: 'use' }), ['Junk']);
    assert.deepEqual(await places(), ['Drafts']);
  });

  test('edits the header: in front the octets stay shared, elsewhere they are its own', async () => {
    await rule(`require ["editheader", "fileinto", "copy"];
      addheader "X-Rule" "first";
      fileinto :copy "Archive";
      deleteheader "Subject"; addheader :last "X-Last" "åäö";`);
    const body = 'x'.repeat(100_000);
    assert.deepEqual(await places({ body, subject: 'secret' }), ['Archive', 'INBOX']);
    const [archived] = await texts('Archive');
    assert.match(
      String(archived),
      /^Return-Path: <bo@example.org>\r\nDelivered-To: anna\d+@example.com\r\nX-Rule: first\r\nFrom: /,
    );
    assert.ok(archived?.endsWith(`Subject: secret\r\nMessage-ID: <one@example.org>\r\n\r\n${body}`));
    const [kept] = await texts();
    assert.doesNotMatch(String(kept), /secret/);
    assert.match(String(kept), /\r\nX-Rule: first\r\nFrom: [\s\S]*\r\nX-Last: =\?utf-8\?[\s\S]*\r\n\r\nx/i);
    assert.ok(kept?.endsWith(body));
  });

  test('sees the body of a large message', async () => {
    await rule(`require ["body", "fileinto"]; if body :text :contains "needle" { fileinto "Archive"; }`);
    const body = `${'hay '.repeat(30)}\r\n`.repeat(2000);
    assert.deepEqual(await places({ body }), ['INBOX']);
    assert.deepEqual(await places({ body: `${body}needle\r\n` }), ['Archive']);
  });

  test('sees to whom it was addressed', async () => {
    await rule(`require ["envelope", "subaddress", "variables", "fileinto", "mailbox"];
      if envelope :detail :matches "to" "*" { fileinto :create "Shop/\${1}"; }`);
    const to = record.address.replace('@', '+boats@');
    assert.deepEqual(await places({ to }), ['Shop/boats']);
    assert.deepEqual(await places(), ['INBOX']);
  });

  test('what was refused has not come: brought again it is refused again (RFC 7352 §3)', async () => {
    await rule(`require ["duplicate", "reject"]; if duplicate { discard; } else { reject "no"; }`);
    for (let times = 0; times < 2; times++)
      assert.deepEqual(await send(), { kind: 'rejected', reason: 'no' });
  });

  test('does not see a message twice, nor two that come at once', async () => {
    await rule(`require "duplicate"; if duplicate { discard; }`);
    assert.deepEqual(await places(), ['INBOX']);
    assert.deepEqual(await places(), []);
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => places({ id: 'many' })));
    assert.deepEqual(outcomes.flat(), ['INBOX']);
    nowMs += 8 * 86_400_000;
    assert.deepEqual(await places(), ['INBOX']);
  });

  test('that fails is INBOX, and its owner is told once a day', async () => {
    await rule(`require ["fileinto", "variables"]; fileinto "Archive"; if header :contains "subject" "bad" { fileinto "\${a"; discard; }
      set "x" "\${global.y}"; fileinto "Drafts";`);
    await rule(`require ["fileinto", "include"]; fileinto "Archive"; include :personal "nowhere";`);
    assert.deepEqual(await places(), ['INBOX', 'INBOX']);
    const [first, second] = await texts();
    const [notice, mail] = first?.includes('Auto-Submitted') ? [first, second] : [second, first];
    assert.match(String(mail), /Subject: hello/);
    assert.match(String(notice), /^From: Brevduva/);
    assert.match(String(notice), /the script "mine", line 1: there is no personal script "nowhere"/);
    const both = await Promise.all([places(), places()]);
    assert.deepEqual(both, [['INBOX'], ['INBOX']]);
    nowMs += 25 * 3_600_000;
    assert.deepEqual(await places(), ['INBOX', 'INBOX']);
    assert.match(String((await log()).at(-1)), /The script fails/);
  });

  test('of which there are several, each in its turn', async () => {
    await rule(
      `require "fileinto"; if header :is "subject" "admin" { fileinto "Junk"; stop; }`,
      'x',
      'before',
    );
    await rule(`require "fileinto"; if header :is "subject" "own" { fileinto "Archive"; }`);
    await rule(`require ["fileinto", "copy"]; fileinto :copy "Drafts";`, 'x', 'away');
    assert.deepEqual(await places({ subject: 'admin' }), ['Drafts', 'Junk']);
    assert.deepEqual(await places({ subject: 'own' }), ['Archive', 'Drafts']);
    assert.deepEqual(await places(), ['Drafts', 'INBOX']);
    await rule('discard;', 'x', 'before');
    assert.deepEqual(await places(), []);
  });

  test('of the server, and what it lends to others', async () => {
    writeFileSync(join(folder, 'before.sieve'), 'if header :is "subject" "spam" { discard; }');
    writeFileSync(join(folder, 'lent.sieve'), 'require "fileinto"; fileinto "Archive";');
    writeFileSync(join(folder, 'broken.sieve'), 'fileinto');
    nowMs += 3000;
    assert.deepEqual(await places({ subject: 'spam' }), []);
    await rule(
      'require "include"; include :global "lent"; include :optional :global "broken"; include :global :optional "../lent";',
    );
    assert.deepEqual(await places(), ['Archive']);
    writeFileSync(join(folder, 'before.sieve'), '# nothing any more');
    nowMs += 3000;
    assert.deepEqual(await places({ subject: 'spam' }), ['Archive']);
  });

  test('that changes while a message comes in, and a mailbox that goes', async () => {
    await createMailbox(kit.domain, account, 'Short');
    await rule('require "fileinto"; fileinto "Short";');
    const [outcome] = await Promise.all([
      places(),
      putScript(kit.domain, account, { role: 'own', name: 'mine' }, Buffer.from('discard;'), LIMITS),
      deleteMailbox(kit.domain, account, 'Short').catch(() => undefined),
    ]);
    assert.ok(['INBOX', 'Short'].includes(String(outcome)), String(outcome));
    assert.deepEqual(await places(), []);
    assert.equal(findMailbox(account, 'Short'), undefined);
  });

  test('that cannot be read is INBOX', async () => {
    await rule('discard;');
    const id = account.scripts[0]?.id ?? 0;
    await kit.domain.turns.run({
      account,
      run: ({ rules }) =>
        rules.put(
          { ...(account.scripts[0] as (typeof account.scripts)[0]), id, hash: 'x' },
          Buffer.from('no script'),
        ),
    });
    assert.deepEqual(await places(), ['INBOX', 'INBOX']);
  });

  test('cannot ask for what this server does not do', async () => {
    const compiler = new Compiler({ canSend: false });
    for (const [text, place] of [
      ['require "vacation"; vacation "x";', 'line 1, column 9'],
      ['if true { redirect "bo@example.org"; }', 'line 1, column 11'],
      ['require "fcc";', 'line 1, column 9'],
    ] as const)
      await assert.rejects(
        compiler.compile(Buffer.from(text), ''),
        { message: new RegExp(`^${place}: `) },
        text,
      );
    await compiler.compile(Buffer.from('require "ihave"; if ihave "vacation" { vacation "x"; }'), '');
  });
});
