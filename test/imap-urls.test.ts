/**
 * Messages that are put together and URLs that are given away, while others throw the parts away, move them, take keys back and break
 * connections off: what is appended has exactly the octets that were named, or nothing is; nothing stays reserved; and whoever makes
 * URLs up brings no account into memory.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Secret } from '../src/base/secret.ts';
import { UrlAuthority } from '../src/imap/url/authority.ts';
import { asAccountId, asMailboxId } from '../src/mailbox/model/model.ts';
import { ImapClient } from './imap-client.ts';
import { startTestImap, type TestImap } from './kit/imap.ts';
import { Dice } from './kit/imap-steps.ts';
import { runs } from './kit/runs.ts';

const STEPS = 25;
const PART = 'a part of some length, that is told from others by its number ';

describe('URLs, and others at the same time', { concurrency: 2 }, () => {
  let server: TestImap;
  before(async () => {
    server = await startTestImap();
  });
  after(() => server.close());

  async function account(name: string): Promise<string> {
    const address = `${name}@example.com`;
    await server.kit.addAccount(address, 'secret');
    return address;
  }
  const enter = (address: string): Promise<ImapClient> => ImapClient.signIn(server.port, address, 'secret');

  for (let seed = 1; seed <= runs(2); seed++) {
    test(`whole messages or none (seed ${seed})`, async () => {
      const address = await account(`anna${seed}`);
      const texts: string[] = [];
      const add = async (): Promise<void> => {
        const text = `Subject: ${texts.length}\r\n\r\n${(PART + texts.length).repeat(1 + (texts.length % 40) * 50)}\r\n`;
        texts.push(text);
        const uid = await server.addMessage(address, 'INBOX', { bytes: text });
        assert.equal(uid, texts.length);
      };
      for (let i = 0; i < 12; i++) await add();
      const [maker, other, deliverer] = [await enter(address), await enter(address), new Dice(seed + 100)];
      await maker.ok('CREATE Made');
      await other.ok('SELECT INBOX');
      const dice = new Dice(seed);
      const expected: string[] = [];
      const make = async (): Promise<void> => {
        const uids = [1, 2, 3].map(() => 1 + dice.next(texts.length));
        const urls = uids.map((uid) => `URL "/INBOX/;UID=${uid}"`).join(' TEXT {2+}\r\n-- ');
        const answer = await maker.command(`APPEND Made CATENATE (${urls})`);
        if (answer.status === 'OK') expected.push(uids.map((uid) => texts[uid - 1]).join('--'));
        else assert.match(answer.text, /^\[BADURL \/INBOX\/;UID=\d+\] /);
      };
      const disturb = async (): Promise<void> => {
        const uid = 1 + deliverer.next(texts.length);
        if (deliverer.next(3) === 0) await add();
        else if (deliverer.next(2) === 0) await other.command(`UID MOVE ${uid} Archive`);
        else {
          await other.command(`UID STORE ${uid} +FLAGS.SILENT (\\Deleted)`);
          await other.command('EXPUNGE');
        }
      };
      for (let i = 0; i < STEPS; i++) await Promise.all([make(), disturb()]);
      assert.ok(expected.length > 0);
      await maker.ok('EXAMINE Made');
      const { untagged } = await maker.ok('UID FETCH 1:* BODY.PEEK[]');
      const made = untagged.map((line) => /\{\d+\}\r\n(.*)\)$/s.exec(line)?.[1]);
      assert.deepEqual(made, expected);
      for (const client of [maker, other]) client.close();
    });
  }

  test('a client that goes away in the middle leaves nothing reserved', async () => {
    const small = await startTestImap({ uploads: { accountBytes: 2_500_000, totalBytes: 2_500_000 } });
    try {
      const address = 'berit@example.com';
      await small.kit.addAccount(address, 'secret');
      await small.addMessage(address, 'INBOX', { bytes: `Subject: x\r\n\r\n${'x'.repeat(100_000)}\r\n` });
      const client = await ImapClient.signIn(small.port, address, 'secret');
      for (let i = 0; i < 5; i++) {
        const leaving = await ImapClient.signIn(small.port, address, 'secret');
        leaving.send('a APPEND INBOX CATENATE (URL "/INBOX/;UID=1" TEXT {1000000+}\r\nand then nothing');
        leaving.close();
        // The server has seen what it sent, and that it went.
        await client.ok('NOOP');
      }
      // Nearly as much as an account may have on its way, all of it at once.
      const line = `APPEND Drafts CATENATE (${'URL "/INBOX/;UID=1" '.repeat(24)}TEXT {1+}\r\nx)`;
      let answer = await client.command(line);
      for (let i = 0; i < 100 && answer.status === 'NO'; i++) answer = await client.command(line);
      assert.match(answer.text, /^\[APPENDUID /);
      client.close();
    } finally {
      await small.close();
    }
  });

  test('a key that is taken back while its URL is being read: all of it or NIL', async () => {
    const [owner, friend] = [await account('cecilia'), await account('david')];
    const text = `Subject: x\r\n\r\n${PART.repeat(2000)}\r\n`;
    await server.addMessage(owner, 'INBOX', { bytes: text });
    const [own, reading] = [await enter(owner), await enter(friend)];
    for (let i = 0; i < 10; i++) {
      const rump = 'imap://cecilia@localhost/INBOX/;UID=1;URLAUTH=user+david';
      const made = await own.ok(`GENURLAUTH "${rump}" INTERNAL`);
      const url = /"([^"]+)"/.exec(made.untagged[0] ?? '')?.[1] ?? '';
      const [read] = await Promise.all([reading.ok(`URLFETCH "${url}"`), own.ok('RESETKEY INBOX')]);
      const [, given = ''] = /^URLFETCH "[^"]+" (.*)$/s.exec(read.untagged[0] ?? '') ?? [];
      assert.ok(given === 'NIL' || given === `{${text.length}}\r\n${text}`, given.slice(0, 40));
      assert.equal((await reading.ok(`URLFETCH "${url}"`)).untagged[0], `URLFETCH "${url}" NIL`);
    }
    for (const client of [own, reading]) client.close();
  });

  test('who makes URLs up brings nobody into memory, and learns nothing', async () => {
    const [asking, quiet] = [await account('elsa'), await account('fredrik')];
    const record = await server.kit.store.directory.find(quiet);
    assert.ok(record !== undefined);
    const before = server.kit.domain.accounts.peek(record.id);
    const client = await enter(asking);
    const token = new UrlAuthority(new Secret('of another')).token('x', {
      ...{ account: asAccountId(1), mailbox: asMailboxId(1), generations: [] },
    });
    for (const name of ['fredrik', 'nobody']) {
      const url = `imap://${name}@localhost/INBOX/;UID=1;URLAUTH=anonymous:INTERNAL:${token}`;
      assert.deepEqual((await client.ok(`URLFETCH "${url}"`)).untagged, [`URLFETCH "${url}" NIL`]);
    }
    assert.equal(server.kit.domain.accounts.peek(record.id), before);
    client.close();
  });
});
