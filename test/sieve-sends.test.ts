/** What rules send arrives: passed on to another account here, a reply to who wrote, a notification. One process and two. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ImapClient } from './imap-client.ts';
import { LineClient } from './kit/line-client.ts';
import { startServer, type TestServer } from './kit/server.ts';

const PEOPLE = ['anna', 'bo', 'cleo', 'dan'];

for (const workers of [1, 2]) {
  describe(`rules that send, ${workers} processes`, () => {
    let server: TestServer;
    before(async () => {
      server = await startServer({ workers, config: { 'auth.default_domain': 'example.com' } });
      for (const who of PEOPLE)
        await server.cli(['account', 'add', `${who}@example.com`, '--password-stdin'], 'secret\n');
    });
    after(async () => {
      await server.stop();
    });

    const rule = async (who: string, text: string): Promise<void> => {
      const put = ['sieve', 'put', `${who}@example.com`, '-', '--name', 'mine', '--activate'];
      const { code, stderr } = await server.cli(put, text);
      assert.equal(code, 0, stderr);
    };

    async function send(from: string, to: string, subject: string): Promise<string> {
      const client = await LineClient.connect(server.port('lmtp'));
      client.send(`LHLO x\r\nMAIL FROM:<${from}>\r\n`, `RCPT TO:<${to}@example.com>\r\n`, 'DATA\r\n');
      await client.codes(5);
      const header = `From: ${from}\r\nTo: ${to}@example.com\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@example.org>\r\n`;
      client.send(`${header}\r\nbody of ${subject}\r\n.\r\n`);
      const reply = await client.reply();
      client.socket.destroy();
      return reply;
    }

    /** The messages of an INBOX, once there are so many. */
    async function inboxOf(who: string, count: number): Promise<string[]> {
      const client = await ImapClient.connect(server.port('imap'));
      await client.command(`LOGIN ${who}@example.com secret`);
      for (let tries = 0; ; tries++) {
        const { untagged } = await client.command('SELECT INBOX');
        if (untagged.includes(`${count} EXISTS`) || tries > 200) break;
        await sleep(50);
      }
      const { untagged } = count === 0 ? { untagged: [] } : await client.command('FETCH 1:* BODY.PEEK[]');
      client.close();
      return untagged.filter((text) => text.includes('FETCH'));
    }

    test('passed on, as it came, and never in a circle', async () => {
      await rule('anna', 'redirect "bo@example.com";');
      await rule('bo', 'require "copy"; redirect :copy "anna@example.com";');
      assert.match(await send('eva@example.org', 'anna', 'circle'), /^250 /);
      const [atBo] = await inboxOf('bo', 1);
      assert.match(String(atBo), /\r\nX-Loop: anna@example\.com\r\n/);
      assert.match(String(atBo), /body of circle/);
      const [back] = await inboxOf('anna', 1);
      assert.match(String(back), /\r\nX-Loop: bo@example\.com\r\n[\s\S]*X-Loop: anna@example\.com\r\n/);
    });

    test('nor by a rule that takes the marks of it away', async () => {
      await server.cli(['account', 'add', 'eddy@example.com', '--password-stdin'], 'secret\n');
      const marks = ['X-Loop', 'Received', 'Delivered-To'].map((name) => `deleteheader "${name}";`);
      await rule('eddy', `require "editheader"; ${marks.join(' ')} redirect "eddy@example.com";`);
      assert.match(await send('eva@example.org', 'eddy', 'eddy'), /^250 /);
      const [only, ...more] = await inboxOf('eddy', 1);
      assert.deepEqual(more, []);
      assert.match(String(only), /\r\nReceived: by .* \(queue\) id /);
    });

    test('by when mail is to be there is known to the rules of who gets it, and passed on by those of others', async () => {
      for (const who of ['fay', 'gus', 'hal'])
        await server.cli(['account', 'add', `${who}@example.com`, '--password-stdin'], 'secret\n');
      const wanted = 'envelope "bymode" "return", envelope "bytrace" "true"';
      const requires = '"envelope", "envelope-deliverby", "redirect-deliverby", "copy", "editheader"';
      await rule(
        'fay',
        `require [${requires}]; if allof(${wanted}) { redirect :copy :bytimerelative 900 "gus@example.com"; }`,
      );
      await rule(
        'gus',
        `require [${requires}]; if envelope "bymode" "notify" { addheader "X-Late" "tell"; }`,
      );
      const client = await LineClient.connect(server.port('submission'));
      const plain = Buffer.from('\0hal@example.com\0secret').toString('base64');
      client.send(`EHLO x\r\nAUTH PLAIN ${plain}\r\n`);
      await client.codes(3);
      client.send('MAIL FROM:<hal@example.com> BY=3000;RT\r\nRCPT TO:<fay@example.com>\r\nDATA\r\n');
      assert.equal((await client.codes(3)).at(-1), '354');
      client.send('From: hal@example.com\r\nSubject: soon\r\n\r\nsoon\r\n.\r\n');
      assert.match(await client.reply(), /^250 /);
      client.socket.destroy();
      assert.equal((await inboxOf('fay', 1)).length, 1);
      assert.match(String((await inboxOf('gus', 1))[0]), /\r\nX-Late: tell\r\n/);
    });

    test('a reply of who is away, once', async () => {
      await rule('cleo', 'require "vacation"; vacation :subject "Away" "I am away.";');
      assert.match(await send('dan@example.com', 'cleo', 'first'), /^250 /);
      assert.match(await send('dan@example.com', 'cleo', 'second'), /^250 /);
      const [reply, ...more] = await inboxOf('dan', 1);
      assert.deepEqual(more, []);
      assert.match(String(reply), /\r\nFrom: cleo@example\.com\r\n/);
      assert.match(String(reply), /\r\nSubject: Away\r\n/);
      assert.match(String(reply), /\r\nIn-Reply-To: <(?:first|second)@example\.org>\r\n/);
      assert.equal((await inboxOf('cleo', 2)).length, 2);
    });

    test('who rejects what others of the same address take is reported to the sender', async () => {
      const members = ['refuser', 'taker', 'other', 'writer'];
      for (const who of members)
        await server.cli(['account', 'add', `${who}@example.com`, '--password-stdin'], 'secret\n');
      await rule('refuser', 'require "reject"; reject "not for me";');
      const lead = ['refuser@example.com', 'taker@example.com', 'other@example.com'];
      const added = await server.cli(['alias', 'add', 'team@example.com', ...lead]);
      assert.equal(added.code, 0, added.stderr);
      assert.match(await send('writer@example.com', 'team', 'shared'), /^250 /);
      assert.equal((await inboxOf('taker', 1)).length, 1);
      assert.equal((await inboxOf('other', 1)).length, 1);
      const [report, ...more] = await inboxOf('writer', 1);
      assert.deepEqual(more, []);
      assert.match(String(report), /report-type=delivery-status/);
      assert.match(String(report), /5\.7\.1 not for me/);
      assert.match(String(report), /Final-Recipient: rfc822; refuser@example\.com\r\n/);
      assert.equal((await inboxOf('refuser', 0)).length, 0);
      assert.match(await send('writer@example.com', 'refuser', 'alone'), /^550 5\.7\.1 not for me/);
    });
  });
}
