/** One reply for several recipients, some of whom cannot take the message now: nobody loses it, nobody has it twice. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { domainAdminOf, openTestDomain, type TestDomain } from '../../test/kit/domain.ts';
import { mxStartData, openTestMx } from '../../test/kit/mx.ts';
import { type MailStore, StoreError } from '../mailbox/port/store.ts';
import type { Listener } from '../net/listener.ts';
import { oneReply } from './one-reply.ts';

const PEOPLE = ['anna@example.com', 'bo@example.com', 'cecilia@example.com'];
const letter = (n: number): string =>
  `Received: from x by y id ${n}; Fri, 20 Nov 2026 10:00:00 +0100\r\nMessage-ID: <${n}@example.org>\r\n\r\nhi\r\n`;

let kit: TestDomain;
let server: Listener;
let failing = 0;
let lost = 0;
/** Of the first, its mailboxes cannot be read; of the second, neither can the queue take anything for it. */
let trouble: 'none' | 'mailbox' | 'queue too' = 'none';

function failingStore(store: MailStore): MailStore {
  const isHit = (args: readonly unknown[]): boolean => args[0] === (trouble === 'mailbox' ? failing : lost);
  return replaced(store, {
    loadLastChunk:
      (real) =>
      (...args) =>
        trouble !== 'none' && isHit(args) ? Promise.reject(new StoreError('io', 'made up')) : real(...args),
    outgoing: replaced(store.outgoing, {
      countRecipients:
        (real) =>
        (...args) =>
          trouble === 'queue too' && isHit(args)
            ? Promise.reject(new StoreError('io', 'made up'))
            : real(...args),
    }),
  });
}

type Call = (...args: unknown[]) => unknown;

function replaced<T extends object>(
  target: T,
  by: Readonly<Record<string, object | ((real: Call) => Call)>>,
): T {
  return new Proxy(target, {
    get(one, name) {
      const value: unknown = Reflect.get(one, name);
      const other = by[String(name)];
      if (typeof other === 'object') return other;
      if (typeof value !== 'function') return value;
      const real = value.bind(one) as Call;
      return other === undefined ? real : other(real);
    },
  });
}

before(async () => {
  kit = await openTestDomain({ wrapStore: failingStore });
  for (const one of PEOPLE) {
    const { id } = await kit.addAccount(one, 'secret');
    if (one.startsWith('bo')) failing = id;
  }
  await kit.addAccount('full@example.com', 'secret', { bytes: 500 });
  lost = (await kit.addAccount('lost@example.com', 'secret')).id;
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

const waiting = async () =>
  (await kit.store.outgoing.list(0, 100)).map(({ row, recipients }) => ({ row, recipients }));

describe('one recipient of several cannot take it now', () => {
  test('alone, it hears why', async () => {
    trouble = 'mailbox';
    assert.equal(await send(['bo@example.com'], letter(1)), '451 4.3.0');
    assert.deepEqual(await waiting(), []);
    trouble = 'none';
  });

  test('the queue keeps it, whole, with how it came', async () => {
    trouble = 'mailbox';
    const recipients = ['anna@example.com', 'Bo+tag@example.com', 'cecilia@example.com'];
    assert.equal(await send(recipients, letter(2)), '250 2.0.0');
    trouble = 'none';
    const [one] = await waiting();
    assert.equal(one?.row.kind, 'retry');
    assert.equal(one?.row.sender, 'sender@example.org');
    const [to] = one?.recipients ?? [];
    assert.deepEqual(
      [to?.address, to?.route, to?.notify, to?.state],
      ['Bo+tag@example.com', 'local', 0, 'waiting'],
    );
    const header = String(one?.row.header);
    assert.match(
      header,
      /^Received: from client\.example\.org [\s\S]*\r\nReceived: from x by y id 2;[\s\S]*\r\n\r\n$/,
    );
    assert.equal(one?.row.bodyFrom, letter(2).length - 'hi\r\n'.length);
    assert.deepEqual(await counts(), [1, 0, 1]);
  });

  test('also for whom there is no room', async () => {
    const big = letter(3).replace('hi', 'x'.repeat(600));
    assert.equal(await send(['anna@example.com', 'full@example.com'], big), '250 2.0.0');
    const { recipients } = (await waiting())[1] ?? {};
    assert.equal(recipients?.[0]?.address, 'full@example.com');
  });

  test('of a list whose name begins with his, he alone is tried again', async () => {
    const members = ['full@example.com', 'anna@example.com'];
    await domainAdminOf(kit.domain).addToAlias('full-all@example.com', members);
    const big = letter(8).replace('hi', 'x'.repeat(600));
    assert.equal(await send(['full-all@example.com'], big), '250 2.0.0');
    const { recipients } = (await waiting())[2] ?? {};
    assert.equal(recipients?.[0]?.address, 'full@example.com');
  });

  test('when the queue cannot take it either, it is to come again, and those who have it do not get it twice', async () => {
    trouble = 'queue too';
    for (let i = 0; i < 3; i++) {
      const recipients = ['anna@example.com', 'lost@example.com', 'cecilia@example.com'];
      assert.equal(await send(recipients, letter(4)), '451 4.3.0');
    }
    trouble = 'none';
    const recipients = ['anna@example.com', 'lost@example.com', 'cecilia@example.com'];
    assert.equal(await send(recipients, letter(4)), '250 2.0.0');
    assert.deepEqual(await counts(), [4, 0, 2]);
    assert.equal((await kit.messagesOf('lost@example.com')).length, 1);
  });

  test('another message is another message, also with the same words', async () => {
    const before = await counts();
    assert.equal(await send(PEOPLE, letter(5)), '250 2.0.0');
    assert.equal(await send(PEOPLE, letter(5).replace('by y', 'by z')), '250 2.0.0');
    const bare = 'Subject: no id and no hop\r\n\r\nhi\r\n';
    for (let i = 0; i < 2; i++) assert.equal(await send(PEOPLE, bare), '250 2.0.0');
    assert.deepEqual(
      await counts(),
      before.map((count) => count + 4),
    );
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
