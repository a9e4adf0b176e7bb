/** Drafts that other programs began, gone on with and sent by the webmail's own parts at a real server. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { FULL_ARGUMENTS, type FullEmail } from '../../web/read/full-email.ts';
import { type Arguments, JmapClient } from '../../web/sync/jmap-client.ts';
import { type Draft, draftOf } from '../../web/write/draft.ts';
import { DraftKeeper } from '../../web/write/draft-keeper.ts';
import { deliver } from '../../web/write/outbox-delivery.ts';
import { startServer, type TestServer } from '../kit/server.ts';

const PASSWORD = 'correct horse battery';
const ME = { name: null, email: 'ann@example.org' };
const BOB = { name: null, email: 'bob@example.org' };

interface Found {
  readonly id: string;
  readonly subject: string;
  readonly mailboxIds: Readonly<Record<string, true>>;
}

describe('a draft of another program', () => {
  let server: TestServer;
  let client: JmapClient;
  let drafts = '';
  let sentBox = '';
  let identityId = '';
  before(async () => {
    server = await startServer({});
    for (const { email } of [ME, BOB])
      await server.cli(['account', 'add', email, '--password-stdin'], PASSWORD);
    client = new JmapClient({
      ...{ fetch: asked, me: ME.email, onOther: () => assert.fail('somebody else') },
      onSignedOut: () => assert.fail('signed out'),
    });
    const identities = await client.call<{ list: { id: string }[] }>('Identity/get', { ids: null }).result;
    identityId = identities.list[0]?.id ?? assert.fail();
    const mailboxes = await client.call<{ list: { id: string; role: string | null }[] }>('Mailbox/get', {
      ids: null,
    }).result;
    const box = (name: string): string =>
      mailboxes.list.find(({ role }) => role === name)?.id ?? assert.fail();
    drafts = box('drafts');
    sentBox = box('sent');
  });
  after(() => server.stop());

  function asked(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    const authorization = `Basic ${btoa(`${ME.email}:${PASSWORD}`)}`;
    const { pathname } = new URL(String(input), 'http://localhost');
    const url = `http://127.0.0.1:${server.port('http')}${pathname}`;
    return fetch(url, { ...init, headers: { ...(init?.headers as Record<string, string>), authorization } });
  }

  async function put(subject: string, field: string): Promise<void> {
    const body = `From: ${ME.email}\r\nTo: ${BOB.email}\r\nSubject: ${subject}\r\n${field}\r\ntext\r\n`;
    const { uploadUrl } = await client.session();
    const url = uploadUrl.replace('{accountId}', await client.accountId());
    const uploaded = await asked(url, {
      method: 'POST',
      headers: { 'content-type': 'message/rfc822' },
      body,
    });
    const { blobId } = (await uploaded.json()) as { blobId: string };
    const email = { blobId, mailboxIds: { [drafts]: true }, keywords: { $draft: true, $seen: true } };
    const { created } = await client.call<{ created: object | null }>('Email/import', { emails: { email } })
      .result;
    assert.ok(created !== null && 'email' in created);
  }

  async function found(subject: string): Promise<Found[]> {
    const { ids } = await client.call<{ ids: string[] }>('Email/query', { filter: {} }).result;
    const args: Arguments = { ids, properties: ['subject', 'mailboxIds'] };
    const { list } = await client.call<{ list: Found[] }>('Email/get', args).result;
    return list.filter((one) => one.subject === subject);
  }

  async function resumed(subject: string): Promise<{ readonly draft: Draft; readonly serverId: string }> {
    const [{ id } = assert.fail(`no ${subject}`)] = await found(subject);
    const { list } = await client.call<{ list: FullEmail[] }>('Email/get', { ids: [id], ...FULL_ARGUMENTS })
      .result;
    const [email = assert.fail()] = list;
    return {
      draft: { ...draftOf(email, 'k', `${subject}@new.example.com`), from: ME, to: [BOB] },
      serverId: id,
    };
  }

  const parts = {
    mailbox: (role: string) => (role === 'drafts' ? drafts : undefined),
    ...{ scheduledName: '', nowMs: () => Date.now() },
  };
  const deliverIt = (mail: { readonly draft: Draft; readonly serverId: string }) =>
    deliver({ id: 'o', ...mail, identityId, hold: { seconds: 0 } }, { client, ...parts });
  const submitted = async (): Promise<number> =>
    (await client.call<{ list: unknown[] }>('EmailSubmission/get', { ids: null }).result).list.length;

  test('without a Message-ID that can be read is sent, whatever else was', async () => {
    await put('other', 'Message-ID: <other@example.com>\r\n');
    assert.deepEqual(await deliverIt(await resumed('other')), { kind: 'sent' });
    for (const [subject, field] of [
      ['none', ''],
      ['empty', 'Message-ID: \r\n'],
      ['nonsense', 'Message-ID: nonsense\r\n'],
    ] as const) {
      await put(subject, field);
      const mail = await resumed(subject);
      const sent = await submitted();
      assert.deepEqual(await deliverIt(mail), { kind: 'sent' }, subject);
      assert.equal(await submitted(), sent + 1);
    }
    assert.equal((await resumed('other')).draft.messageId, 'other@example.com');
  });

  test('that a browser has kept without one is sent too', async () => {
    await put('kept', '');
    const mail = await resumed('kept');
    const sent = await submitted();
    assert.deepEqual(await deliverIt({ ...mail, draft: { ...mail.draft, messageId: '' } }), { kind: 'sent' });
    assert.equal(await submitted(), sent + 1);
    assert.equal((await found('kept')).length, 1);
  });

  test('takes the place of its own versions alone', async () => {
    await put('eleven', 'Message-ID: <11@example.net>\r\n');
    await put('one', 'Message-ID: <1@example.net>\r\n');
    const { draft, serverId } = await resumed('one');
    const keeper = new DraftKeeper(
      draft,
      {
        ...{ client, store: undefined, drafts: () => drafts, wholeText: () => 'x', nowMs: () => 0 },
        sleep: () => new Promise(() => {}),
      },
      { serverId, isResumed: true },
    );
    keeper.change({ subject: 'one, changed' });
    assert.ok(await keeper.save());
    assert.equal((await found('eleven')).length, 1);
    assert.equal((await found('one')).length, 0);
    assert.equal((await found('one, changed')).length, 1);
  });

  test('is not taken for sent because another with a like Message-ID was', async () => {
    await put('twenty-two', 'Message-ID: <22@example.net>\r\n');
    await put('two', 'Message-ID: <2@example.net>\r\n');
    assert.deepEqual(await deliverIt(await resumed('twenty-two')), { kind: 'sent' });
    const sent = await submitted();
    assert.deepEqual(await deliverIt(await resumed('two')), { kind: 'sent' });
    assert.equal(await submitted(), sent + 1);
    assert.equal((await found('twenty-two')).length, 1);
  });

  test('is sent once when the first request comes to the server late', async () => {
    await put('late', 'Message-ID: <late@example.net>\r\n');
    const mail = await resumed('late');
    const sent = await submitted();
    let isFirst = true;
    /** The request of the page that is closed is done right before the outbox makes its version. */
    const slow: Pick<JmapClient, 'call'> = {
      call: <T>(name: string, args: Arguments) => {
        if (name !== 'Email/set' || !isFirst) return client.call<T>(name, args);
        isFirst = false;
        const envelope = { mailFrom: { email: ME.email }, rcptTo: [{ email: BOB.email }] };
        const create = { s: { identityId, emailId: mail.serverId, envelope } };
        const moved = {
          'keywords/$draft': null,
          [`mailboxIds/${sentBox}`]: true,
          [`mailboxIds/${drafts}`]: null,
        };
        const late = client.call('EmailSubmission/set', { create, onSuccessUpdateEmail: { '#s': moved } });
        const result = late.result.then(() => client.call<T>(name, args).result);
        return { result, ref: late.ref };
      },
    };
    const hold = { seconds: 0 };
    const done = await deliver({ id: 'o', ...mail, identityId, hold }, { client: slow, ...parts });
    assert.deepEqual(done, { kind: 'sent' });
    assert.equal(await submitted(), sent + 1);
    assert.deepEqual(
      (await found('late')).map(({ id, mailboxIds }) => [id, mailboxIds]),
      [[mail.serverId, { [sentBox]: true }]],
    );
  });
});
