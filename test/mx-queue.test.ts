/**
 * Mail from the world that is not simply put into a mailbox: who has no room gets it from the queue, who is elsewhere gets it from there
 * too, and whoever asked to be told is told. Several processes, one of them the sender's next hop.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ImapClient } from './imap-client.ts';
import { record, startDns } from './kit/dns.ts';
import { LineClient } from './kit/line-client.ts';
import { type NextHop, startNextHop } from './kit/next-hop.ts';
import { startServer, type TestServer } from './kit/server.ts';

const FULL = 'full@example.com';
const ANNA = 'anna@example.com';

async function send(port: number, from: string, recipients: readonly string[]): Promise<string> {
  const client = await LineClient.connect(port);
  await client.reply();
  client.send('EHLO client.example.org\r\n');
  await client.reply();
  client.send('MAIL FROM:<bo@good.example>\r\n', ...recipients.map((to) => `RCPT TO:${to}\r\n`), 'DATA\r\n');
  const codes = await client.codes(2 + recipients.length);
  assert.equal(codes.at(-1), '354', codes.join());
  client.send(`From: ${from}\r\nSubject: x\r\nMessage-ID: <1@x>\r\n\r\n${'y'.repeat(2000)}\r\n.\r\n`);
  const [code = ''] = await client.codes(1);
  client.socket.destroy();
  return code;
}

async function until(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  for (const untilMs = performance.now() + 20_000; performance.now() < untilMs; ) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(what);
}

async function begin(run: (server: TestServer, hop: NextHop) => Promise<void>): Promise<void> {
  const zone = [
    record('good.example', 'TXT', ['v=spf1 ip4:127.0.0.1 -all']),
    record('_dmarc.careful.example', 'TXT', ['v=DMARC1; p=quarantine']),
  ];
  const dns = await startDns({ zone });
  const hop = await startNextHop();
  const config = {
    ...{ 'listen.smtp': '127.0.0.1:0', 'mx.greeting_delay': '0', hostname: 'mx.example.com' },
    ...{ 'dns.servers': `${dns.host}:${dns.port}`, 'queue.smarthost': `127.0.0.1:${hop.port}` },
    'queue.smarthost_tls': 'opportunistic',
  };
  const server = await startServer({ workers: 3, config });
  try {
    for (const one of [ANNA, FULL, 'cy@example.com', 'di@example.com'])
      await server.cli(['account', 'add', one, '--password-stdin'], 'secret\n');
    await run(server, hop);
  } finally {
    await server.stop();
    await hop.close();
    await dns.close();
  }
}

/** Less than a message needs, of a limit that would hold one. */
async function leaveRoom(server: TestServer, bytes: number): Promise<void> {
  const lines = (await server.cli(['account', 'list', '--json'])).stdout.trim().split('\n');
  const all = lines.map((line) => JSON.parse(line) as { address: string; usedBytes: number });
  const { usedBytes = 0 } = all.find(({ address }) => address === FULL) ?? {};
  assert.equal((await server.cli(['account', 'quota', FULL, String(usedBytes + bytes)])).code, 0);
}

test('the queue has what a mailbox cannot have, and what is not for a mailbox', { timeout: 120_000 }, () =>
  begin(async (server, hop) => {
    const port = server.port('smtp');
    const activity = async (one: string): Promise<string> => (await server.cli(['activity', one])).stdout;
    const witness = await ImapClient.signIn(server.port('imap'), FULL, 'secret');
    await witness.ok(`APPEND Archive {3000+}\r\n${'z'.repeat(3000)}`);
    witness.close();
    await leaveRoom(server, 1000);
    const both = [`<${ANNA}>`, `<${FULL}>`];
    assert.equal(await send(port, 'bo@good.example', both), '250 2.0.0');
    assert.equal(await send(port, 'x@careful.example', both), '250 2.0.0');
    assert.match(await activity(FULL), /kept for later/);
    assert.equal((await activity(ANNA)).match(/ delivered /g)?.length, 2);
    assert.equal((await server.cli(['account', 'quota', FULL, '10MiB'])).code, 0);
    await server.cli(['queue', 'retry', '--all']);
    await until('what waited was never delivered', async () => {
      const { stdout } = await server.cli(['message', 'why', FULL, '1', '--mailbox', 'Junk']);
      return stdout.includes('junk: nothing proves');
    });
    await until('or not where it belongs', async () =>
      (await server.cli(['message', 'why', FULL, '1'])).stdout.includes('verdict:   accept: '),
    );
    await until('rows are left', async () => (await server.cli(['queue', 'list', '--json'])).stdout === '');

    const members = ['cy@example.com', 'di@example.com', 'carl@elsewhere.example'];
    const added = await server.cli(['alias', 'add', 'team@example.com', ...members]);
    assert.equal(added.code, 0, added.stderr);
    assert.equal(await send(port, 'bo@good.example', ['<team@example.com>']), '250 2.0.0');
    await until('it was never passed on', () => hop.mails.length > 0);
    const [passed] = hop.mails;
    assert.equal(passed?.recipients[0]?.address, 'carl@elsewhere.example');
    assert.match(passed?.from ?? '', /^SRS0=.*=good\.example=bo@/);
    for (const one of members.slice(0, 2)) assert.match(await activity(one), / delivered /);

    assert.equal(await send(port, 'bo@good.example', [`<${ANNA}> NOTIFY=SUCCESS`]), '250 2.0.0');
    await until('nobody was told', () => hop.mails.length > 1);
    assert.equal(hop.mails[1]?.from, '');
    assert.equal(hop.mails[1]?.recipients[0]?.address, 'bo@good.example');
    assert.match(hop.mails[1]?.data ?? '', /Action: delivered/);

    await leaveRoom(server, 1000);
    assert.equal(await send(port, 'eva@good.example', both), '250 2.0.0');
    const remove = ['account', 'remove', FULL, '--yes'];
    const refused = await server.cli(remove);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /1 recipient waits/);
    assert.match(refused.stderr, /queue list --account full@example\.com/);
    assert.equal((await server.cli([...remove, '--drop-queued'])).code, 0);
    assert.match(await activity(FULL), /account removed.*droppedRecipients=1/);
  }),
);
