/**
 * What is answered from facts that are stored beside a message is what is answered from the message itself: every command is
 * given twice, once with a store that has no derived facts, as for mail of version 0.1.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { isDerivedPart } from '../src/mailbox/model/facts.ts';
import { deliver } from '../src/mailbox/operations/deliver.ts';
import { receive } from '../src/mailbox/operations/incoming.ts';
import type { MailStore } from '../src/mailbox/port/store.ts';
import { ImapClient } from './imap-client.ts';
import { startTestImap, type TestImap } from './kit/imap.ts';
import { runs } from './kit/runs.ts';

const CORPUS = new URL('./corpus/', import.meta.url);
const THUNDERBIRD =
  'From To Cc Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To';

let hasDerived = true;

/** The same store, but while `hasDerived` is false no email has derived facts. */
function withoutDerived(store: MailStore): MailStore {
  const loadEmails: MailStore['loadEmails'] = async (ids, parts) => {
    if (hasDerived) return store.loadEmails(ids, parts);
    const wire = parts.filter((part) => !isDerivedPart(part));
    return wire.length === 0 && parts.length > 0 ? ids.map(() => undefined) : store.loadEmails(ids, wire);
  };
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'loadEmails') return loadEmails;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

describe('stored facts', () => {
  let server: TestImap;
  let client: ImapClient;
  let count = 0;

  before(async () => {
    server = await startTestImap({ wrapStore: withoutDerived });
    const { kit } = server;
    const { id } = await kit.addAccount('alice@example.com', 'secret');
    const add = async (bytes: Buffer | string): Promise<void> => {
      await server.addMessage('alice@example.com', 'INBOX', { bytes });
      count++;
    };
    for (const name of readdirSync(CORPUS).filter((file) => file.endsWith('.eml')))
      await add(readFileSync(new URL(name, CORPUS)));
    const list = Array.from({ length: 3000 }, (_, i) => `p${i}@example.com`).join(',\r\n ');
    await add(`From: a@example.com\r\nTo: ${list}\r\nSubject: =?utf-8?q?l=C3=B6ng?=\r\n\r\nbody`);
    await add('Subject: no end of the header');
    await add('Subject: nul \0 in it\r\nFrom: =?utf-8?q?J=C3=96RG?= <j@example.org>\r\n\r\n');
    const mail = Buffer.from('Subject: delivered\r\nTo: alice@example.com\r\n\r\nx\r\n');
    const received = await receive(kit.store, [id], 1e9, mail);
    await deliver(kit.domain, [{ account: id, address: 'alice@example.com' }], received, 'bob@example.org');
    count++;
    client = await ImapClient.signIn(server.port, 'alice@example.com', 'secret');
    await client.ok('SELECT INBOX');
  });
  after(async () => {
    hasDerived = true;
    client.close();
    await server.close();
  });

  async function bothWays(command: string): Promise<readonly string[]> {
    hasDerived = false;
    const from = await client.ok(command);
    hasDerived = true;
    const stored = await client.ok(command);
    assert.deepEqual(stored.untagged, from.untagged, command);
    return stored.untagged;
  }

  test('header fields, octet for octet, whole and in pieces', async () => {
    for (const item of [
      `BODY.PEEK[HEADER.FIELDS (${THUNDERBIRD})]`,
      'BODY.PEEK[HEADER.FIELDS (From To Cc Subject Date Message-ID References In-Reply-To)]',
      'BODY.PEEK[HEADER.FIELDS (RETURN-PATH "delivered-to" subject)]',
      'BODY.PEEK[HEADER.FIELDS (Subject X-Unknown)]',
      'BODY.PEEK[HEADER.FIELDS (Received)]',
      'BODY.PEEK[HEADER.FIELDS.NOT (Subject)]',
      'BODY.PEEK[HEADER.FIELDS (Subject)]<3.10>',
      'BODY.PEEK[HEADER.FIELDS (Subject From)]<1000.10>',
      'BODY.PEEK[1.HEADER.FIELDS (Subject From)]',
      '(RFC822.SIZE BODY.PEEK[HEADER.FIELDS (To)] BODY.PEEK[HEADER] BODY.PEEK[HEADER.FIELDS (Cc)])',
      '(BODY.PEEK[HEADER.FIELDS (From)] BODY.PEEK[1] BODY.PEEK[TEXT])',
    ]) {
      const untagged = await bothWays(`FETCH 1:* ${item}`);
      assert.equal(untagged.length, count);
    }
  });

  test('property: any names, any piece', async () => {
    const names = fc.subarray([...THUNDERBIRD.split(' '), 'List-Post', 'Return-Path', 'Sender', 'x-own'], {
      minLength: 1,
    });
    const partial = fc.option(fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 200 })));
    await fc.assert(
      fc.asyncProperty(names, partial, async (wanted, piece) => {
        const label = piece === null ? '' : `<${piece[0]}.${piece[1]}>`;
        await bothWays(`FETCH 1:* BODY.PEEK[HEADER.FIELDS (${wanted.join(' ')})]${label}`);
      }),
      { numRuns: runs(30) },
    );
  });

  test('fetching them without PEEK marks as read', async () => {
    const [line = ''] = (await client.ok('FETCH 1 (BODY[HEADER.FIELDS (Subject)])')).untagged;
    assert.match(line, /FLAGS \([^)]*\\Seen/);
    await client.ok('STORE 1 -FLAGS.SILENT (\\Seen)');
  });

  test('searches of the usual fields', async () => {
    for (const key of [
      'SUBJECT "e"',
      'FROM "example"',
      'TO "p2999x"',
      'TO "p2999@example.com"',
      'CC ""',
      'BCC ""',
      'SUBJECT ""',
      'NOT FROM "@"',
      'OR SUBJECT "re" FROM "j"',
      'SUBJECT "delivered" TO "alice" NOT CC "x"',
      'CHARSET UTF-8 SUBJECT {5+}\r\nl\xc3\xb6ng',
      'CHARSET UTF-8 FROM {5+}\r\nJ\xc3\xb6RG',
      'SUBJECT "e" BODY "a"',
      'OR TEXT "example" SUBJECT "e"',
      'SUBJECT "e" HEADER Message-ID "<"',
      'FROM "example" SENTSINCE 1-Jan-2000',
      'SUBJECT "end of the"',
      `SUBJECT "${'e'.repeat(300)}"`,
    ])
      await bothWays(`UID SEARCH ${key}`);
    assert.match((await bothWays('UID SEARCH TO "p2999@example.com"'))[0] ?? '', /SEARCH \d+$/);
  });
});
