/**
 * BURL (RFC 4468) beside IMAP, over real sockets: a message is sent with what is in a mailbox already, by a URL that its owner has
 * authorized, and with nothing else.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Secret } from '../src/base/secret.ts';
import { UrlAuthority } from '../src/imap/url/authority.ts';
import { urlSource } from '../src/server/burl.ts';
import { ImapClient } from './imap-client.ts';
import { startTestImap, type TestImap } from './kit/imap.ts';
import type { LineClient } from './kit/line-client.ts';
import { ANN, startTestSubmission, type TestSubmission } from './kit/submission.ts';

const BEN = 'ben@example.com';
const HEADER = `From: Ann <${ANN}>\r\nTo: bob@example.org\r\nSubject: Hello\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n\r\n`;

describe('sending by URL', () => {
  let sending: TestSubmission;
  let reading: TestImap;
  before(async () => {
    const urls = new UrlAuthority(new Secret('of the test'));
    sending = await startTestSubmission({ urls: (domain) => urlSource(domain, urls) });
    reading = await startTestImap({ kit: sending.kit });
    await sending.kit.addAccount(BEN, 'secret');
    await reading.addMessage(ANN, 'INBOX', { bytes: 'Subject: x\r\n\r\nwhat was there already\r\n' });
    await reading.addMessage(BEN, 'INBOX', { bytes: 'Subject: y\r\n\r\nwhat is of Ben alone\r\n' });
  });
  after(async () => {
    await reading.stopServing();
    await sending.close();
  });

  async function authorized(address: string, rump: string): Promise<string> {
    const client = await ImapClient.signIn(reading.port, address, 'secret');
    const { untagged } = await client.ok(`GENURLAUTH "${rump}" INTERNAL`);
    client.close();
    return /"([^"]+)"/.exec(untagged[0] ?? '')?.[1] ?? '';
  }

  async function begun(): Promise<LineClient> {
    const client = await sending.signIn();
    for (const line of [`MAIL FROM:<${ANN}>`, 'RCPT TO:<bob@example.org>']) {
      client.send(`${line}\r\n`);
      assert.match(await client.reply(), /^250 /);
    }
    return client;
  }

  const said = (client: LineClient, line: string): Promise<string> => {
    client.send(`${line}\r\n`);
    return client.reply();
  };

  test('is offered to whoever has signed in', async () => {
    const client = await sending.signIn();
    assert.match(await said(client, 'EHLO x'), /\r\n250-BURL imap\r\n/);
  });

  test('chunks of the client and of URLs are one message (§3.5)', async () => {
    const url = await authorized(
      ANN,
      'imap://ann@mail.example.com/INBOX/;UID=1/;SECTION=TEXT;URLAUTH=submit+ann',
    );
    const client = await begun();
    client.send(`BDAT ${HEADER.length}\r\n${HEADER}BURL ${url}\r\nBDAT 5\r\nend\r\nBURL ${url} LAST\r\n`);
    assert.match(await client.reply(), /^250 2\.0\.0 \d+ octets taken$/);
    assert.match(await client.reply(), /^250 2\.0\.0 24 octets taken$/);
    assert.match(await client.reply(), /^250 2\.0\.0 5 octets taken$/);
    assert.match(await client.reply(), /^250 /);
    const [sent] = (await sending.taken()).slice(-1);
    assert.ok(sent?.message.endsWith('\r\n\r\nwhat was there already\r\nend\r\nwhat was there already\r\n'));
  });

  test('a URL alone may be the message', async () => {
    const own = await ImapClient.signIn(reading.port, ANN, 'secret');
    await own.ok(`APPEND Drafts {${HEADER.length + 3}+}\r\n${HEADER}x\r\n`);
    own.close();
    const url = await authorized(ANN, 'imap://ann@mail.example.com/Drafts/;UID=1;URLAUTH=submit+ann');
    const client = await begun();
    assert.match(await said(client, `BURL ${url} LAST`), /^250 /);
    const [sent] = (await sending.taken()).slice(-1);
    assert.ok(sent?.message.endsWith('Message-ID: <1@example.com>\r\n\r\nx\r\n'));
  });

  test('nobody sends what is not his to send, and the message is over', async () => {
    const ofBen = 'imap://ben@mail.example.com/INBOX/;UID=1/;SECTION=TEXT;URLAUTH=';
    const refused = [
      await authorized(BEN, `${ofBen}submit+ben`),
      await authorized(BEN, `${ofBen}user+carol`),
      (await authorized(BEN, `${ofBen}submit+ben`)).replace('submit+ben', 'submit+ann'),
      'imap://ben@mail.example.com/INBOX/;UID=1',
      'imap://ann@mail.example.com/INBOX/;UID=1',
      'http://localhost/',
      await authorized(ANN, 'imap://ann@mail.example.com/INBOX/;UID=9;URLAUTH=submit+ann'),
      await authorized(
        ANN,
        'imap://ann@mail.example.com/INBOX/;UID=1;EXPIRE=2001-01-01T00:00:00Z;URLAUTH=submit+ann',
      ),
    ];
    const before = (await sending.taken()).length;
    for (const url of refused) {
      const client = await begun();
      assert.match(await said(client, `BURL ${url} LAST`), /^554 5\.7\.0 /, url);
      assert.match(await said(client, 'BDAT 2 LAST\r\nxx'), /^503 /);
      client.socket.destroy();
    }
    assert.equal((await sending.taken()).length, before);
    // Whom Ben lets in he lets in.
    const client = await begun();
    client.send(`BDAT ${HEADER.length}\r\n${HEADER}`);
    await client.reply();
    assert.match(await said(client, `BURL ${await authorized(BEN, `${ofBen}submit+ann`)} LAST`), /^250 /);
  });

  test('in its place and in its form', async () => {
    const client = await sending.signIn();
    assert.match(await said(client, 'BURL imap://x LAST'), /^503 /);
    const other = await begun();
    assert.match(await said(other, 'BURL'), /^501 /);
    assert.match(await said(other, 'BURL a b c'), /^501 /);
    assert.match(await said(other, 'RSET'), /^250 /);
  });

  test('over IMAP a URL for sending is good for nothing', async () => {
    const url = await authorized(ANN, 'imap://ann@mail.example.com/INBOX/;UID=1;URLAUTH=submit+ann');
    const client = await ImapClient.signIn(reading.port, ANN, 'secret');
    const { untagged } = await client.ok(`URLFETCH "${url}"`);
    assert.deepEqual(untagged, [`URLFETCH "${url}" NIL`]);
    client.close();
  });
});
