/**
 * Mail that a program has sent over SMTP and that waits: it lies in "Scheduled", and everybody can take it back, over JMAP as the webmail
 * does and by the command line; or it leaves. There is one of it at any moment. With one process and with several.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createTransport } from 'nodemailer';
import { ImapClient } from './imap-client.ts';
import { type Answer, JmapClient } from './kit/jmap.ts';
import { LineClient } from './kit/line-client.ts';
import { startServer, type TestServer } from './kit/server.ts';

const ANN = 'ann@example.com';
const BOB = 'bob@example.com';
let letters = 0;

for (const workers of [1, 3])
  describe(`mail that waits, ${workers} at work`, { timeout: 240_000 }, () => {
    let server: TestServer;
    let imap: ImapClient;
    let jmap: JmapClient;
    before(async () => {
      server = await startServer({
        workers,
        config: { 'submission.undo': '1h', 'auth.default_domain': 'example.com' },
      });
      for (const who of [ANN, BOB]) await server.cli(['account', 'add', who, '--password-stdin'], 'secret\n');
      imap = await ImapClient.signIn(server.port('imap'), ANN, 'secret');
      const base = `http://${server.addresses.http}`;
      const { primaryAccounts } = await new JmapClient(base, ANN, 'secret', '').session();
      jmap = new JmapClient(base, ANN, 'secret', primaryAccounts['urn:ietf:params:jmap:mail']);
    });
    after(async () => {
      imap.close();
      await server.stop();
    });

    const newLetter = (): string =>
      `From: ${ANN}\r\nTo: ${BOB}\r\nSubject: letter ${++letters}\r\nMessage-ID: <letter-${letters}.${workers}@example.com>\r\n\r\nHello\r\n`;

    async function send(letter: string): Promise<string> {
      const transport = createTransport({
        ...{ host: '127.0.0.1', port: server.port('submission'), ignoreTLS: true },
        auth: { user: ANN, pass: 'secret' },
      });
      const { response } = await transport.sendMail({ envelope: { from: ANN, to: [BOB] }, raw: letter });
      transport.close();
      return /taken as (\d+-s?\d+)/.exec(response)?.[1] ?? response;
    }

    async function append(mailbox: string, letter: string): Promise<string> {
      imap.send(`a APPEND ${mailbox} (\\Seen) {${letter.length}+}\r\n${letter}\r\n`);
      return (await imap.answer('a')).text;
    }

    async function count(mailbox: string, by = imap): Promise<number> {
      const { untagged } = await by.ok(`STATUS ${mailbox} (MESSAGES)`);
      return Number(/MESSAGES (\d+)/.exec(untagged.join())?.[1]);
    }

    async function counts(): Promise<Record<string, number>> {
      return {
        Scheduled: await count('Scheduled'),
        Sent: await count('Sent'),
        Drafts: await count('Drafts'),
      };
    }

    async function pending(): Promise<Answer> {
      const { list } = await jmap.call('EmailSubmission/get', { ids: null });
      return list.find(({ undoStatus }: Answer) => undoStatus === 'pending');
    }

    async function ofBob(): Promise<number> {
      const client = await ImapClient.signIn(server.port('imap'), BOB, 'secret');
      const found = await count('INBOX', client);
      client.close();
      return found;
    }

    async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
      for (const endMs = performance.now() + 30_000; !(await isSo()); await pause(100))
        assert.ok(performance.now() < endMs, what);
    }

    test('JMAP takes it back, and the copy of the program goes with it', async () => {
      const letter = newLetter();
      const before = { Scheduled: 0, Sent: await count('Sent'), Drafts: await count('Drafts') };
      await send(letter);
      assert.match(await append('Sent', letter), /^\[APPENDUID \d+ \d+\]/);
      assert.deepEqual(await counts(), { ...before, Scheduled: 1, Sent: before.Sent + 1 });
      const { list: boxes } = await jmap.call('Mailbox/get', { ids: null });
      const box = (role: string): string => boxes.find((one: Answer) => one.role === role).id;
      const one = await pending();
      assert.match(one.identityId, /^i\d+$/);
      assert.equal(one.envelope.rcptTo[0].email, BOB);
      const get = { ids: [one.emailId], properties: ['mailboxIds', 'threadId'] };
      const { list } = await jmap.call('Email/get', get);
      assert.deepEqual(list[0].mailboxIds, { [box('scheduled')]: true, [box('sent')]: true });
      assert.equal(list[0].threadId, one.threadId);
      const back = {
        'keywords/$draft': true,
        [`mailboxIds/${box('drafts')}`]: true,
        [`mailboxIds/${box('scheduled')}`]: null,
        [`mailboxIds/${box('sent')}`]: null,
      };
      const answers = await jmap.calls([
        [
          'EmailSubmission/set',
          { update: { [one.id]: { undoStatus: 'canceled' } }, onSuccessUpdateEmail: { [one.id]: back } },
        ],
      ]);
      assert.deepEqual(Object.keys(answers[0]?.[1].updated ?? {}), [one.id], JSON.stringify(answers));
      assert.deepEqual(answers[1]?.[1].notUpdated ?? {}, {});
      assert.deepEqual(await counts(), { ...before, Drafts: before.Drafts + 1 });
      assert.equal((await server.cli(['queue', 'list', '--json'])).stdout, '');
    });

    test('the command line takes it back, and says when it is too late', async () => {
      const letter = newLetter();
      const before = { Scheduled: 0, Sent: await count('Sent'), Drafts: await count('Drafts') };
      const id = await send(letter);
      const { id: submission } = await pending();
      assert.deepEqual(await counts(), { ...before, Scheduled: 1 });
      const { code, stdout, stderr } = await server.cli(['queue', 'cancel', id]);
      assert.equal(code, 0, stderr);
      assert.match(
        stdout,
        /^\S+ "letter \d+" to bob@example\.com was taken back: .* a draft of ann@example\.com again$/m,
      );
      assert.deepEqual(await counts(), { ...before, Drafts: before.Drafts + 1 });
      const { list } = await jmap.call('EmailSubmission/get', { ids: [submission] });
      assert.equal(list[0].undoStatus, 'canceled');
      const again = await server.cli(['queue', 'cancel', id]);
      assert.equal(again.code, 1);
      assert.match(again.stderr, /it was taken back already/);
      assert.match((await server.cli(['queue', 'show', id])).stdout, /cancelled/);
      await imap.ok('SELECT Drafts');
      const { untagged } = await imap.ok('FETCH * (FLAGS BODY.PEEK[])');
      assert.ok(untagged.join().includes(letter) && untagged.join().includes('\\Draft'));
      await imap.ok('CLOSE');
    });

    test('a copy that the program has put into Sent as another message goes as well', async () => {
      const letter = newLetter();
      const before = { Scheduled: 0, Sent: await count('Sent'), Drafts: await count('Drafts') };
      const id = await send(letter);
      await append('Sent', letter);
      await append('Sent', letter);
      assert.deepEqual(await counts(), { ...before, Scheduled: 1, Sent: before.Sent + 2 });
      assert.equal((await server.cli(['queue', 'cancel', id])).code, 0);
      assert.deepEqual(await counts(), { ...before, Drafts: before.Drafts + 1 });
    });

    test('what leaves is in Sent once, where its program has put it', async () => {
      await server.cli(['account', 'set', ANN, 'submission.undo', '2s']);
      const before = { Scheduled: 0, Sent: await count('Sent'), Drafts: await count('Drafts') };
      const client = await ImapClient.signIn(server.port('imap'), ANN, 'secret');
      client.close();
      const [had, letter] = [await ofBob(), newLetter()];
      const id = await send(letter);
      await append('Sent', letter);
      await until(async () => (await count('Scheduled')) === 0, 'it stays among what is scheduled');
      assert.deepEqual(await counts(), { ...before, Sent: before.Sent + 1 });
      await until(async () => (await ofBob()) === had + 1, 'it does not arrive');
      assert.equal((await server.cli(['queue', 'cancel', id])).code, 1);
      assert.equal(await pending(), undefined);
      assert.equal(
        (await jmap.call('EmailSubmission/get', { ids: null })).list.length,
        3,
        'those taken back',
      );
    });

    test('a program that keeps none has none, and one that says by when is not held', async () => {
      const before = await counts();
      await send(newLetter());
      await until(async () => (await pending()) === undefined, 'it does not leave');
      await until(async () => (await count('Scheduled')) === 0, 'it stays among what is scheduled');
      assert.deepEqual(await counts(), before);
      await server.cli(['account', 'set', ANN, 'submission.undo', '1h']);
      const had = await ofBob();
      const client = await signedIn();
      client.send(`MAIL FROM:<${ANN}> BY=600;R\r\nRCPT TO:<${BOB}>\r\nDATA\r\n`);
      for (let i = 0; i < 3; i++) await client.reply();
      client.send(`${newLetter()}.\r\n`);
      assert.match(await client.reply(), /^250 2\.0\.0 taken as \d+-s?\d+; id/);
      await until(async () => (await ofBob()) === had + 1, 'it does not arrive');
      client.send(`MAIL FROM:<${ANN}> HOLDFOR=86400\r\nRCPT TO:<${BOB}>\r\nDATA\r\n`);
      for (let i = 0; i < 3; i++) await client.reply();
      client.send(`${newLetter()}.\r\n`);
      const reply = await client.reply();
      assert.match(reply, /^250 2\.0\.0 taken as \S+ and waits until 20/);
      const id = /taken as (\S+)/.exec(reply)?.[1] ?? '';
      assert.equal(await count('Scheduled'), 1);
      assert.equal((await server.cli(['queue', 'cancel', id])).code, 0);
      assert.deepEqual(await counts(), { ...before, Drafts: (before.Drafts ?? 0) + 1 });
      client.socket.destroy();
    });

    async function signedIn(): Promise<LineClient> {
      const client = await LineClient.connect(server.port('submission'));
      await client.reply();
      client.send('EHLO client.example.org\r\n');
      await client.reply();
      client.send(`AUTH PLAIN ${Buffer.from(`\0${ANN}\0secret`).toString('base64')}\r\n`);
      assert.match(await client.reply(), /^235 /);
      return client;
    }
  });
