/** One reply for several recipients, some of whom cannot take the message now: nobody loses it, nobody has it twice. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openTestDomain, type TestDomain } from '../../test/kit/domain.ts';
import { mxStartData, openTestMx } from '../../test/kit/mx.ts';
import { type MailStore, StoreError } from '../mailbox/port/store.ts';
import type { Listener } from '../net/listener.ts';
import { oneReply } from './one-reply.ts';

const PEOPLE = ['anna@example.com', 'bo@example.com', 'cecilia@example.com'];
const letter = (n: number): string =>
  `Received: from x by y id ${n}; Fri, 20 Nov 2026 10:00:00 +0100\r\nMessage-ID: <${n}@example.org>\r\n\r\nhi\r\n`;

let kit: TestDomain;
let server: Listener;
let isFailing = false;
let failing = 0;

/** The rows of one account cannot be read for a while. */
function failingStore(store: MailStore): MailStore {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      const real = value.bind(target) as (...args: unknown[]) => unknown;
      if (name !== 'loadLastChunk') return real;
      return (...args: unknown[]) =>
        isFailing && args[0] === failing ? Promise.reject(new StoreError('io', 'made up')) : real(...args);
    },
  });
}

before(async () => {
  kit = await openTestDomain({ wrapStore: failingStore });
  for (const one of PEOPLE) {
    const { id } = await kit.addAccount(one, 'secret');
    if (one.startsWith('bo')) failing = id;
  }
  server = await openTestMx({ domain: kit.domain });
});

after(async () => {
  await server.close(0);
  await kit.close();
});

async function send(recipients: readonly string[], message: string): Promise<string> {
  const client = await mxStartData(server, recipients);
  client.send(message, '.\r\n');
  const [code = ''] = await client.codes(1);
  client.socket.destroy();
  return code;
}

const counts = async (): Promise<number[]> =>
  Promise.all(PEOPLE.map(async (one) => (await kit.messagesOf(one)).length));

describe('one recipient of several cannot take it now', () => {
  test('alone, it hears why', async () => {
    isFailing = true;
    assert.equal(await send(['bo@example.com'], letter(3)), '451 4.3.0');
    isFailing = false;
  });

  test('it is to come again, and those who have it do not get it twice', async () => {
    isFailing = true;
    for (let i = 0; i < 3; i++) assert.equal(await send(PEOPLE, letter(1)), '451 4.3.0');
    isFailing = false;
    assert.deepEqual(await counts(), [1, 0, 1]);
    assert.equal(await send(PEOPLE, letter(1)), '250 2.0.0');
    assert.deepEqual(await counts(), [1, 1, 1]);
  });

  test('another message is another message, also with the same words', async () => {
    assert.equal(await send(PEOPLE, letter(2)), '250 2.0.0');
    assert.equal(await send(PEOPLE, letter(2).replace('by y', 'by z')), '250 2.0.0');
    assert.deepEqual(await counts(), [3, 3, 3]);
    const bare = 'Subject: no id and no hop\r\n\r\nhi\r\n';
    for (let i = 0; i < 2; i++) assert.equal(await send(PEOPLE, bare), '250 2.0.0');
    assert.deepEqual(await counts(), [5, 5, 5]);
  });
});

test('one reply out of many', () => {
  const taken = { code: 250, text: '2.0.0 x' };
  const full = { code: 452, text: '4.2.2 full' };
  const refused = { code: 550, text: '5.7.1 no' };
  const rows = [
    [[taken], 250],
    [[full], 452],
    [[refused], 550],
    [[taken, taken], 250],
    [[taken, full], 451],
    [[refused, full], 451],
    [[taken, refused], 250],
    [[refused, refused], 550],
  ] as const;
  for (const [replies, code] of rows)
    assert.equal(oneReply(replies, '1').code, code, JSON.stringify(replies));
});
