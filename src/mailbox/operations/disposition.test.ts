/** Deliveries of which somebody says what is to become of them. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { openTestDomain, type TestDomain } from '../../../test/kit/domain.ts';
import { FLAG } from '../../mail/flags.ts';
import type { Copy, Delivery, Disposition } from '../disposition.ts';
import { type AccountRecord, emailNumber } from '../model/model.ts';
import { loadList } from '../state/load.ts';
import { type DeliveryOutcome, deliver } from './deliver.ts';
import { createMailbox, deleteMailbox, renameMailbox } from './folders.ts';
import { receive } from './incoming.ts';
import { findMailbox, mailboxOf } from './mailboxes.ts';

const MESSAGE = Buffer.from('From: Bob <bob@example.org>\r\nSubject: rules\r\n\r\nbody\r\n');
const TRACE = 'Return-Path: <bob@example.org>\r\nDelivered-To: alice@example.com\r\n';

let kit: TestDomain;
let alice: AccountRecord;
let small: AccountRecord;
let answer: ((delivery: Delivery) => Promise<Disposition> | undefined) | undefined;

before(async () => {
  kit = await openTestDomain({ dispositions: { of: (delivery) => answer?.(delivery) } });
  alice = await kit.addAccount('alice@example.com', 'secret');
  small = await kit.addAccount('small@example.com', 'secret', { messages: 1 });
});
afterEach(() => {
  answer = undefined;
});
after(() => kit.close());

const copy = (mailbox: string, rest: Partial<Copy> = {}): Copy => ({
  mailbox,
  flags: 0,
  keywords: [],
  ...rest,
});

async function send(
  disposition: Disposition | ((delivery: Delivery) => Promise<Disposition>),
  to = alice,
): Promise<DeliveryOutcome> {
  answer = typeof disposition === 'function' ? disposition : async () => disposition;
  const received = await receive(kit.domain.store, [to.id], 1_000_000, MESSAGE);
  const [outcome] = await deliver(
    kit.domain,
    [{ account: to.id, address: to.address }],
    received,
    'bob@example.org',
  );
  return outcome as DeliveryOutcome;
}

function mailboxesIn(outcome: DeliveryOutcome): string[] {
  assert.equal(outcome.kind, 'delivered', JSON.stringify(outcome));
  return outcome.kind === 'delivered' ? outcome.copies.map(({ mailbox }) => mailbox) : [];
}

const openAlice = () => kit.domain.accounts.open(alice.id);

describe('what is to become of a message', () => {
  test('copies in several mailboxes are one email, with flags of their own', async () => {
    const account = await openAlice();
    const { modseq, nextEmail, usedBytes } = account;
    const outcome = await send({
      copies: [
        copy('Archive', { flags: FLAG.Seen, keywords: ['$Work'] }),
        copy('inbox'),
        copy('Lists/Sieve', { makes: {} }),
      ],
    });
    assert.deepEqual(mailboxesIn(outcome), ['Archive', 'INBOX', 'Lists/Sieve']);
    assert.equal(account.nextEmail, nextEmail + 1);
    assert.equal(account.usedBytes, usedBytes + 3 * (TRACE.length + MESSAGE.length));
    const archive = mailboxOf(account, 'Archive');
    const list = await loadList(kit.domain, account, archive);
    assert.equal(list.columns.flags[0], FLAG.Seen);
    assert.deepEqual(archive.keywords.namesOf(list.columns.keywordSet[0] as number), ['$Work']);
    assert.equal(mailboxOf(account, 'Lists/Sieve').subscribed, true);
    assert.equal(mailboxOf(account, 'Lists').exists, 0);
    for (const name of ['Archive', 'INBOX', 'Lists/Sieve'])
      assert.equal(String((await kit.messagesOf(alice.address, name)).at(-1)), TRACE + MESSAGE, name);
    const [listed] = await kit.store.listEmails(alice.id, 0, 9);
    assert.equal(listed?.references, 3);
    assert.equal(emailNumber(listed?.id as NonNullable<typeof listed>['id']), nextEmail);
    assert.ok(account.modseq - modseq <= 3, 'one change, with a row of history for each further copy');
  });

  test('nothing and a refusal leave nothing', async () => {
    const { modseq } = await openAlice();
    assert.deepEqual(await send({ copies: [] }), { kind: 'delivered', copies: [] });
    assert.deepEqual(await send({ copies: [], refusal: 'no thanks' }), {
      kind: 'rejected',
      reason: 'no thanks',
    });
    assert.equal((await openAlice()).modseq, modseq);
  });

  test('a mailbox that is not there, or cannot be, is INBOX, once', async () => {
    const names = ['Nowhere', 'a*b', '', 'x'.repeat(5000), 'INBOX'];
    assert.deepEqual(mailboxesIn(await send({ copies: names.map((name) => copy(name)) })), ['INBOX']);
    const makes = { makes: {} };
    assert.deepEqual(mailboxesIn(await send({ copies: [copy('what*', makes), copy('\u0000', makes)] })), [
      'INBOX',
    ]);
  });

  test('a new mailbox gets a use that no other has', async () => {
    const outcome = await send({
      copies: [copy('Spam2', { makes: { role: 'junk' } }), copy('Stars', { makes: { role: 'flagged' } })],
    });
    assert.deepEqual(mailboxesIn(outcome), ['Spam2', 'Stars']);
    const account = await openAlice();
    assert.equal(mailboxOf(account, 'Spam2').role, undefined);
    assert.equal(mailboxOf(account, 'Stars').role, 'flagged');
  });

  test('an answer that fails is INBOX, and what waits is let go of', async () => {
    assert.deepEqual(mailboxesIn(await send(() => Promise.reject(new Error('made up')))), ['INBOX']);
    let ends = 0;
    const end = () => void ends++;
    const blob = { sizeBytes: 5, read: () => Buffer.alloc(5) };
    const { facts } = await receive(kit.domain.store, [alice.id], 1_000_000, MESSAGE);
    const foreign = copy('Archive', { form: { content: { blob, facts } } });
    // The store takes no octets that it did not stage.
    const outcome = await send({ copies: [foreign], end });
    assert.equal(outcome.kind, 'refused');
    assert.equal(ends, 1);
  });

  test('fields in front, and other octets, are emails of their own', async () => {
    const other = await receive(
      kit.domain.store,
      [alice.id],
      1000,
      Buffer.from('Subject: other\r\n\r\nhere\r\n'),
    );
    const outcome = await send({
      copies: [
        copy('Archive', { form: { fields: Buffer.from('X-Rule: 1\r\n') } }),
        copy('Drafts', { form: { content: other } }),
        copy('INBOX'),
      ],
    });
    assert.deepEqual(mailboxesIn(outcome), ['Archive', 'Drafts', 'INBOX']);
    const last = async (name: string) => String((await kit.messagesOf(alice.address, name)).at(-1));
    assert.equal(await last('Archive'), `${TRACE}X-Rule: 1\r\n${MESSAGE}`);
    assert.equal(await last('Drafts'), `${TRACE}Subject: other\r\n\r\nhere\r\n`);
    assert.equal(await last('INBOX'), TRACE + MESSAGE);
  });

  test('all copies need room, and INBOX comes first', async () => {
    const both = { copies: [copy('INBOX'), copy('Archive')] };
    assert.deepEqual(mailboxesIn(await send(both, small)), ['INBOX']);
    const full = await send(both, small);
    assert.equal(full.kind === 'refused' ? full.error.code : full.kind, 'over-quota');
    assert.deepEqual(await send({ copies: [] }, small), { kind: 'delivered', copies: [] });
  });

  test('a mailbox that goes, comes or changes its name meanwhile', async () => {
    const account = await openAlice();
    await createMailbox(kit.domain, account, 'Goes');
    const gone = await send(async () => {
      void deleteMailbox(kit.domain, account, 'Goes');
      return { copies: [copy('Goes', { flags: FLAG.Flagged })] };
    });
    assert.deepEqual(mailboxesIn(gone), ['INBOX']);
    // Unloaded, with a message in it, under a name that nobody had when the answer was given.
    assert.deepEqual(mailboxesIn(await send({ copies: [copy('Before', { makes: {} })] })), ['Before']);
    const renamed = await send(async () => {
      void renameMailbox(kit.domain, account, 'Before', 'After');
      return { copies: [copy('After')] };
    });
    assert.deepEqual(mailboxesIn(renamed), ['After']);
    assert.equal(findMailbox(account, 'After')?.exists, 2);
  });

  test('many at once, each with a mailbox of the same new name', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => send({ copies: [copy('Crowd/Here', { makes: {} }), copy('INBOX')] })),
    );
    for (const outcome of outcomes) assert.deepEqual(mailboxesIn(outcome), ['Crowd/Here', 'INBOX']);
    assert.equal(findMailbox(await openAlice(), 'Crowd/Here')?.exists, 20);
  });
});
