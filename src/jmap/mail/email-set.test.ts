/** Email/set, Email/import over a real socket, and an IMAP client that sees what came of it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ImapClient } from '../../../test/imap-client.ts';
import { type Answer, startTestJmap, type TestJmap } from '../../../test/kit/jmap.ts';
import type { JsonObject } from '../core/json.ts';

let server: TestJmap;
let imap: ImapClient;
const boxes: Record<string, string> = {};

before(async () => {
  server = await startTestJmap({ limits: { keywordsPerMessage: 5 } });
  const { list } = await server.alice.call('Mailbox/get', { ids: null });
  for (const { role, id } of list) boxes[role] = id;
  imap = await ImapClient.signIn(server.imap.port, 'alice@example.com', 'secret');
});
after(async () => {
  imap.close();
  await server.close();
});

const draft = (more: JsonObject = {}): JsonObject => ({
  mailboxIds: { [boxes.drafts as string]: true },
  keywords: { $draft: true, $seen: true },
  from: [{ name: 'Alice', email: 'alice@example.com' }],
  subject: 'Räkning',
  bodyValues: { t: { value: 'Hej på dig\n' } },
  textBody: [{ partId: 't', type: 'text/plain' }],
  ...more,
});

async function create(email: JsonObject): Promise<Answer> {
  const { created, notCreated } = await server.alice.call('Email/set', { create: { k: email } });
  assert.equal(notCreated, null, JSON.stringify(notCreated));
  return created.k;
}

async function refused(email: JsonObject): Promise<Answer> {
  const { notCreated } = await server.alice.call('Email/set', { create: { k: email } });
  return notCreated?.k;
}

const set = (args: JsonObject): Promise<Answer> => server.alice.call('Email/set', args);

/** `UID FLAGS` of each message with this EMAILID. */
async function seen(mailbox: string, id: string): Promise<readonly string[]> {
  await imap.ok(`EXAMINE ${mailbox}`);
  const { untagged } = await imap.ok('FETCH 1:* (UID FLAGS EMAILID)');
  await imap.ok('UNSELECT');
  return untagged
    .filter((line) => line.includes(`EMAILID (${id})`))
    .map(
      (line) =>
        /FLAGS \(([^)]*)\)/
          .exec(line)?.[1]
          ?.replace(/\\Recent/, '')
          .trim() ?? '',
    );
}

async function octetsOf(mailbox: string, id: string): Promise<string> {
  await imap.ok(`EXAMINE ${mailbox}`);
  const { untagged } = await imap.ok('FETCH 1:* (EMAILID BODY.PEEK[])');
  await imap.ok('UNSELECT');
  return untagged.find((line) => line.includes(`EMAILID (${id})`)) ?? assert.fail('it is not there');
}

