/** Email/get over a real socket: every property, what is asked of the store for it, and every message of the corpus. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Answer, startTestJmap, type TestJmap } from '../../../test/kit/jmap.ts';
import { FLAG } from '../../mail/flags.ts';
import { appendMessages } from '../../mailbox/operations/append.ts';
import { copyMessages } from '../../mailbox/operations/copy.ts';
import { expungeMessages } from '../../mailbox/operations/expunge.ts';
import { changeFlags } from '../../mailbox/operations/flags.ts';
import { receive } from '../../mailbox/operations/incoming.ts';
import { mailboxOf } from '../../mailbox/operations/mailboxes.ts';
import type { MailStore } from '../../mailbox/port/store.ts';

const CORPUS = join(import.meta.dirname, '../../../test/corpus');

let server: TestJmap;
/** Octets of messages that were asked of the store. */
let octetsRead = 0;

before(async () => {
  const wrapStore = (store: MailStore): MailStore =>
    new Proxy(store, {
      get(target, name: keyof MailStore) {
        if (name === 'readRanges' || name === 'readStream') octetsRead++;
        const value = target[name];
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  server = await startTestJmap({ wrapStore });
});
after(() => server.close());

async function put(
  message: string | Buffer,
  mailbox = 'INBOX',
  internalDate = 1_400_000_000,
): Promise<string> {
  const { domain } = server.kit;
  const account = await server.account();
  const octets = Buffer.from(message as string);
  const { facts, blob } = await receive(domain.store, [account.id], 1e8, octets);
  const email = account.nextEmail;
  await appendMessages(domain, account, mailboxOf(account, mailbox), [
    { facts, blob, flags: 0, keywords: [], internalDate },
  ]);
  return `e${email}`;
}

async function get(id: string, args: Answer = {}): Promise<Answer> {
  const { list } = await server.alice.call('Email/get', { ids: [id], ...args });
  return list[0];
}

const LETTER = [
  'Received: from a.example',
  ' by b.example',
  'From: "Joe, Bloggs" <joe@example.com>',
  'Sender: secretary@example.com',
  'Reply-To: Joe <other@example.com>',
  'To: Friends: anna@example.com, =?utf-8?Q?=C3=85ke?= <ake@example.com>;',
  'Cc: ',
  'Subject: =?utf-8?Q?Middag_p=C3=A5_torsdag=3F?=',
  'Date: Tue, 10 Jul 2018 11:03:11 +1000',
  'Message-ID: <one@example.com>',
  'In-Reply-To: <zero@example.com>',
  'References: <minus@example.com>',
  '\t<zero@example.com>',
  'List-POST: <mailto:partytime@lists.example.com>',
  'X-Twice: first',
  'X-Twice: second',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  'Content-Type: multipart/alternative; boundary=c',
  '',
  '--c',
  'Content-Type: text/plain; charset=utf-8',
  'Content-Language: sv, en',
  '',
  'Välkommen!',
  '--c',
  'Content-Type: text/html; charset=utf-8',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  '<p>V=C3=A4lkommen <b>allihopa</b>!</p>',
  '--c--',
  '--b',
  'Content-Type: application/pdf; name=old.pdf',
  "Content-Disposition: attachment; filename*=utf-8''r%C3%A4kning.pdf",
  'Content-ID: <pdf@example.com>',
  'Content-Location: https://example.com/a.pdf',
  'Content-Transfer-Encoding: base64',
  '',
  'AAECAw==',
  '--b--',
  '',
].join('\r\n');

describe('properties', () => {
  let id = '';
  before(async () => {
    id = await put(LETTER);
  });

  test('metadata', async () => {
    const account = await server.account();
    const inbox = `f${mailboxOf(account, 'INBOX').id}`;
    const properties = [
      'blobId',
      'threadId',
      'mailboxIds',
      'keywords',
      'size',
      'receivedAt',
      'hasAttachment',
      'preview',
    ];
    assert.deepEqual(await get(id, { properties }), {
      ...{ id, blobId: id.replace('e', 'b'), threadId: id.replace('e', 't') },
      ...{ mailboxIds: { [inbox]: true }, keywords: {}, size: Buffer.byteLength(LETTER) },
      ...{ receivedAt: '2014-05-13T16:53:20Z', hasAttachment: true, preview: 'Välkommen!' },
    });
  });

  test('header fields in forms of their own', async () => {
    const ake = { name: 'Åke', email: 'ake@example.com' };
    const found = await get(id);
    assert.deepEqual(found.from, [{ name: 'Joe, Bloggs', email: 'joe@example.com' }]);
    assert.deepEqual(found.sender, [{ name: null, email: 'secretary@example.com' }]);
    assert.deepEqual(found.replyTo, [{ name: 'Joe', email: 'other@example.com' }]);
    assert.deepEqual(found.to, [{ name: null, email: 'anna@example.com' }, ake]);
    assert.deepEqual([found.cc, found.bcc], [[], null]);
    assert.deepEqual([found.subject, found.sentAt], ['Middag på torsdag?', '2018-07-10T11:03:11+10:00']);
    assert.deepEqual(
      [found.messageId, found.inReplyTo, found.references],
      [['one@example.com'], ['zero@example.com'], ['minus@example.com', 'zero@example.com']],
    );
    assert.deepEqual(found.bodyValues, {});
    assert.ok(!('headers' in found) && !('bodyStructure' in found));
  });

  test('header fields by name', async () => {
    const properties = [
      ...[
        'header:List-POST:asURLs',
        'header:x-twice',
        'header:X-Twice:all',
        'header:X-None',
        'header:X-None:all',
      ],
      ...['header:TO:asGroupedAddresses', 'header:Received', 'header:Subject'],
    ];
    const found = await get(id, { properties });
    assert.deepEqual(found, {
      id,
      'header:List-POST:asURLs': ['mailto:partytime@lists.example.com'],
      'header:x-twice': ' second',
      'header:X-Twice:all': [' first', ' second'],
      'header:X-None': null,
      'header:X-None:all': [],
      'header:TO:asGroupedAddresses': [
        {
          name: 'Friends',
          addresses: [
            { name: null, email: 'anna@example.com' },
            { name: 'Åke', email: 'ake@example.com' },
          ],
        },
      ],
      'header:Received': ' from a.example\r\n by b.example',
      'header:Subject': ' =?utf-8?Q?Middag_p=C3=A5_torsdag=3F?=',
    });
    const { headers } = await get(id, { properties: ['headers'] });
    assert.equal(headers.length, 16);
    assert.deepEqual(headers[0], { name: 'Received', value: ' from a.example\r\n by b.example' });
  });

  test('bodies', async () => {
    const found = await get(id, {
      properties: ['bodyStructure', 'textBody', 'htmlBody', 'attachments', 'bodyValues'],
      fetchTextBodyValues: true,
    });
    const blob = (part: string): string => `${id.replace('e', 'b')}-${part}`;
    const plain = {
      ...{ partId: '1.1', blobId: blob('1-1'), size: 11, name: null, type: 'text/plain', charset: 'utf-8' },
      ...{ disposition: null, cid: null, language: ['sv', 'en'], location: null },
    };
    const html = {
      ...plain,
      partId: '1.2',
      blobId: blob('1-2'),
      size: 34,
      type: 'text/html',
      language: null,
    };
    const pdf = {
      ...{
        partId: '2',
        blobId: blob('2'),
        size: 4,
        name: 'räkning.pdf',
        type: 'application/pdf',
        charset: null,
      },
      ...{ disposition: 'attachment', cid: 'pdf@example.com', language: null },
      location: 'https://example.com/a.pdf',
    };
    assert.deepEqual(found.textBody, [plain]);
    assert.deepEqual(found.htmlBody, [html]);
    assert.deepEqual(found.attachments, [pdf]);
    assert.deepEqual(found.bodyValues, {
      '1.1': { value: 'Välkommen!', isEncodingProblem: false, isTruncated: false },
    });
    const { subParts, partId, blobId, type } = found.bodyStructure;
    assert.deepEqual([partId, blobId, type, subParts.length], [null, null, 'multipart/mixed', 2]);
    assert.deepEqual([subParts[0].type, subParts[0].subParts], ['multipart/alternative', [plain, html]]);
    assert.deepEqual(subParts[1], pdf);
  });

  test('properties of parts, and texts that are cut', async () => {
    const found = await get(id, {
      properties: ['htmlBody', 'bodyValues'],
      bodyProperties: ['partId', 'header:Content-Type:asText', 'headers', 'subParts'],
      ...{ fetchHTMLBodyValues: true, maxBodyValueBytes: 16 },
    });
    assert.deepEqual(found.htmlBody, [
      {
        partId: '1.2',
        'header:Content-Type:asText': 'text/html; charset=utf-8',
        headers: [
          { name: 'Content-Type', value: ' text/html; charset=utf-8' },
          { name: 'Content-Transfer-Encoding', value: ' quoted-printable' },
        ],
        subParts: null,
      },
    ]);
    assert.deepEqual(found.bodyValues, {
      '1.2': { value: '<p>Välkommen ', isEncodingProblem: false, isTruncated: true },
    });
    const all = await get(id, { properties: ['bodyValues'], fetchAllBodyValues: true });
    assert.deepEqual(Object.keys(all.bodyValues), ['1.1', '1.2']);
  });

  test('what there is not, once, and what may not be asked', async () => {
    const ids = [id, 'e99999', id, 'nonsense', 'e99999', '', 'e0', `e${'9'.repeat(255)}`];
    const { list, notFound } = await server.alice.call('Email/get', { ids, properties: [] });
    assert.deepEqual(list, [{ id }]);
    assert.deepEqual(notFound, ['e99999', 'nonsense', '', 'e0', `e${'9'.repeat(255)}`]);
    for (const args of [
      { properties: ['header:From:asDate'] },
      { properties: ['header:Received:asAddresses'] },
      { properties: ['nose'] },
      { bodyProperties: ['nose'] },
      { bodyProperties: ['header:Date:asURLs'] },
      { maxBodyValueBytes: -1 },
      { fetchAllBodyValues: 'yes' },
    ])
      assert.equal((await server.alice.error('Email/get', { ids: [id], ...args })).type, 'invalidArguments');
    assert.equal((await server.alice.error('Email/get', { ids: null })).type, 'requestTooLarge');
    const many = Array.from({ length: 1001 }, (_, i) => `e${i + 1}`);
    assert.equal((await server.alice.error('Email/get', { ids: many })).type, 'requestTooLarge');
  });

  test('a list of mail reads no octet of a message', async () => {
    octetsRead = 0;
    const properties = [
      ...['threadId', 'mailboxIds', 'keywords', 'size', 'receivedAt', 'messageId', 'inReplyTo', 'references'],
      ...['sender', 'from', 'to', 'cc', 'bcc', 'replyTo', 'subject', 'sentAt', 'hasAttachment', 'preview'],
      'header:List-Unsubscribe:asURLs',
    ];
    await get(id, { properties });
    assert.equal(octetsRead, 0);
    await get(id, { properties: ['header:X-Own'] });
    assert.ok(octetsRead > 0);
  });
});

describe('copies of one email (RFC 8621 §4.1.1)', () => {
  test('$seen is had when all have it, others when one has; a deleted one does not count', async () => {
    const { domain } = server.kit;
    const account = await server.account();
    const id = await put('Subject: copied\r\n\r\nx', 'Archive');
    const [archive, trash] = [mailboxOf(account, 'Archive'), mailboxOf(account, 'Trash')];
    const [first, second] = [archive.uidNext - 1, trash.uidNext];
    await copyMessages(domain, account, archive, [first], trash);
    const mark = (mailbox: typeof archive, uid: number, flags: number, keywords: string[] = []) =>
      changeFlags(domain, account, mailbox, [uid], { mode: 'add', flags, keywords });
    const keywords = async () =>
      Object.keys((await get(id, { properties: ['keywords'] })).keywords).join(' ');
    const mailboxes = async () => Object.keys((await get(id, { properties: ['mailboxIds'] })).mailboxIds);
    await mark(archive, first, FLAG.Seen | FLAG.Flagged, ['$Forwarded']);
    assert.equal(await keywords(), '$flagged $forwarded');
    await mark(trash, second, FLAG.Seen | FLAG.Draft, ['Work', '$Seen']);
    assert.equal(await keywords(), '$draft $flagged $forwarded $seen work');
    assert.deepEqual(await mailboxes(), [`f${archive.id}`, `f${trash.id}`].sort());
    await mark(archive, first, FLAG.Deleted);
    assert.equal(await keywords(), '$draft $seen work');
    assert.deepEqual(await mailboxes(), [`f${trash.id}`]);
    await mark(trash, second, FLAG.Deleted);
    const { list, notFound } = await server.alice.call('Email/get', { ids: [id] });
    assert.deepEqual([list, notFound], [[], [id]]);
    await expungeMessages(domain, account, trash, {});
    await changeFlags(domain, account, archive, [first], {
      mode: 'remove',
      flags: FLAG.Deleted,
      keywords: [],
    });
    assert.equal(await keywords(), '$flagged $forwarded $seen');
  });
});

test('every message of the corpus has every property, and its parts are where their names say', async () => {
  const files = readdirSync(CORPUS).filter((name) => name.endsWith('.eml'));
  assert.ok(files.length > 30);
  for (const file of files) {
    const id = await put(readFileSync(join(CORPUS, file)));
    const found = await get(id, {
      properties: [
        ...[
          'bodyStructure',
          'textBody',
          'htmlBody',
          'attachments',
          'bodyValues',
          'headers',
          'preview',
          'from',
        ],
        ...['to', 'subject', 'messageId', 'sentAt', 'hasAttachment'],
      ],
      bodyProperties: [
        'partId',
        'blobId',
        'size',
        'name',
        'type',
        'charset',
        'cid',
        'headers',
        'header:Content-Type',
      ],
      fetchAllBodyValues: true,
    });
    const leaves = (part: Answer): Answer[] => part.subParts?.flatMap(leaves) ?? [part];
    const parts = leaves(found.bodyStructure);
    const listed = [...found.textBody, ...found.htmlBody, ...found.attachments];
    assert.equal(new Set(parts.map(({ partId }) => partId)).size, parts.length, file);
    for (const part of parts) {
      assert.ok(
        listed.some(({ partId }) => partId === part.partId),
        file,
      );
      assert.match(part.partId, /^[1-9]\d*(\.[1-9]\d*)*$/, file);
      assert.equal(part.blobId, `${id.replace('e', 'b')}-${part.partId.replaceAll('.', '-')}`, file);
      assert.equal(part.type.startsWith('text/'), part.partId in found.bodyValues, file);
      assert.ok(Number.isSafeInteger(part.size) && part.size >= 0, file);
    }
    assert.ok(found.preview.length <= 512, file);
    assert.ok(JSON.stringify(found).isWellFormed(), file);
  }
});
