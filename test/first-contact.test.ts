/** The first mail from an address, over LMTP and JMAP, on one worker and on three, and after the server was killed. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Answer, JmapClient } from './kit/jmap.ts';
import { LineClient } from './kit/line-client.ts';
import { startServer, type TestServer } from './kit/server.ts';

const PEOPLE = ['ann', 'bob', 'carl'].map((name) => `${name}@example.com`);
const PASSWORD = 'a secret of theirs';
const STRANGERS = `require ["extlists", "fileinto"];
if not address :list "from" "tag:brevduva,2026:met" { fileinto "Archive"; }`;

async function letters(server: TestServer, ...authors: readonly string[]): Promise<void> {
  const client = await LineClient.connect(server.port('lmtp'));
  await client.reply();
  client.send('LHLO relay.example.org\r\n');
  await client.reply();
  for (const from of authors) {
    client.send(`MAIL FROM:<x@example.org>\r\n${PEOPLE.map((to) => `RCPT TO:<${to}>\r\n`).join('')}DATA\r\n`);
    await client.codes(2 + PEOPLE.length);
    client.send(`From: ${from}\r\nSubject: x\r\n\r\nhello\r\n.\r\n`);
    assert.deepEqual(await client.codes(PEOPLE.length), new Array(PEOPLE.length).fill('250 2.0.0'));
  }
  client.socket.destroy();
}

async function clientOf(server: TestServer, address: string): Promise<JmapClient> {
  const base = `http://127.0.0.1:${server.port('http')}`;
  const { primaryAccounts } = await new JmapClient(base, address, PASSWORD, '').session();
  return new JmapClient(base, address, PASSWORD, Object.values(primaryAccounts)[0] as string);
}

/** In the order of arrival. */
async function contacts(server: TestServer, address: string): Promise<readonly string[]> {
  const client = await clientOf(server, address);
  const { ids } = await client.call('Email/query', { sort: [{ property: 'receivedAt' }] });
  const properties = ['from', 'firstContact'];
  const { list } = (await client.call('Email/get', { ids, properties })) as Answer;
  const sorted = [...list].sort((a: Answer, b: Answer) => Number(a.id.slice(1)) - Number(b.id.slice(1)));
  return sorted.map((one: Answer) => `${one.from[0].email} ${one.firstContact}`);
}

for (const workers of [1, 3])
  describe(`on ${workers} at once`, () => {
    test('is told once, whoever was killed meanwhile', { timeout: 180_000 }, async () => {
      const data = await mkdtemp(join(tmpdir(), 'brevduva-first-'));
      let server = await startServer({ workers, data });
      try {
        for (const one of PEOPLE) {
          const { code } = await server.cli(['account', 'add', one, '--password-stdin'], `${PASSWORD}\n`);
          assert.equal(code, 0);
        }
        await letters(server, 'eva@example.org', 'Eva <EVA@example.org>');
        await server.kill9();
        server = await startServer({ workers, data });
        await letters(server, 'dan@example.org', 'eva@example.org', 'dan@example.org');
        for (const one of PEOPLE)
          assert.deepEqual(await contacts(server, one), [
            ...['eva@example.org stranger', 'EVA@example.org null'],
            ...['dan@example.org stranger', 'eva@example.org null', 'dan@example.org null'],
          ]);
        const put = await server.cli(
          ['sieve', 'put', 'bob@example.com', '-', '--name', 'mine', '--activate'],
          STRANGERS,
        );
        assert.equal(put.code, 0, put.stderr);
        await letters(server, 'new@example.org', 'new@example.org', 'eva@example.org');
        const bob = await clientOf(server, 'bob@example.com');
        const { list } = await bob.call('Mailbox/get', { properties: ['name', 'totalEmails'] });
        const counts = new Map(list.map((one: Answer) => [one.name, one.totalEmails]));
        assert.deepEqual([counts.get('Archive'), counts.get('Inbox') ?? counts.get('INBOX')], [1, 7]);
        const checked = await server.cli(['check']);
        assert.equal(checked.code, 0, checked.stdout);
      } finally {
        await server.stop();
        await rm(data, { recursive: true, force: true });
      }
    });
  });
