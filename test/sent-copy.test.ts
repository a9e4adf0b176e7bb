/** What is sent stands in Sent once, whether the server puts it there, the program, or both. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createTransport } from 'nodemailer';
import { ImapClient } from './imap-client.ts';
import { startServer, type TestServer } from './kit/server.ts';

const ANN = 'ann@example.com';
let letters = 0;

describe('copies of what is sent', () => {
  let server: TestServer;
  let imap: ImapClient;
  before(async () => {
    server = await startServer({ config: { 'sent.copy': 'true', 'auth.default_domain': 'example.com' } });
    await server.cli(['account', 'add', ANN, '--password-stdin'], 'secret\n');
    imap = await ImapClient.signIn(server.port('imap'), ANN, 'secret');
  });
  after(async () => {
    imap.close();
    await server.stop();
  });

  const newLetter = (): string =>
    `From: ${ANN}\r\nTo: bob@example.com\r\nMessage-ID: <letter-${++letters}@example.com>\r\n\r\nHello\r\n`;

  async function send(letter: string): Promise<void> {
    const transport = createTransport({
      ...{ host: '127.0.0.1', port: server.port('submission'), ignoreTLS: true },
      auth: { user: ANN, pass: 'secret' },
    });
    await transport.sendMail({ envelope: { from: ANN, to: ['bob@example.org'] }, raw: letter });
    transport.close();
  }

  async function append(mailbox: string, letter: string): Promise<string> {
    imap.send(`a APPEND ${mailbox} (\\Seen) {${letter.length}+}\r\n${letter}\r\n`);
    return (await imap.answer('a')).text;
  }

  async function count(): Promise<number> {
    const { untagged } = await imap.ok('STATUS Sent (MESSAGES)');
    return Number(/MESSAGES (\d+)/.exec(untagged.join())?.[1]);
  }

  test('the program that puts it there after sending gets the one that is there, once', async () => {
    const letter = newLetter();
    await send(letter);
    assert.equal(await count(), 1);
    assert.match(await append('Sent', letter), /^\[APPENDUID \d+ 1\]/);
    assert.equal(await count(), 1);
    assert.match(await append('Sent', letter), /^\[APPENDUID \d+ 2\]/, 'whoever wants another gets it');
    assert.match(await append('Drafts', letter), /^\[APPENDUID \d+ 1\]/);
    await imap.ok('SELECT Sent');
    const { untagged } = await imap.ok('FETCH 1 (FLAGS BODY.PEEK[])');
    assert.ok(untagged.join().includes(letter) && untagged.join().includes('\\Seen'));
    await imap.ok('CLOSE');
  });

  test('one that puts it there before sending has the only one', async () => {
    const letter = newLetter();
    const before = await count();
    await append('Sent', letter);
    await send(letter);
    assert.equal(await count(), before + 1);
  });

  test('two messages with one Message-ID are both kept, and each only once', async () => {
    const letter = newLetter();
    const other = letter.replace('Hello', 'Good bye');
    const before = await count();
    await send(letter);
    await append('Sent', other);
    assert.equal(await count(), before + 2);
    await append('Sent', letter);
    await send(other);
    assert.equal(await count(), before + 2);
    const another = letter.replace('To: bob', 'Subject: Another\r\nTo: bob');
    await append('Sent', another);
    await send(letter);
    assert.equal(await count(), before + 4);
  });

  test('of a copy that says who got a blind one nothing is lost', async () => {
    const letter = newLetter();
    const before = await count();
    await send(letter);
    const full = letter.replace('To: bob', 'Bcc: carl@example.com\r\nX-Note: mine\r\nTo: bob');
    await append('Sent', full);
    assert.equal(await count(), before + 1);
    await imap.ok('SELECT Sent');
    assert.match((await imap.ok('FETCH * BODY.PEEK[]')).untagged.join(), /Bcc: carl@example\.com/);
    await imap.ok('CLOSE');
  });

  test('a copy that was expunged is not the one that is there', async () => {
    const letter = newLetter();
    await send(letter);
    await imap.ok('SELECT Sent');
    await imap.ok('STORE * +FLAGS (\\Deleted)');
    await imap.ok('EXPUNGE');
    const before = await count();
    await append('Sent', letter);
    assert.equal(await count(), before + 1);
  });
});
