/** Email/parse over a real socket (RFC 8621 §4.9). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestJmap } from '../../../test/kit/jmap.ts';

const INNER = [
  'From: =?utf-8?Q?=C3=85ke?= <ake@example.com>',
  'Subject: inside',
  'Message-ID: <inner@example.com>',
  'Content-Type: multipart/mixed; boundary=i',
  '',
  '--i',
  'Content-Type: text/plain; charset=utf-8',
  '',
  'what is inside',
  '--i',
  'Content-Type: application/pdf',
  'Content-Disposition: attachment; filename=a.pdf',
  'Content-Transfer-Encoding: base64',
  '',
  'AAEC',
  '--i--',
].join('\r\n');

const part = (head: readonly string[], body: string): string => ['--o', ...head, '', body].join('\r\n');
const OUTER = [
  'From: bo@example.com',
  'Subject: outside',
  'Content-Type: multipart/mixed; boundary=o',
  '',
  part(['Content-Type: text/plain'], 'no message'),
  part(['Content-Type: message/rfc822'], INNER),
  part(
    ['Content-Type: message/rfc822', 'Content-Transfer-Encoding: base64'],
    Buffer.from(INNER).toString('base64'),
  ),
  '--o--',
  '',
].join('\r\n');

test('attached messages are read, whatever their transfer encoding', async (t) => {
  const server = await startTestJmap();
  t.after(() => server.close());
  const { nextEmail } = await server.account();
  await server.imap.addMessage('alice@example.com', 'INBOX', { bytes: OUTER });
  const [whole, text, message, encoded] = ['', '-1', '-2', '-3'].map((path) => `b${nextEmail}${path}`) as [
    string,
    string,
    string,
    string,
  ];
  const ask = (args: object) => server.alice.call('Email/parse', args as never);
  const { parsed, notParsable, notFound } = await ask({
    blobIds: [message, encoded, text, 'b999', 'nonsense', message],
    properties: [
      'id',
      'blobId',
      'from',
      'subject',
      'messageId',
      'keywords',
      'size',
      'preview',
      'hasAttachment',
      'bodyValues',
      'attachments',
      'header:Message-ID',
    ],
    bodyProperties: ['partId', 'blobId', 'size', 'name'],
    fetchTextBodyValues: true,
  });
  assert.deepEqual(Object.keys(parsed), [message, encoded]);
  assert.deepEqual(notParsable, [text]);
  assert.deepEqual(notFound, ['b999', 'nonsense']);
  for (const blobId of [message, encoded])
    assert.deepEqual(parsed[blobId], {
      ...{
        id: null,
        blobId,
        keywords: null,
        size: INNER.length,
        subject: 'inside',
        messageId: ['inner@example.com'],
      },
      from: [{ name: 'Åke', email: 'ake@example.com' }],
      ...{ preview: 'what is inside', hasAttachment: true, 'header:Message-ID': ' <inner@example.com>' },
      bodyValues: { 1: { value: 'what is inside', isEncodingProblem: false, isTruncated: false } },
      attachments: [{ partId: '2', blobId: `${blobId}-2`, size: 3, name: 'a.pdf' }],
    });
  const inner = await ask({ blobIds: [`${message}-1`, whole] });
  assert.deepEqual(inner.notParsable, [`${message}-1`]);
  assert.deepEqual(Object.keys(inner.parsed[whole]).sort(), [
    ...[
      'attachments',
      'bcc',
      'bodyValues',
      'cc',
      'from',
      'hasAttachment',
      'htmlBody',
      'inReplyTo',
      'messageId',
    ],
    ...['preview', 'references', 'replyTo', 'sender', 'sentAt', 'subject', 'textBody', 'to'],
  ]);
  const octetsOf = async (blobId: string): Promise<string> => {
    const { accountId } = server.alice;
    const reply = await server.alice.fetch(`/jmap/download/${accountId}/${blobId}/x`);
    return reply.status === 200 ? Buffer.from(await reply.arrayBuffer()).toString('hex') : `${reply.status}`;
  };
  const sent = await server.alice.fetch(`/jmap/upload/${server.alice.accountId}`, {
    method: 'POST',
    headers: { 'content-type': 'message/rfc822' },
    body: OUTER,
  });
  const { blobId: upload } = (await sent.json()) as { readonly blobId: string };
  const uploaded = await ask({ blobIds: [upload, `${upload}-3`], properties: ['subject', 'attachments'] });
  assert.deepEqual(
    [uploaded.parsed[upload].subject, uploaded.parsed[`${upload}-3`].subject],
    ['outside', 'inside'],
  );
  // What Email/parse has named can be had.
  for (const outer of [message, encoded, `${upload}-2`, `${upload}-3`]) {
    assert.equal(await octetsOf(outer), Buffer.from(INNER).toString('hex'), outer);
    assert.equal(await octetsOf(`${outer}-2`), '000102', outer);
    for (const none of ['3', '2-1', '1-1']) assert.equal(await octetsOf(`${outer}-${none}`), '404');
  }
  assert.deepEqual(await ask({ blobIds: [] }), {
    accountId: server.alice.accountId,
    ...{ parsed: null, notParsable: null, notFound: null },
  });
  const forbidden = await server.alice.error('Email/parse', {
    blobIds: [],
    properties: ['header:From:asDate'],
  });
  assert.deepEqual([forbidden.type, forbidden.arguments], ['invalidArguments', ['properties']]);
});
