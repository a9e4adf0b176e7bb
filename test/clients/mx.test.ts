/** Programs that send mail, at the port for mail from the world: Python's smtplib, swaks, msmtp and nodemailer. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createTransport } from 'nodemailer';
import { startDns, type TestDns } from '../kit/dns.ts';
import { startServer, type TestServer } from '../kit/server.ts';
import { needs, run, succeed } from './program.ts';

const ALICE = 'alice@example.com';
const LETTER =
  'From: bo@example.org\r\nTo: alice@example.com\r\nSubject: hello\r\n\r\nline\r\n.\r\n..dots\r\nend\r\n';

describe('programs that send mail', needs('python3', 'swaks', 'msmtp'), () => {
  let server: TestServer;
  let dns: TestDns;
  let delivered = 0;
  before(async () => {
    dns = await startDns();
    const config = {
      ...{ 'listen.smtp': '127.0.0.1:0', 'mx.greeting_delay': '50ms' },
      'dns.servers': `${dns.host}:${dns.port}`,
    };
    server = await startServer({ config, workers: 1 });
    await server.cli(['account', 'add', ALICE, '--password-stdin'], 'secret\n');
  });
  after(async () => {
    assert.equal((await server.cli(['check'])).code, 0);
    assert.equal(await server.stop(), 0);
    await dns.close();
  });

  async function assertDelivered(sizeBytes?: number): Promise<void> {
    const activity = (await server.cli(['activity', ALICE, '--json'])).stdout;
    const lines = activity.split('\n').filter((line) => line.includes('"delivered"'));
    assert.equal(lines.length, ++delivered, activity);
    if (sizeBytes !== undefined)
      assert.ok(
        lines.some((line) => line.includes(`"sizeBytes":${sizeBytes}`)),
        activity,
      );
  }

  it('smtplib of Python, with STARTTLS and octets of its own', async () => {
    const script = `
import smtplib, ssl, sys
context = ssl.create_default_context(); context.check_hostname = False; context.verify_mode = ssl.CERT_NONE
client = smtplib.SMTP('127.0.0.1', int(sys.argv[1]))
client.starttls(context=context)
refused = client.sendmail('bo@example.org', ['${ALICE}', 'nobody@example.com'], sys.stdin.buffer.read(), mail_options=['BODY=8BITMIME'])
print(sorted((k, v[0]) for k, v in refused.items()))
client.quit()
`;
    const { stdout } = await succeed('python3', ['-c', script, String(server.port('smtp'))], {
      input: LETTER,
    });
    assert.equal(stdout.toString().trim(), "[('nobody@example.com', 550)]");
    await assertDelivered(LETTER.length);
  });

  it('swaks, and the refusal that it shows', async () => {
    const args = ['--server', `127.0.0.1:${server.port('smtp')}`, '--from', 'bo@example.org', '--data', '-'];
    await succeed('swaks', [...args, '--to', ALICE], { input: LETTER });
    await assertDelivered();
    const relay = await run('swaks', [...args, '--to', 'bo@example.org'], { input: LETTER });
    assert.equal(relay.code, 24);
    assert.match(relay.stdout.toString(), /550 5\.7\.1/);
  });

  it('msmtp', async () => {
    const args = ['--host=127.0.0.1', `--port=${server.port('smtp')}`, '--from=bo@example.org', '--auth=off'];
    const tls = ['--tls=on', '--tls-starttls=on', '--tls-certcheck=off'];
    await succeed('msmtp', [...args, ...tls, ALICE], { input: LETTER.replaceAll('\r\n', '\n') });
    await assertDelivered(LETTER.length);
  });

  it('nodemailer, pipelining, beyond ASCII', async () => {
    const transport = createTransport({
      host: '127.0.0.1',
      port: server.port('smtp'),
      requireTLS: true,
      tls: { rejectUnauthorized: false },
    });
    const info = await transport.sendMail({
      envelope: { from: 'j\u00fcrgen@example.org', to: [ALICE] },
      from: 'j\u00fcrgen@example.org',
      to: ALICE,
      subject: 'gr\u00fcn',
      text: 'gr\u00fcn\n.\nend',
    });
    assert.match(info.response, /^250 2\.0\.0 taken; id /);
    transport.close();
    await assertDelivered();
  });
});
