/**
 * Postfix before this server and behind it: as the one who brings mail from the world and by LMTP, and as the smarthost that takes what
 * leaves. It has been doing for decades what the standards say, and knows most of the extensions.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createTransport, type SendMailOptions } from 'nodemailer';
import { ImapClient } from '../imap-client.ts';
import { type NextHop, startNextHop } from '../kit/next-hop.ts';
import { startServer, type TestServer } from '../kit/server.ts';
import { Postfix } from './postfix.ts';
import { needs, succeed } from './program.ts';

const isRoot = process.getuid?.() === 0;
const skipped = isRoot ? needs('smtp-source') : { skip: 'only root can start Postfix' };
const ANNA = 'anna@example.com';
const BO = 'bo@lmtp.example.com';

describe('Postfix', { ...skipped, timeout: 200_000 }, () => {
  let hop: NextHop;
  let server: TestServer;
  let postfix: Postfix;
  let smarthost: Postfix;

  before(async () => {
    hop = await startNextHop();
    smarthost = await Postfix.start({ routes: { '*': `smtp:[127.0.0.1]:${hop.port}` } });
    server = await startServer({
      config: {
        ...{ hostname: 'mail.example.com', 'auth.default_domain': 'example.com' },
        ...{ 'listen.smtp': '127.0.0.1:0', 'mx.greeting_delay': '0', 'dns.servers': '127.0.0.1:9' },
        'queue.smarthost': `127.0.0.1:${smarthost.port}`,
        ...{ 'queue.smarthost_tls': 'opportunistic', 'queue.allow_private': 'true' },
      },
    });
    for (const one of [ANNA, BO]) await server.cli(['account', 'add', one, '--password-stdin'], 'secret\n');
    postfix = await Postfix.start({
      routes: {
        'example.com': `smtp:[127.0.0.1]:${server.port('smtp')}`,
        'lmtp.example.com': `lmtp:[127.0.0.1]:${server.port('lmtp')}`,
        '*': `smtp:[127.0.0.1]:${hop.port}`,
      },
      settings: {
        smtp_tls_security_level: 'encrypt',
        smtp_tls_policy_maps: `inline:{ { [127.0.0.1]:${hop.port} = none } }`,
      },
    });
  });
  after(async () => {
    await postfix?.stop();
    await server?.stop();
    await smarthost?.stop();
    await hop?.close();
  });

  async function send(port: number, mail: SendMailOptions, more: object = {}): Promise<void> {
    const transport = createTransport({
      host: '127.0.0.1',
      port,
      tls: { rejectUnauthorized: false },
      ...more,
    });
    await transport.sendMail({ from: 'eva@example.org', text: 'Hello', ...mail });
    transport.close();
  }

  async function inbox(person: string): Promise<string[]> {
    const client = await ImapClient.signIn(server.port('imap'), person, 'secret');
    await client.ok('SELECT INBOX');
    const { untagged } = await client.ok('UID FETCH 1:* (BODY.PEEK[])').catch(() => ({ untagged: [] }));
    client.close();
    return untagged.filter((text) => / FETCH /.test(text));
  }

  async function until<T>(what: string, get: () => Promise<T | undefined> | T | undefined): Promise<T> {
    for (const endMs = performance.now() + 60_000; performance.now() < endMs; await pause(200)) {
      const found = await get();
      if (found !== undefined) return found;
    }
    throw new Error(
      `waited in vain for ${what}\n${(await postfix.log()).slice(-3000)}\n${(await smarthost.log()).slice(-3000)}\n${await queue()}`,
    );
  }

  const queue = async (): Promise<string> => (await server.cli(['queue', 'list'])).stdout;

  test('brings mail over SMTP: TLS, chunks, UTF-8, dots, many recipients', async () => {
    const text = `räksmörgås\n.\n..\n${'x'.repeat(100_000)}\nthe end`;
    await send(postfix.port, { to: ANNA, subject: 'Grüße', text, messageId: '<p1@example.org>' });
    const mail = await until('the message', async () =>
      (await inbox(ANNA)).find((one) => one.includes('<p1@example.org>')),
    );
    assert.match(mail, /\(relay\.example\.net \[127\.0\.0\.1\]|from relay\.example\.net/);
    assert.match(mail, /by mail\.example\.com with ESMTPS \(TLSv1\.3\)/);
    assert.match(mail, /^Return-Path: <eva@example\.org>/m);
    assert.ok(mail.includes('the end'));
  });

  test('brings a hundred messages, each once, from many connections', async () => {
    const flood = ['-s', '8', '-m', '100', '-l', '4096', '-f', 'eva@example.org', '-t', ANNA, '-S', 'flood'];
    await succeed('smtp-source', ['-c', ...flood, `127.0.0.1:${postfix.port}`]);
    await until('all of them', async () =>
      (await inbox(ANNA)).filter((one) => /^Subject: flood/m.test(one)).length === 100 ? true : undefined,
    );
  });

  test('tells its sender of whom this server does not have', async () => {
    await send(postfix.port, {
      to: `nobody@example.com, ${ANNA}`,
      subject: 'x',
      messageId: '<p2@example.org>',
    });
    const bounce = await until('the bounce', () =>
      hop.mails.find(({ data }) => data.includes('<p2@example.org>')),
    );
    assert.match(bounce.data, /Final-Recipient: rfc822; nobody@example\.com/);
    assert.match(bounce.data, /Status: 5\.1\.1/);
    assert.match(bounce.data, /550[ -]5\.1\.1/);
  });

  test('brings mail by LMTP, and hears of each recipient', async () => {
    await send(postfix.port, {
      ...{ to: [BO, 'nobody@lmtp.example.com'], subject: 'LMTP', messageId: '<p3@example.org>' },
    });
    const mail = await until('the message', async () =>
      (await inbox(BO)).find((one) => one.includes('<p3@example.org>')),
    );
    assert.match(mail, /by mail\.example\.com with LMTPS? /);
    assert.match(mail, /by relay\.example\.net \(Postfix\)/);
    const bounce = await until('the bounce', () =>
      hop.mails.find(({ data }) => data.includes('<p3@example.org>')),
    );
    assert.match(bounce.data, /nobody@lmtp\.example\.com/);
  });

  test('tries again when this server says that it is for later', async () => {
    await server.cli(['account', 'quota', BO, 'none', '--messages', '0']);
    await send(postfix.port, {
      to: BO,
      text: 'x'.repeat(5000),
      subject: 'Later',
      messageId: '<p4@example.org>',
    });
    await until('the refusal', async () => (/4\.2\.2/.test(await postfix.log()) ? true : undefined));
    await server.cli(['account', 'quota', BO, 'none', '--messages', 'none']);
    await until('the message', async () => (await inbox(BO)).find((one) => one.includes('<p4@example.org>')));
    assert.equal((await inbox(BO)).filter((one) => one.includes('<p4@example.org>')).length, 1);
  });

  test('takes what people send here, with their wishes for reports', async () => {
    await send(
      server.port('submissions'),
      {
        ...{
          from: ANNA,
          to: ['carl@example.net', 'dora@example.net'],
          subject: 'Out',
          messageId: '<p5@example.com>',
        },
        text: 'dots\n.\n..\nend',
        dsn: { id: 'e1', return: 'headers', notify: ['success', 'failure'], recipient: 'carl@example.net' },
      },
      { secure: true, auth: { user: ANNA, pass: 'secret' } },
    );
    const out = await until('the message', () =>
      hop.mails.find(({ data }) => data.includes('Message-ID: <p5@example.com>')),
    );
    assert.match(out.data, /^Received: from mail\.example\.com/m);
    assert.match(out.data, /dots\r\n\.\r\n\.\.\r\nend/);
    assert.match(out.recipients[0]?.parameters ?? '', /NOTIFY=SUCCESS,FAILURE/);
    assert.match(out.parameters, /ENVID=e1/);
  });
});
