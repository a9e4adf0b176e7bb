import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BodyPart } from './full-email.ts';
import { allow, isAllowed, pictureUrls, shownIds } from './pictures.ts';

const SOURCES = [
  { kind: 'part', contentId: 'a@example.org' },
  { kind: 'part', contentId: 'unknown' },
  { kind: 'inline', url: 'data:image/png;base64,AA==' },
  { kind: 'remote', url: 'https://example.org/1.png' },
  { kind: 'remote', url: 'https://example.org/1.png' },
] as const;
const PART = { cid: 'a@example.org', blobId: 'b1.2' } as BodyPart;

test('pictures that came along are shown, others when they are wanted, each asked for once', async () => {
  const asked: unknown[] = [];
  const options = {
    ...{ email: 'e1', parts: [PART], download: ({ blobId }: BodyPart) => `/jmap/download/${blobId}` },
    fetch: (async (_: string, init: RequestInit) => {
      asked.push(JSON.parse(String(init.body)));
      return Response.json({ pictures: ['/web/picture?1'] });
    }) as typeof fetch,
  };
  const without = await pictureUrls({ ...options, wantsRemote: false }).urlOf(SOURCES);
  const own = ['/jmap/download/b1.2', undefined, 'data:image/png;base64,AA=='];
  assert.deepEqual(without, [...own, undefined, undefined]);
  assert.deepEqual(asked, []);
  const all = await pictureUrls({ ...options, wantsRemote: true }).urlOf(SOURCES);
  assert.deepEqual(all, [...own, '/web/picture?1', '/web/picture?1']);
  assert.deepEqual(asked, [{ email: 'e1', urls: ['https://example.org/1.png'] }]);
});

test('without an answer the mail is shown without them', async () => {
  for (const answer of [
    async () => new Response('', { status: 500 }),
    () => Promise.reject(new TypeError('no')),
  ]) {
    const options = {
      email: 'e1',
      parts: [],
      download: () => '',
      wantsRemote: true,
      fetch: answer as typeof fetch,
    };
    assert.equal((await pictureUrls(options).urlOf(SOURCES))[3], undefined);
  }
});

test('pictures in the text are known by their ids', () => {
  assert.deepEqual(
    [...shownIds('<img src="cid:a@b"><td background=cid:%3Cc>x url(cid:d)')],
    ['a@b', '<c', 'd'],
  );
});

test('senders whose pictures are shown are remembered, as many as fit, the newest longest', () => {
  let list = '';
  for (let i = 0; i < 400; i++) list = allow(list, `person${i}@example.org`);
  assert.ok(list.length <= 2000);
  assert.ok(isAllowed(list, 'PERSON399@example.org'));
  assert.ok(isAllowed(list, 'person300@example.org'));
  assert.ok(!isAllowed(list, 'person0@example.org'));
  assert.ok(list.split(' ').every((mark) => mark.length === 11));
  assert.equal(allow(list, 'person399@example.org'), list);
});
