import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openTestDomain, type TestDomain } from '../../../test/kit/domain.ts';
import type { PartOffsets } from '../../mail/part.ts';
import { decodeParts } from '../../mail/part-codec.ts';
import type { WireParts } from '../model/facts.ts';
import { type AccountRecord, asAccountId, emailId } from '../model/model.ts';
import { deliver } from './deliver.ts';
import { receive } from './incoming.ts';
import { mailboxOf } from './mailboxes.ts';

const MESSAGE = Buffer.from(
  [
    'From: Bob <bob@example.org>',
    'Subject: parts',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    'preamble',
    '--b',
    'Content-Type: text/plain',
    '',
    'one',
    '--b',
    'Content-Type: message/rfc822',
    '',
    'Subject: inner',
    '',
    'two',
    '--b--',
    '',
  ].join('\r\n'),
);

let kit: TestDomain;
let alice: AccountRecord;
let bob: AccountRecord;

before(async () => {
  kit = await openTestDomain();
  alice = await kit.addAccount('alice@example.com', 'secret');
  bob = await kit.addAccount('bob@example.com', 'secret', { messages: 1 });
});

after(() => kit.close());

function send(message: Buffer, from: string, to: readonly (readonly [AccountRecord, string])[]) {
  return kit.domain.accounts.open(alice.id).then(async () => {
    const accounts = to.map(([{ id }]) => id);
    const received = await receive(kit.store, accounts, 1_000_000, message);
    const recipients = to.map(([{ id }, address]) => ({ account: id, address }));
    return { received, outcomes: await deliver(kit.domain, recipients, received, from) };
  });
}

async function lastFacts(record: AccountRecord): Promise<WireParts> {
  const account = await kit.domain.accounts.open(record.id);
  const id = emailId(record.id, account.nextEmail - 1);
  const [facts] = await kit.store.loadEmails([id], ['envelope', 'bodyStructure', 'parts']);
  assert.ok(facts?.envelope && facts.bodyStructure && facts.parts);
  return facts as WireParts;
}

/** The octets of every part's header and body, depth first. */
function cut(message: Buffer, part: PartOffsets, isRoot = true): string[] {
  const header = isRoot ? [] : [message.toString('latin1', part.headerStart, part.bodyStart)];
  const body = message.toString('latin1', part.bodyStart, part.end);
  return [...header, body, ...part.children.flatMap((child) => cut(message, child, false))];
}

describe('delivery', () => {
  test('puts trace fields in front and moves the parts, nothing else', async () => {
    const { received, outcomes } = await send(MESSAGE, 'bob@example.org', [[alice, 'alice+tag@example.com']]);
    assert.equal(outcomes[0]?.kind, 'delivered');
    const trace = 'Return-Path: <bob@example.org>\r\nDelivered-To: alice+tag@example.com\r\n';
    const stored = (await kit.messagesOf('alice@example.com')).at(-1) as Buffer;
    assert.equal(stored.toString(), trace + MESSAGE.toString());
    const facts = await lastFacts(alice);
    assert.deepEqual(facts.envelope, received.facts.envelope);
    assert.deepEqual(facts.bodyStructure, received.facts.bodyStructure);
    const [moved, original] = [decodeParts(facts.parts), decodeParts(received.facts.parts)];
    assert.deepEqual(cut(stored, moved), cut(MESSAGE, original));
    assert.equal(moved.headerStart, 0);
    assert.equal(
      stored.toString('latin1', 0, moved.bodyStart),
      trace + MESSAGE.toString('latin1', 0, original.bodyStart),
    );
  });

  test('gives every recipient an outcome of its own', async () => {
    const nobody = { ...alice, id: asAccountId(4711) };
    const { outcomes } = await send(MESSAGE, '', [
      [bob, 'bob@example.com'],
      [nobody, 'nobody@example.com'],
      [alice, 'alice@example.com'],
      [bob, 'bob+again@example.com'],
    ]);
    const kinds = outcomes.map((outcome) => (outcome.kind === 'refused' ? outcome.error.code : outcome.kind));
    assert.deepEqual(kinds, ['delivered', 'nonexistent', 'delivered', 'over-quota']);
    assert.match(
      String((await kit.messagesOf('bob@example.com'))[0]),
      /^Return-Path: <>\r\nDelivered-To: bob@/,
    );
  });

  test('an address cannot write header fields', async () => {
    await send(MESSAGE, 'x@example.org>\r\nX-Evil: 1\r\n\r\n<', [[alice, 'alice@example.com\r\nX-Evil: 2']]);
    const lines = String((await kit.messagesOf('alice@example.com')).at(-1)).split('\r\n');
    assert.deepEqual(lines.slice(0, 2), [
      'Return-Path: <x@example.org>X-Evil: 1<>',
      'Delivered-To: alice@example.comX-Evil: 2',
    ]);
    assert.equal(lines[2], 'From: Bob <bob@example.org>');
  });

  test('nothing, and a message without a header, can be delivered', async () => {
    for (const message of [Buffer.alloc(0), Buffer.from('\r\nbody\r\n'), Buffer.from('no header here')]) {
      const { received, outcomes } = await send(message, '', [[alice, 'alice@example.com']]);
      assert.equal(outcomes[0]?.kind, 'delivered');
      const stored = (await kit.messagesOf('alice@example.com')).at(-1) as Buffer;
      const { parts } = await lastFacts(alice);
      assert.deepEqual(cut(stored, decodeParts(parts)), cut(message, decodeParts(received.facts.parts)));
    }
  });
});

test('what is to come once comes once, also when it is brought again before it is there', async () => {
  const account = await kit.domain.accounts.open(alice.id);
  const before = mailboxOf(account, 'INBOX').exists;
  const once = Buffer.alloc(16, 7);
  const arrived = { fields: Buffer.alloc(0), isJunk: false, isAuthorKnown: false, once };
  const to = [{ account: alice.id, address: 'alice@example.com' }];
  const bring = async () => {
    const received = await receive(kit.store, [alice.id], 1_000_000, MESSAGE);
    return deliver(kit.domain, to, received, 'eve@example.org', arrived);
  };
  const outcomes = (await Promise.all([bring(), bring(), bring()])).flat();
  assert.deepEqual(new Set(outcomes.map(({ kind }) => kind)), new Set(['delivered']));
  assert.equal(mailboxOf(account, 'INBOX').exists, before + 1);
});
