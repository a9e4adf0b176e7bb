/** Mail from the world to accounts that different processes hold: one reply, one verdict, the same octets for all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { record, startDns } from './kit/dns.ts';
import { LineClient } from './kit/line-client.ts';
import { startServer } from './kit/server.ts';

const NAMES = ['anna', 'bo', 'cecilia', 'david', 'elsa', 'frans'];

async function send(
  port: number,
  from: string,
  recipients: readonly string[],
  message: string,
): Promise<string> {
  const client = await LineClient.connect(port);
  await client.reply();
  client.send('EHLO client.example.org\r\n');
  await client.reply();
  client.send(`MAIL FROM:<${from}>\r\n`, ...recipients.map((to) => `RCPT TO:<${to}>\r\n`), 'DATA\r\n');
  const codes = await client.codes(2 + recipients.length);
  assert.equal(codes.at(-1), '354');
  client.send(message, '.\r\n');
  const reply = await client.reply();
  client.socket.destroy();
  return reply;
}

test('every worker keeps the same message, with the same verdict', { timeout: 120_000 }, async () => {
  const zone = [
    record('_dmarc.careful.example', 'TXT', ['v=DMARC1; p=quarantine']),
    record('_dmarc.strict.example', 'TXT', ['v=DMARC1; p=reject']),
  ];
  const dns = await startDns({ zone });
  const config = {
    ...{ 'listen.smtp': '127.0.0.1:0', 'mx.greeting_delay': '0', hostname: 'mx.example.com' },
    'dns.servers': `${dns.host}:${dns.port}`,
  };
  const server = await startServer({ workers: 3, config });
  try {
    const people = NAMES.map((name) => `${name}@example.com`);
    for (const one of people) await server.cli(['account', 'add', one, '--password-stdin'], 'secret\n');
    const port = server.port('smtp');
    const body = `${'x'.repeat(70)}\r\n`.repeat(3000);
    const letter = (from: string): string => `From: ${from}\r\nSubject: x\r\n\r\n${body}`;
    assert.match(
      await send(port, 'x@elsewhere.example', people, letter('x@elsewhere.example')),
      /^250 2\.0\.0 taken/,
    );
    assert.match(
      await send(port, 'x@elsewhere.example', people, letter('x@careful.example')),
      /^250 2\.0\.0 taken/,
    );
    assert.match(
      await send(port, 'x@elsewhere.example', people, letter('x@strict.example')),
      /^550 5\.7\.26/,
    );
    for (const one of people) {
      const activity = (await server.cli(['activity', one])).stdout;
      assert.equal(activity.match(/ delivered/g)?.length, 2, activity);
      assert.match(activity, /mailbox.{0,5}INBOX/i);
      assert.match(activity, /mailbox.{0,5}Junk/i);
      assert.match(activity, /nothing proves that it comes from careful\.example/);
      assert.match(activity, /message refused/);
      const why = await server.cli(['message', 'why', one, '1', '--mailbox', 'Junk']);
      assert.match(why.stdout, /^sender: +<x@elsewhere\.example>\nrecipient: /);
      assert.match(why.stdout, /\nverdict: +junk: nothing proves that it comes from careful\.example; /);
      assert.match(why.stdout, /\nchecked: +mx\.example\.com; spf=none/);
      assert.match(
        why.stdout,
        /\ncame: +from client\.example\.org \(\[127\.0\.0\.1\]\) by mx\.example\.com with ESMTP id /,
      );
      assert.match(why.stdout, / delivered .*mailbox=Junk/);
      assert.equal((await server.cli(['message', 'why', one, '99'])).code, 1);
    }
  } finally {
    await server.stop();
    await dns.close();
  }
});

test('who asks whether it has arrived at a list is told once, wherever its members are held', {
  timeout: 120_000,
}, async () => {
  const dns = await startDns({ zone: [record('good.example', 'TXT', ['v=spf1 ip4:127.0.0.1 -all'])] });
  const config = {
    ...{ 'listen.smtp': '127.0.0.1:0', 'mx.greeting_delay': '0', hostname: 'mx.example.com' },
    ...{ 'dns.servers': `${dns.host}:${dns.port}`, 'auth.default_domain': 'example.com' },
  };
  const server = await startServer({ workers: 3, config });
  try {
    const people = NAMES.map((name) => `${name}@example.com`);
    for (const one of people) await server.cli(['account', 'add', one, '--password-stdin'], 'secret\n');
    const added = await server.cli(['alias', 'add', 'team@example.com', ...people]);
    assert.equal(added.code, 0, added.stderr);
    await server.cli(['queue', 'pause']);
    const client = await LineClient.connect(server.port('smtp'));
    await client.reply();
    client.send('EHLO client.example.org\r\n');
    await client.reply();
    client.send(
      'MAIL FROM:<bo@good.example> ENVID=once\r\nRCPT TO:<team@example.com> NOTIFY=SUCCESS\r\nDATA\r\n',
    );
    assert.equal((await client.codes(3)).at(-1), '354');
    client.send('From: bo@good.example\r\nSubject: x\r\n\r\nhi\r\n.\r\n');
    assert.match(await client.reply(), /^250 2\.0\.0 taken/);
    client.socket.destroy();
    for (const one of people) {
      const activity = (await server.cli(['activity', one])).stdout;
      assert.equal(activity.match(/ delivered/g)?.length, 1, activity);
    }
    const { stdout } = await server.cli(['queue', 'list', '--json']);
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(rows.length, 1, stdout);
    assert.deepEqual(
      rows[0].recipients.map(({ address, state }: Record<string, string>) => [address, state]),
      [['team@example.com', 'expanded']],
    );
  } finally {
    await server.stop();
    await dns.close();
  }
});