describe('Email/set create', () => {
  test('a draft is a message that any client reads (RFC 8621 §4.6)', async () => {
    const made = await create(
      draft({ 'header:X-One:asText': 'ett', to: [{ name: 'Åsa', email: 'asa@example.org' }] }),
    );
    assert.deepEqual(Object.keys(made).sort(), ['blobId', 'id', 'size', 'threadId']);
    assert.deepEqual(await seen('Drafts', made.id), ['\\Seen \\Draft']);
    const octets = await octetsOf('Drafts', made.id);
    assert.match(octets, /\r\nFrom: Alice <alice@example\.com>\r\n/);
    assert.match(octets, /\r\nTo: =\?utf-8\?[QB]\?\S+\?= <asa@example\.org>\r\n/);
    assert.match(octets, /\r\nX-One: ett\r\n/);
    assert.match(octets, /\r\nMessage-ID: <[0-9a-f-]{36}@example\.com>\r\n/);
    assert.match(octets, /Date: \w{3}, \d+ \w{3} \d{4} [\d:]{8} \+0000\r\n/);
    assert.match(octets, /\r\n\r\nHej p=C3=A5 dig\r\n/);
    assert.ok(octets.includes(`{${made.size}}`));
  });

  test('text and HTML are alternatives, and parts of other mail are attached by their blobs', async () => {
    const first = await create(draft({ attachments: [] }));
    const octets = await octetsOf(
      'Drafts',
      (
        await create(
          draft({
            bodyValues: { t: { value: 'a' }, h: { value: '<b>a</b>' } },
            htmlBody: [{ partId: 'h', type: 'text/html' }],
            attachments: [
              { blobId: first.blobId, type: 'message/rfc822', name: 'före.eml' },
              { blobId: `${first.blobId}-1`, type: 'text/plain', name: 'a.txt', disposition: 'inline' },
            ],
          }),
        )
      ).id,
    );
    for (const part of ['mixed', 'alternative']) assert.match(octets, new RegExp(`multipart/${part}`));
    assert.match(octets, /message\/rfc822.*filename\*=utf-8''f%C3%B6re\.eml.*Subject: =\?utf-8/s);
    assert.ok(octets.includes(Buffer.from('Hej på dig\r\n').toString('base64')));
  });

  test('a structure that the client gives', async () => {
    const { textBody, ...rest } = draft();
    assert.ok(textBody);
    const made = await create({
      ...rest,
      bodyStructure: {
        type: 'multipart/related',
        'header:X-Outer': ' x',
        subParts: [{ partId: 't', type: 'text/html', 'header:Content-Description': ' words' }],
      },
    });
    const octets = await octetsOf('Drafts', made.id);
    assert.match(octets, /X-Outer: x\r\n.*multipart\/related.*text\/html.*Content-Description: words/s);
  });

  /** RFC 8621 §4.6, in its order. */
  const rows: readonly (readonly [what: string, more: JsonObject, properties: readonly string[]])[] = [
    ['headers of the email', { headers: [] }, ['headers']],
    ['headers of a part', { textBody: [{ partId: 't', headers: [] }] }, ['textBody/0/headers']],
    [
      'a field twice',
      { 'header:From:asAddresses': [{ email: 'a@example.com' }] },
      ['from', 'header:From:asAddresses'],
    ],
    [
      'a field twice, in other letters',
      { 'header:X-A': ' a', 'header:x-a:asText': 'b' },
      ['header:X-A', 'header:x-a:asText'],
    ],
    [
      'a field twice in a part',
      { textBody: [{ partId: 't', type: 'text/plain', 'header:Content-Type': ' text/plain' }] },
      ['textBody/0/type', 'textBody/0/header:Content-Type'],
    ],
    ['a forbidden form', { 'header:To:asDate': '2026-01-01T00:00:00Z' }, ['header:To:asDate']],
    ['Content- fields', { 'header:Content-Type': ' text/plain' }, ['header:Content-Type']],
    ['a structure beside a text', { bodyStructure: { partId: 't' } }, ['textBody']],
    [
      'a field of the email in its structure',
      { textBody: null, bodyStructure: { partId: 't', 'header:Subject': ' x' } },
      ['bodyStructure/header:Subject'],
    ],
    ['two texts', { textBody: [{ partId: 't' }, { partId: 't' }] }, ['textBody']],
    ['a text that is another type', { textBody: [{ partId: 't', type: 'text/html' }] }, ['textBody']],
    ['HTML that is another type', { htmlBody: [{ partId: 't', type: 'text/plain' }] }, ['htmlBody']],
    ['partId and blobId', { textBody: [{ partId: 't', blobId: 'b1' }] }, ['textBody/0/partId']],
    ['neither', { textBody: [{ type: 'text/plain' }] }, ['textBody/0']],
    ['a partId without value', { textBody: [{ partId: 'x' }] }, ['textBody/0/partId']],
    ['a charset for a partId', { textBody: [{ partId: 't', charset: 'utf-8' }] }, ['textBody/0/charset']],
    ['a size for a partId', { textBody: [{ partId: 't', size: 1 }] }, ['textBody/0/size']],
    [
      'a transfer encoding',
      { textBody: [{ partId: 't', 'header:Content-Transfer-Encoding': ' 8bit' }] },
      ['textBody/0/header:Content-Transfer-Encoding'],
    ],
    [
      'an encoding problem',
      { bodyValues: { t: { value: '', isEncodingProblem: true } } },
      ['bodyValues/t/isEncodingProblem'],
    ],
    [
      'a truncated value',
      { bodyValues: { t: { value: '', isTruncated: true } } },
      ['bodyValues/t/isTruncated'],
    ],
    ['what is for the server', { size: 1, preview: 'x' }, ['size', 'preview']],
    ['CR LF in a subject', { subject: 'x\r\nBcc: eve@example.org' }, ['subject']],
    ['CR LF in a name', { to: [{ name: 'x\r\nBcc: e', email: 'a@example.com' }] }, ['to']],
    ['CR LF in a raw field', { 'header:Bcc:asRaw': ' a@example.com\r\nX: y' }, ['header:Bcc:asRaw']],
    ['CR LF in a file name', { attachments: [{ blobId: 'b1', name: 'a\r\nX: y' }] }, ['attachments/0/name']],
    ['CR LF in a cid', { attachments: [{ blobId: 'b1', cid: 'a>\r\nX: y' }] }, ['attachments/0/cid']],
    [
      'a boundary',
      { textBody: [{ partId: 't', 'header:Content-Type': ' text/plain; boundary=x' }] },
      ['textBody/0/header:Content-Type'],
    ],
    ['an address that is a string', { to: ['a@example.com'] }, ['to']],
    ['no mailbox', { mailboxIds: {} }, ['mailboxIds']],
    ['no such mailbox', { mailboxIds: { f999: true } }, ['mailboxIds']],
    ['a mailbox that is false', { mailboxIds: { f1: false } }, ['mailboxIds']],
    ['a keyword that is none', { keywords: { 'a b': true, '(': true } }, ['keywords/a b', 'keywords/(']],
    [
      'a date that is none',
      { receivedAt: 'yesterday', sentAt: '2026-13-01T00:00:00Z' },
      ['receivedAt', 'sentAt'],
    ],
  ];
  for (const [what, more, properties] of rows)
    test(`${what} is refused`, async () => {
      const error = await refused(draft(more));
      assert.equal(error?.type, 'invalidProperties', JSON.stringify(error));
      assert.deepEqual([...error.properties].sort(), [...properties].sort());
    });

  test('blobs that are not there are named, all of them', async () => {
    const attachments = [{ blobId: 'b999' }, { blobId: 'u1' }, { blobId: 'b999-1' }];
    const error = await refused(draft({ attachments }));
    assert.deepEqual([error.type, [...error.notFound].sort()], ['blobNotFound', ['b999', 'b999-1', 'u1']]);
  });

  test('too many keywords', async () => {
    const keywords = Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`k${i}`, true]));
    assert.equal((await refused(draft({ keywords }))).type, 'tooManyKeywords');
  });

  test('nothing at all is a message, too', async () => {
    const made = await create({ mailboxIds: { [boxes.drafts as string]: true } });
    assert.match(await octetsOf('Drafts', made.id), /MIME-Version: 1\.0\r\nContent-Type: text\/plain/);
  });

  test('a draft is replaced in one request: one in all, before and after', async () => {
    const { id } = await create(draft());
    await imap.ok('STATUS Drafts (MESSAGES)');
    const before = (await imap.ok('STATUS Drafts (MESSAGES)')).untagged[0];
    const { created, destroyed } = await set({ create: { n: draft({ subject: 'two' }) }, destroy: [id] });
    assert.deepEqual(destroyed, [id]);
    assert.equal((await imap.ok('STATUS Drafts (MESSAGES)')).untagged[0], before);
    assert.deepEqual(await seen('Drafts', id), []);
    assert.equal((await seen('Drafts', created.n.id)).length, 1);
  });

  test('the parts of a destroyed draft can be named still by the next', async () => {
    const { id, blobId } = await create(draft());
    await set({ destroy: [id] });
    const made = await create(draft({ attachments: [{ blobId: `${blobId}-1`, name: 'a.txt' }] }));
    assert.ok((await octetsOf('Drafts', made.id)).includes(Buffer.from('Hej på dig\r\n').toString('base64')));
  });
});

