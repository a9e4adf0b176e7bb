/**
 * Mail from the program that sends it to where it goes: to a mailbox here, held by whichever process, and to another server. And a server
 * that is killed while people send.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createTransport, type Transporter } from 'nodemailer';
import { ImapClient } from './imap-client.ts';
import { type NextHop, startNextHop } from './kit/next-hop.ts';
import { startServer, type TestServer } from './kit/server.ts';

const PEOPLE = ['ann@example.com', 'bob@example.com', 'carol@example.com', 'dan@example.com'] as const;
const [ANN] = PEOPLE;

const configOf = (hop: NextHop) => ({
  ...{ hostname: 'mail.example.com', 'auth.default_domain': 'example.com' },
  'queue.smarthost': `127.0.0.1:${hop.port}`,
  ...{ 'queue.smarthost_tls': 'opportunistic', 'queue.allow_private': 'true' },
});

function transportTo(server: TestServer, user: string, more: object = {}): Transporter {
  return createTransport({
    ...{ host: '127.0.0.1', port: server.port('submissions'), secure: true },
    ...{ auth: { user, pass: 'secret' }, tls: { rejectUnauthorized: false }, ...more },
  });
}

async function addPeople(server: TestServer): Promise<void> {
  for (const person of PEOPLE) await server.cli(['account', 'add', person, '--password-stdin'], 'secret\n');
}

/** Message-IDs of what is in somebody's INBOX. */
async function inboxOf(server: TestServer, person: string): Promise<string[]> {
  const client = await ImapClient.signIn(server.port('imap'), person, 'secret');
  await client.ok('SELECT INBOX');
  const { untagged } = await client
    .ok('FETCH 1:* (BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])')
    .catch(() => ({ untagged: [] }));
  client.close();
  return untagged.flatMap((text) => /<[^>]+>/.exec(text)?.[0] ?? []);
}

async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  for (const endMs = performance.now() + 20_000; !(await isSo()); ) {
    assert.ok(performance.now() < endMs, 'it takes too long');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('mail that people send, with several processes', () => {
  let hop: NextHop;
  let server: TestServer;
  before(async () => {
    hop = await startNextHop();
    server = await startServer({ config: configOf(hop), workers: 3 });
    await addPeople(server);
  });
  after(async () => {
    await server.stop();
    await hop.close();
  });

  test('comes to everybody here, and to other servers, without what is nobody else’s', async () => {
    for (const person of PEOPLE) {
      const transport = transportTo(server, person);
      await transport.sendMail({
        ...{ from: person, to: [...PEOPLE, 'eve@example.org'], bcc: 'fred@example.org', subject: 'Hello' },
        ...{ text: 'Hello', messageId: `<from-${person}>` },
      });
      transport.close();
    }
    const wanted = PEOPLE.map((person) => `<from-${person}>`).sort();
    for (const person of PEOPLE)
      await until(async () => (await inboxOf(server, person)).length === PEOPLE.length);
    for (const person of PEOPLE) assert.deepEqual((await inboxOf(server, person)).sort(), wanted);
    await until(() => hop.mails.length >= PEOPLE.length);
    for (const { data: message, recipients } of hop.mails) {
      assert.doesNotMatch(String(message), /^bcc|fred@|127\.0\.0\.1/im);
      assert.match(String(message), /^Received: by mail\.example\.com with ESMTPSA/m);
      assert.ok(recipients.length > 0);
    }
    const client = await ImapClient.signIn(server.port('imap'), ANN, 'secret');
    await client.ok('SELECT INBOX');
    const { untagged } = await client.ok('FETCH 1 (BODY.PEEK[HEADER])');
    assert.match(untagged.join(), /Return-Path: <[a-z]+@example\.com>/);
    assert.doesNotMatch(untagged.join(), /bcc/i);
    client.close();
  });
});

test('a server that is killed while people send has all that it has taken, and brings it once', async () => {
  const data = await mkdtemp(join(tmpdir(), 'brevduva-sending-'));
  const hop = await startNextHop();
  let server = await startServer({ config: configOf(hop), data });
  await addPeople(server);
  const acked = new Set<string>();
  const open = new Set<string>();
  for (let round = 0; round < 2; round++) {
    const before = acked.size;
    const senders = PEOPLE.map(async (person) => {
      const transport = transportTo(server, person, { pool: true, maxMessages: 10_000 });
      for (let n = 0; ; n++) {
        const messageId = `<${round}-${n}-${person}>`;
        open.add(messageId);
        const text = n % 5 === 4 ? 'x\r\n'.repeat(50_000) : 'Hello';
        const sent = await transport
          .sendMail({
            from: person,
            to: ['bob@example.com', 'eve@example.org'],
            subject: 'x',
            text,
            messageId,
          })
          .catch(() => undefined);
        if (sent === undefined) return transport.close();
        open.delete(messageId);
        acked.add(messageId);
      }
    });
    await until(() => acked.size >= before + 25);
    await server.kill9();
    await Promise.all(senders);
    server = await startServer({ config: configOf(hop), data });
  }
  let there: string[] = [];
  await until(async () => {
    there = await inboxOf(server, 'bob@example.com');
    return [...acked].every((id) => there.includes(id));
  });
  assert.equal(new Set(there).size, there.length, 'nothing twice');
  for (const id of there) assert.ok(acked.has(id) || open.has(id), `nobody sent ${id}`);
  const outside = () =>
    new Set(hop.mails.map(({ data: message }) => /^Message-ID: (<[^>]+>)/im.exec(String(message))?.[1]));
  await until(() => [...acked].every((id) => outside().has(id)));
  assert.equal((await server.cli(['check'])).code, 0);
  await server.stop();
  await hop.close();
  await rm(data, { recursive: true, force: true });
});
