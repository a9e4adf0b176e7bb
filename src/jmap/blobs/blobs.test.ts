/** Uploads and downloads over a real socket (RFC 8620 §6). */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type Answer, startTestJmap, type TestJmap } from '../../../test/kit/jmap.ts';
import { isBase64 } from './blob-upload.ts';
import { rangeIn } from './download.ts';

let server: TestJmap;
before(async () => {
  server = await startTestJmap({
    jmap: { limits: { maxSizeUpload: 600_000, maxConcurrentUpload: 2, maxSizeRead: 20_000_000 } },
  });
});
after(() => server.close());

const upload = (octets: Buffer, type = 'text/plain') =>
  server.alice.fetch(`/jmap/upload/${server.alice.accountId}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: new Uint8Array(octets),
  });
const download = (blobId: string, rest = 'a.txt?type=text/plain', headers = {}) =>
  server.alice.fetch(`/jmap/download/${server.alice.accountId}/${blobId}/${rest}`, { headers });

describe('uploads', () => {
  test('what was sent is what comes back, whole and in ranges', async () => {
    const octets = randomBytes(300_000);
    const reply = await upload(octets, 'image/png');
    assert.equal(reply.status, 201);
    const { blobId, size, type, accountId } = (await reply.json()) as Answer;
    assert.deepEqual([size, type, accountId], [octets.length, 'image/png', server.alice.accountId]);
    assert.match(blobId, /^u[0-9a-f]{32}$/);
    assert.deepEqual(Buffer.from(await (await download(blobId)).arrayBuffer()), octets);
    const part = await download(blobId, 'a', { range: 'bytes=1000-1999' });
    assert.equal(part.status, 206);
    assert.equal(part.headers.get('content-range'), 'bytes 1000-1999/300000');
    assert.deepEqual(Buffer.from(await part.arrayBuffer()), octets.subarray(1000, 2000));
    assert.equal((await download(blobId, 'a', { range: 'bytes=300000-' })).status, 416);
  });

  test('an empty one', async () => {
    const { blobId } = (await (await upload(Buffer.alloc(0))).json()) as Answer;
    assert.equal(await (await download(blobId)).text(), '');
  });

  test('too large, said before or found out while it comes', async () => {
    const told = await upload(Buffer.alloc(600_001));
    assert.equal(told.status, 413);
    assert.equal(((await told.json()) as Answer).limit, 'maxSizeUpload');
    const stream = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(100_000)),
    });
    const endless = await server.alice
      .fetch(`/jmap/upload/${server.alice.accountId}`, {
        ...{ method: 'POST', body: stream, duplex: 'half' },
      } as RequestInit)
      .catch(() => undefined);
    assert.ok(endless === undefined || endless.status === 413);
  });

  test('one that stops leaves nothing, and its place to the next', async () => {
    const { port } = new URL(server.base);
    const head =
      `POST /jmap/upload/${server.alice.accountId} HTTP/1.1\r\nHost: a\r\n` +
      `Authorization: ${server.alice.authorization}\r\nContent-Length: 500000\r\n\r\nhalf`;
    const sockets = await Promise.all(
      [1, 2].map(async () => {
        const socket = connect(Number(port), '127.0.0.1');
        await once(socket, 'connect');
        socket.write(head);
        return socket;
      }),
    );
    for (const socket of sockets) socket.destroy();
    let status = 0;
    for (let tries = 0; tries < 100 && status !== 201; tries++)
      status = (await upload(Buffer.from('x'))).status;
    assert.equal(status, 201);
  });

  test('the account has so much room', async () => {
    const bob = await server.addAccount('bob@example.com', 'b');
    const send = async (size: number) => {
      const reply = await bob.fetch(`/jmap/upload/${bob.accountId}`, {
        method: 'POST',
        body: new Uint8Array(size),
      });
      return reply.status;
    };
    assert.deepEqual([await send(590_000), await send(400_000), await send(20_000)], [201, 201, 413]);
  });

  test('an account of somebody else, and a blob of one', async () => {
    const carol = await server.addAccount('carol@example.com', 'c');
    const { blobId } = (await (await upload(Buffer.from('secret'))).json()) as Answer;
    assert.equal(
      (await carol.fetch(`/jmap/upload/${server.alice.accountId}`, { method: 'POST' })).status,
      404,
    );
    assert.equal((await carol.fetch(`/jmap/download/${carol.accountId}/${blobId}/a`)).status, 404);
    assert.equal((await carol.fetch(`/jmap/download/${server.alice.accountId}/${blobId}/a`)).status, 404);
  });
});

describe('downloads', () => {
  const mail =
    'Subject: a\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\naMOlag==\r\n';
  let email: number;
  before(async () => {
    await server.imap.addMessage('alice@example.com', 'INBOX', { bytes: mail });
    email = (await server.account()).nextEmail - 1;
  });

  test('a message, and its part without the encoding', async () => {
    assert.equal(await (await download(`b${email}`)).text(), mail);
    assert.equal(await (await download(`b${email}-1`)).text(), 'håj');
  });

  test('whoever has it need not have it again', async () => {
    const first = await download(`b${email}`);
    const etag = first.headers.get('etag') ?? '';
    await first.text();
    assert.match(first.headers.get('cache-control') ?? '', /immutable/);
    assert.equal((await download(`b${email}`, 'a', { 'if-none-match': etag })).status, 304);
  });

  const rows: readonly (readonly [rest: string, type: string, disposition: string])[] = [
    ['a.png?type=image/png', 'image/png', `inline; filename="a.png"; filename*=UTF-8''a.png`],
    ['a.html?type=text/html', 'text/html', `attachment; filename="a.html"; filename*=UTF-8''a.html`],
    ['a.svg?type=image/svg%2Bxml', 'image/svg+xml', `attachment; filename="a.svg"; filename*=UTF-8''a.svg`],
    [
      '%22r%C3%A4k%22%E2%80%AEgpj.exe?type=x',
      'application/octet-stream',
      `attachment; filename="_r_k_gpj.exe"; filename*=UTF-8''%22r%C3%A4k%22gpj.exe`,
    ],
    [
      '..%2f..%2fetc?type=a/b%0d%0ax:y',
      'application/octet-stream',
      `attachment; filename="_.._etc"; filename*=UTF-8''_.._etc`,
    ],
    ['%ff?type=text/plain', 'text/plain', `inline; filename="download"; filename*=UTF-8''download`],
  ];
  for (const [rest, type, disposition] of rows)
    test(rest, async () => {
      const { headers } = await download(`b${email}`, rest);
      assert.equal(headers.get('content-type'), type);
      assert.equal(headers.get('content-disposition'), disposition);
      assert.equal(headers.get('content-security-policy'), "default-src 'none'; sandbox");
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.equal(headers.get('cross-origin-resource-policy'), 'same-origin');
    });

  for (const blobId of ['b999', 'b', `b1-${'1-'.repeat(200)}`, 'u00', 'x', '..', '%2e%2e'])
    test(`no such blob: ${blobId.slice(0, 20)}`, async () => {
      assert.equal((await download(blobId)).status, 404);
    });
});

describe('blobs in requests (RFC 9404)', () => {
  test('put together, read in parts, with digests', async () => {
    const [made, got] = await server.alice.calls([
      [
        'Blob/upload',
        {
          create: {
            a: { data: [{ 'data:asText': 'hej ' }, { 'data:asBase64': 'dsOkcmxkZW4=' }], type: 'text/plain' },
            b: { data: [{ blobId: '#a', offset: 4, length: 4 }] },
            c: { data: [{ blobId: '#a', offset: 4, length: 99 }] },
            d: { data: [{ 'data:asBase64': '!' }] },
            e: { data: [{ blobId: 'u00' }] },
          },
        },
      ],
      [
        'Blob/get',
        { ids: ['#a', '#b'], properties: ['data:asText', 'size', 'digest:sha'], offset: 0, length: 10 },
      ],
    ]);
    assert.deepEqual(Object.keys(made?.[1].created), ['a', 'b']);
    assert.deepEqual(
      Object.values(made?.[1].notCreated).map(({ type }: Answer) => type),
      ['invalidProperties', 'invalidProperties', 'blobNotFound'],
    );
    const [a, b] = got?.[1].list ?? [];
    assert.deepEqual([a['data:asText'], a.size], ['hej värld', 12]);
    assert.deepEqual([b['data:asText'], b.size, b.isTruncated], ['vär', 4, true]);
    assert.match(a['digest:sha'], /^[A-Za-z0-9+/]{27}=$/);
  });

  test('a call reads so much and no more, however little of it is wanted', async () => {
    const encoded = `${'YWFh'.repeat(19)}\r\n`.repeat(8000);
    const header = 'Content-Type: application/x-a\r\nContent-Transfer-Encoding: base64\r\n\r\n';
    await server.imap.addMessage('alice@example.com', 'INBOX', {
      bytes: `Subject: encoded\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n${header}${encoded}--q--\r\n`,
    });
    const { ids } = await server.alice.call('Email/query', { filter: { subject: 'encoded' } });
    const data = new Array(60).fill({ blobId: `b${ids[0].slice(1)}-1`, offset: 0, length: 1 });
    const { created, notCreated } = await server.alice.call('Blob/upload', { create: { a: { data } } });
    assert.equal(created, null);
    assert.equal(notCreated.a.type, 'tooLarge');
  });

  test('what has to be read to find a part of a message in a message counts', async () => {
    const small = Array.from({ length: 40 }, (_, i) => `--i\r\n\r\n${i}\r\n`).join('');
    const inner = `Subject: i\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n${small}--i\r\n\r\n${'a'.repeat(500_000)}\r\n--i--\r\n`;
    const encoded = Buffer.from(inner).toString('base64').replace(/.{76}/g, '$&\r\n');
    const header = 'Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n';
    await server.imap.addMessage('alice@example.com', 'INBOX', {
      bytes: `Subject: nested\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n${header}${encoded}\r\n--q--\r\n`,
    });
    const [id = ''] = (await server.alice.call('Email/query', { filter: { subject: 'nested' } })).ids;
    const blobIds = Array.from({ length: 40 }, (_, i) => `b${id.slice(1)}-1-${i + 1}`);
    const { list } = await server.alice.call('Blob/get', { ids: blobIds.slice(0, 2) });
    assert.deepEqual(
      list.map((one: Answer) => one['data:asText']),
      ['0', '1'],
    );
    assert.equal((await server.alice.error('Blob/get', { ids: blobIds })).type, 'requestTooLarge');
    assert.equal((await server.alice.error('Email/parse', { blobIds })).type, 'requestTooLarge');
    const { notCreated } = await server.alice.call('Email/set', {
      create: {
        a: {
          mailboxIds: { f1: true },
          attachments: blobIds.map((blobId) => ({ blobId, type: 'text/plain' })),
        },
      },
    });
    assert.equal(notCreated.a.type, 'tooLarge');
    const scripts = Object.fromEntries(blobIds.map((blobId, i) => [`s${i}`, { name: `${i}`, blobId }]));
    const refused = (await server.alice.call('SieveScript/set', { create: scripts })).notCreated;
    assert.equal(refused.s0.type, 'invalidSieve', 'it was read');
    assert.equal(refused.s39.type, 'tooLarge');
  });

  test('of a blob in a transfer encoding each octet is read once, and counts', async () => {
    const header = 'Content-Type: application/x-a\r\nContent-Transfer-Encoding: base64\r\n\r\n';
    const parts = `--q\r\n${header}${'YWFh'.repeat(18)}\r\n`.repeat(3);
    await server.imap.addMessage('alice@example.com', 'INBOX', {
      bytes: `Subject: parts\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n${parts}--q--\r\n`,
    });
    const [id = ''] = (await server.alice.call('Email/query', { filter: { subject: 'parts' } })).ids;
    const { list } = await server.alice.call('Blob/get', {
      ...{
        ids: [`b${id.slice(1)}-1`, `b${id.slice(1)}-3`],
        properties: ['size', 'data'],
        offset: 50,
        length: 10,
      },
    });
    for (const one of list)
      assert.deepEqual([one.size, one['data:asText'], one.isTruncated], [54, 'aaaa', true]);
    const [all] = (await server.alice.call('Blob/get', { ids: [`b${id.slice(1)}-2`], properties: ['size'] }))
      .list;
    assert.deepEqual(all, { id: `b${id.slice(1)}-2`, size: 54 });
  });

  test('base64 is told from what is none, with padding and without, also of megabytes', () => {
    for (const text of ['YQ', 'YQ==', 'YWE', 'YWE=', 'YWFh', '']) assert.ok(isBase64(text), text);
    for (const text of ['Y', 'YQ=', 'YWE==', 'YWFh=', 'Y=Q=', 'YQ==YQ==', '=', '!'])
      assert.ok(!isBase64(text), text);
    const large = 'YWFh'.repeat(2_400_000);
    assert.ok(isBase64(large));
    assert.ok(!isBase64(`${large}!`));
  });

  test('what is no text is base64, and said to be', async () => {
    const { blobId } = (await (await upload(Buffer.from([0xff, 0xfe]))).json()) as Answer;
    const { list } = await server.alice.call('Blob/get', { ids: [blobId] });
    assert.deepEqual(list, [{ id: blobId, size: 2, 'data:asBase64': '//4=', isEncodingProblem: true }]);
  });

  test('which mail a blob belongs to', async () => {
    await server.imap.addMessage('alice@example.com', 'INBOX', { bytes: 'Subject: b\r\n\r\nb' });
    const email = (await server.account()).nextEmail - 1;
    const { list, notFound } = await server.alice.call('Blob/lookup', {
      typeNames: ['Email', 'Mailbox', 'Thread'],
      ids: [`b${email}`, 'b99999'],
    });
    assert.deepEqual(list, [
      { id: `b${email}`, matchedIds: { Email: [`e${email}`], Mailbox: ['f1'], Thread: [`t${email}`] } },
    ]);
    assert.deepEqual(notFound, ['b99999']);
    assert.equal(
      (await server.alice.error('Blob/lookup', { typeNames: ['Nose'], ids: [] })).type,
      'unknownDataType',
    );
  });

  test('copies go to another account (RFC 8620 §6.3, RFC 8621 §4.7)', async () => {
    const own = server.alice.accountId;
    for (const [name, args] of [
      ['Blob/copy', { blobIds: ['u1'] }],
      ['Email/copy', { create: { a: { id: 'e1', mailboxIds: { f1: true } } } }],
    ] as const) {
      for (const [accounts, type] of [
        [{ fromAccountId: own }, 'invalidArguments'],
        [{ fromAccountId: 'a999' }, 'fromAccountNotFound'],
        [{ fromAccountId: own, accountId: 'a999' }, 'accountNotFound'],
      ] as const)
        assert.equal((await server.alice.error(name, { ...args, ...accounts })).type, type, name);
    }
  });
});

test('ranges (RFC 9110 §14.1.2)', () => {
  for (const [field, expected] of [
    [undefined, undefined],
    ['bytes=0-0', { start: 0, end: 1 }],
    ['bytes=5-', { start: 5, end: 10 }],
    ['bytes=5-99', { start: 5, end: 10 }],
    ['bytes=-3', { start: 7, end: 10 }],
    ['bytes=-99', { start: 0, end: 10 }],
    ['bytes=-0', 'none'],
    ['bytes=10-', 'none'],
    ['bytes=5-4', undefined],
    ['bytes=0-1,3-4', undefined],
    ['octets=0-1', undefined],
    ['bytes=-', undefined],
    ['bytes=99999999999999999999-', undefined],
  ] as const)
    assert.deepEqual(rangeIn(field, 10), expected);
});