describe('Email/set update and destroy', () => {
  test('keywords and mailboxes by patch and whole, as IMAP sees them', async () => {
    const { id } = await create(draft());
    const [drafts, archive, trash] = [boxes.drafts, boxes.archive, boxes.trash] as [string, string, string];
    const ok = async (patch: JsonObject): Promise<void> => {
      const { updated, notUpdated } = await set({ update: { [id]: patch } });
      assert.deepEqual(updated, { [id]: null }, JSON.stringify(notUpdated));
    };
    await ok({
      'keywords/$draft': null,
      'keywords/$Flagged': true,
      [`mailboxIds/${drafts}`]: null,
      [`mailboxIds/${archive}`]: true,
    });
    assert.deepEqual(await seen('Drafts', id), []);
    assert.deepEqual(await seen('Archive', id), ['\\Flagged \\Seen']);
    await ok({ keywords: { $forwarded: true } });
    assert.deepEqual(await seen('Archive', id), ['$Forwarded']);
    await ok({ mailboxIds: { [archive]: true, [trash]: true } });
    assert.deepEqual(await seen('Trash', id), ['$Forwarded']);
    await ok({ [`mailboxIds/${archive}`]: null, 'mailboxIds/f999': null });
    assert.deepEqual(await seen('Archive', id), []);
    assert.deepEqual((await set({ destroy: [id] })).destroyed, [id]);
    assert.deepEqual(await seen('Trash', id), []);
    assert.equal((await set({ destroy: [id] })).notDestroyed[id].type, 'notFound');
    assert.equal((await set({ update: { [id]: {} } })).notUpdated[id].type, 'notFound');
  });

  const rows: readonly (readonly [patch: JsonObject, type: string, properties?: readonly string[]])[] = [
    [{ subject: 'x' }, 'invalidProperties', ['subject']],
    [{ 'keywords/a': false }, 'invalidProperties', ['keywords/a']],
    [{ 'keywords/a b': true }, 'invalidProperties', ['keywords/a b']],
    [{ mailboxIds: {} }, 'invalidProperties', ['mailboxIds']],
    [{ 'mailboxIds/f999': true }, 'invalidProperties', ['mailboxIds']],
    [{ 'mailboxIds/nose': true }, 'invalidProperties', ['mailboxIds']],
    [{ 'mailboxIds/f1/x': true }, 'invalidPatch'],
    [{ keywords: {}, 'keywords/a': true }, 'invalidPatch'],
  ];
  for (const [patch, type, properties] of rows)
    test(`${JSON.stringify(patch)} is ${type}`, async () => {
      const { id } = await create(draft());
      const { notUpdated } = await set({ update: { [id]: patch } });
      assert.equal(notUpdated[id].type, type);
      if (properties !== undefined) assert.deepEqual(notUpdated[id].properties, properties);
      assert.deepEqual(await seen('Drafts', id), ['\\Seen \\Draft']);
    });

  test('what is created can be updated and destroyed in the same call', async () => {
    const answer = await set({
      create: { a: draft(), b: draft() },
      update: { '#a': { 'keywords/$flagged': true } },
      destroy: ['#b', '#nobody'],
    });
    assert.deepEqual(Object.keys(answer.updated), [answer.created.a.id]);
    assert.deepEqual(answer.destroyed, [answer.created.b.id]);
    assert.equal(answer.notDestroyed['#nobody'].type, 'notFound');
    assert.deepEqual(await seen('Drafts', answer.created.a.id), ['\\Flagged \\Seen \\Draft']);
  });

  test('copies that IMAP set apart become one again, and \\Deleted hides', async () => {
    const { id } = await create(
      draft({ mailboxIds: { [boxes.drafts as string]: true, [boxes.archive as string]: true } }),
    );
    await imap.ok('SELECT Archive');
    await imap.ok('STORE 1:* -FLAGS (\\Seen)');
    await imap.ok('UNSELECT');
    await set({ update: { [id]: { 'keywords/$seen': true } } });
    assert.deepEqual(await seen('Archive', id), ['\\Seen \\Draft']);
    await imap.ok('SELECT Archive');
    await imap.ok('STORE 1:* +FLAGS (\\Deleted)');
    await imap.ok('UNSELECT');
    await set({
      update: { [id]: { [`mailboxIds/${boxes.drafts}`]: null, [`mailboxIds/${boxes.junk}`]: true } },
    });
    assert.deepEqual(await seen('Archive', id), ['\\Deleted \\Seen \\Draft']);
    assert.deepEqual(await seen('Junk', id), ['\\Seen \\Draft']);
  });

  test('an IMAP session that has the mailbox open is told', async () => {
    const { id } = await create(draft());
    const idle = await ImapClient.signIn(server.imap.port, 'alice@example.com', 'secret');
    const { untagged } = await idle.ok('SELECT Drafts');
    const exists = untagged.find((line) => line.endsWith(' EXISTS'));
    await set({ destroy: [id] });
    const told = await idle.ok('NOOP');
    assert.ok(told.untagged.includes(`${exists?.split(' ')[0]} EXPUNGE`), told.untagged.join());
    idle.close();
  });

  test('states: of before, of another type, and what it is after', async () => {
    const first = await set({});
    const again = await set({ ifInState: first.newState, create: { k: draft() } });
    assert.equal(again.oldState, first.newState);
    assert.notEqual(again.newState, first.newState);
    assert.equal(
      (await server.alice.error('Email/set', { ifInState: first.newState })).type,
      'stateMismatch',
    );
    assert.equal((await server.alice.error('Email/set', { ifInState: 'nose' })).type, 'stateMismatch');
  });
});

