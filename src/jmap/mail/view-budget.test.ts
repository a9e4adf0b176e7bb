/** Messages of very many parts, asked for very many things of each: refused in words, and in turns, so nobody else waits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestJmap } from '../../../test/kit/jmap.ts';

const PARTS = 9900;
const LISTS = ['attachments', 'textBody', 'htmlBody', 'bodyStructure'];
const MOST_MS = 500;

/** The longest that anybody else in this process had to wait while it was done. */
async function longestTurn(work: () => Promise<unknown>): Promise<number> {
  let longestMs = 0;
  let lastMs = performance.now();
  const look = (): void => {
    longestMs = Math.max(longestMs, performance.now() - lastMs);
    lastMs = performance.now();
  };
  const timer = setInterval(look, 1);
  await work();
  clearInterval(timer);
  look();
  return longestMs;
}

test('what is asked of very many parts is counted while it is answered', async (t) => {
  const server = await startTestJmap();
  t.after(() => server.close());
  const { nextEmail } = await server.account();
  const empty = `Content-Type: multipart/mixed; boundary=a\r\n\r\n${'--a\r\n\r\n'.repeat(PARTS)}`;
  const fields = 'a:\r\n'.repeat(200);
  const long = `Content-Type: multipart/mixed; boundary=a\r\n\r\n${`--a\r\n${fields}\r\n`.repeat(PARTS / 3)}`;
  for (const bytes of [empty, long]) await server.imap.addMessage('alice@example.com', 'INBOX', { bytes });
  const names = Array.from({ length: 990 }, (_, n) => `header:q${n}`);
  const asked = [
    { blobIds: [`b${nextEmail}`], properties: LISTS, bodyProperties: names },
    { blobIds: [`b${nextEmail + 1}`], properties: LISTS, bodyProperties: ['headers', 'header:a:all'] },
  ];
  for (const args of asked) {
    const longestMs = await longestTurn(() =>
      assert.rejects(() => server.alice.call('Email/parse', args as never), /requestTooLarge/),
    );
    assert.ok(longestMs < MOST_MS, `others waited ${longestMs} ms`);
  }
  const { list } = await server.alice.call('Email/get', {
    ids: [`e${nextEmail}`],
    properties: LISTS,
    bodyProperties: ['partId', 'type'],
  } as never);
  assert.equal(
    (list as unknown as { bodyStructure: { subParts: unknown[] } }[])[0]?.bodyStructure.subParts.length,
    PARTS,
  );
});

test('many properties of a header are found as few are', async (t) => {
  const server = await startTestJmap();
  t.after(() => server.close());
  const { nextEmail } = await server.account();
  const bytes = 'Subject: one\r\nX-A: 1\r\nx-a:  2\r\n\r\ntext';
  await server.imap.addMessage('alice@example.com', 'INBOX', { bytes });
  const wanted = ['header:X-A:asText', 'header:x-a:all', 'header:Subject', 'header:X-B', 'header:X-B:all'];
  const none = Array.from({ length: 30 }, (_, n) => `header:q${n}`);
  const found: unknown[] = [];
  for (const properties of [wanted, [...wanted, ...none]]) {
    const { list } = await server.alice.call('Email/get', { ids: [`e${nextEmail}`], properties } as never);
    const [email] = list as unknown as Record<string, unknown>[];
    found.push(wanted.map((name) => email?.[name]));
  }
  assert.deepEqual(found[0], ['2', [' 1', '  2'], ' one', null, []]);
  assert.deepEqual(found[1], found[0]);
});