describe('Email/import', () => {
  test('a message comes octet for octet, when the last server says it came', async () => {
    const { blobId } = await create(draft());
    const emails = {
      k: { blobId, mailboxIds: { [boxes.inbox as string]: true }, keywords: { $seen: true } },
    };
    const answer = await server.alice.call('Email/import', { emails });
    assert.equal(answer.notCreated, null);
    const { id, size } = answer.created.k;
    assert.notEqual(`b${id.slice(1)}`, blobId);
    assert.ok((await octetsOf('INBOX', id)).includes(`{${size}}`));
    assert.deepEqual(await seen('INBOX', id), ['\\Seen']);
    const refused = await server.alice.call('Email/import', {
      emails: { k: { blobId: 'b999', mailboxIds: {} }, l: { mailboxIds: { f999: true } } },
    });
    assert.equal(refused.created, null);
    assert.deepEqual([...refused.notCreated.k.properties].sort(), ['blobId', 'mailboxIds']);
    assert.equal(refused.notCreated.l.type, 'invalidProperties');
    const upload = await server.alice.fetch(`/jmap/upload/${server.alice.accountId}`, {
      method: 'POST',
      body: 'this is no message',
    });
    const { blobId: other } = (await upload.json()) as Answer;
    const wrong = await server.alice.call('Email/import', {
      emails: { k: { blobId: other, mailboxIds: { [boxes.inbox as string]: true } } },
    });
    assert.equal(wrong.notCreated.k.type, 'invalidEmail');
    assert.equal(
      (await server.alice.error('Email/import', { ifInState: 'nose', emails })).type,
      'stateMismatch',
    );
  });
});

test('what was moved and deleted is in the activity of the account, and a draft saved anew is not', async (t) => {
  const noted: [string, string, object][] = [];
  t.mock.method(server.kit.activity, 'note', (account: string, what: string, facts: object) =>
    noted.push([account, what, facts]),
  );
  const { id } = await create(draft());
  const { created } = await set({ create: { k: draft() }, destroy: [id] });
  const again = created.k.id;
  const { list } = await server.alice.call('Mailbox/get', { ids: null });
  const trash = list.find(({ role }: { role: string }) => role === 'trash').id;
  await set({ update: { [again]: { mailboxIds: { [trash]: true } } } });
  await set({ update: { [again]: { 'keywords/$seen': null } } });
  await set({ destroy: [again, 'e999999'] });
  assert.deepEqual(
    noted.map(([account, what]) => [account, what]),
    [
      ['alice@example.com', 'messages moved'],
      ['alice@example.com', 'messages deleted'],
    ],
  );
  const { session, ...facts } = (noted[1]?.[2] ?? { session: '' }) as { session: string };
  assert.match(session, /^[0-9a-f-]{36}$/);
  assert.deepEqual(facts, { service: 'jmap', remote: '127.0.0.1', messages: 1, emails: again });
});
