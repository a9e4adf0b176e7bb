/** The programs that people and scripts send with, against a real submission server: what they say is what leaves. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createTransport } from 'nodemailer';
import { ANN, startTestSubmission, type TestSubmission } from '../kit/submission.ts';
import { needs, run, succeed } from './program.ts';

let server: TestSubmission;

before(async () => {
  server = await startTestSubmission();
});
after(() => server.close());

/** The newest that was taken. */
async function last() {
  const taken = (await server.taken()).at(-1);
  assert.ok(taken !== undefined, 'something was taken');
  const header = taken.message.slice(0, taken.message.indexOf('\r\n\r\n'));
  return { ...taken, header, to: taken.recipients.map(({ address }) => address) };
}

const PYTHON = `
import smtplib, ssl, sys
from email.message import EmailMessage
kind, port, how = sys.argv[1], int(sys.argv[2]), sys.argv[3]
context = ssl._create_unverified_context()
if kind == 'tls':
    smtp = smtplib.SMTP_SSL('127.0.0.1', port, context=context)
else:
    smtp = smtplib.SMTP('127.0.0.1', port)
    if kind == 'starttls': smtp.starttls(context=context)
smtp.ehlo()
if how == 'auto': smtp.login('ann@example.com', 'secret')
else:
    smtp.user, smtp.password = 'ann@example.com', 'secret'
    smtp.auth(how, getattr(smtp, 'auth_' + how.lower()))
message = EmailMessage()
message['From'] = 'Ann <ann@example.com>'
message['To'] = 'bob@example.org'
message['Bcc'] = 'carol@example.org'
message['Subject'] = 'Gr\\u00fc\\u00dfe'
message.set_content('Hello\\n.\\n..\\nthe end\\n')
refused = smtp.send_message(message, mail_options=['RET=HDRS', 'ENVID=p1'], rcpt_options=['NOTIFY=SUCCESS,FAILURE'])
assert refused == {}, refused
try:
    smtp.sendmail('eve@example.org', ['bob@example.org'], 'From: eve@example.org\\n\\nx')
    assert False
except smtplib.SMTPSenderRefused as error:
    assert error.smtp_code == 550, error
print(smtp.quit()[0])
`;

describe('smtplib', needs('python3'), () => {
  for (const kind of ['clear', 'starttls', 'tls'])
    for (const how of ['auto', 'PLAIN', 'LOGIN'])
      it(`${kind}, ${how}`, async () => {
        const port = String(kind === 'tls' ? server.tlsPort : server.port);
        const { stdout } = await succeed('python3', ['-c', PYTHON, kind, port, how]);
        assert.equal(stdout.toString().trim(), '221');
        const { header, row, to, recipients, message } = await last();
        assert.match(header, kind === 'clear' ? /with ESMTPA id/ : /with ESMTPSA \(TLSv1\.3\) id/);
        assert.match(header, /^Subject: =\?utf-8\?/m);
        assert.doesNotMatch(header, /carol|127\.0\.0\.1/);
        assert.deepEqual(to, ['bob@example.org', 'carol@example.org']);
        assert.deepEqual([row.ret, row.envid, recipients[0]?.notify], ['headers', 'p1', 3]);
        assert.ok(message.endsWith('\r\n\r\nHello\r\n.\r\n..\r\nthe end\r\n'));
      });
});

describe('nodemailer', () => {
  for (const [name, secure] of [
    ['STARTTLS', false],
    ['TLS', true],
  ] as const)
    it(`over ${name}, pooled, with DSN, an attachment and an address beyond ASCII`, async () => {
      const transport = createTransport({
        ...{
          host: '127.0.0.1',
          port: secure ? server.tlsPort : server.port,
          secure,
          pool: true,
          maxConnections: 2,
        },
        auth: { user: ANN, pass: 'secret' },
        tls: { rejectUnauthorized: false },
      });
      const sent = await Promise.all(
        Array.from({ length: 5 }, (_, n) =>
          transport.sendMail({
            from: { name: 'Ann', address: ANN },
            to: 'bob@example.org, jürgen@example.org',
            bcc: 'carol@example.org',
            subject: `Letter ${n}`,
            text: 'Grüße\r\n'.repeat(20),
            attachments: [{ filename: 'x.bin', content: Buffer.alloc(200_000, n) }],
            dsn: {
              id: `n${n}`,
              return: 'headers',
              notify: ['failure', 'delay'],
              recipient: 'bob@example.org',
            },
          }),
        ),
      );
      transport.close();
      assert.ok(
        sent.every(({ accepted, response }) => accepted.length === 3 && response.startsWith('250 2.0.0')),
      );
      const { header, to, row } = await last();
      assert.deepEqual(to, ['bob@example.org', 'jürgen@example.org', 'carol@example.org']);
      assert.doesNotMatch(header, /carol/);
      assert.match(row.envid ?? '', /^n\d$/);
      assert.equal(row.isUtf8, true);
    });
});

describe('swaks', needs('swaks'), () => {
  const swaks = (...args: readonly string[]) =>
    run('swaks', [
      ...['--server', '127.0.0.1', '--from', ANN, '--to', 'bob@example.org', '--silent', '1'],
      ...['--auth-user', ANN, '--auth-password', 'secret', ...args],
    ]);

  it('signs in in each way it has, over TLS and without', async () => {
    const ports = [
      ['--port', String(server.port)],
      ['--port', String(server.port), '--tls'],
      ['--port', String(server.tlsPort), '--tls-on-connect'],
    ];
    for (const port of ports)
      for (const mechanism of ['PLAIN', 'LOGIN']) {
        const { code, stderr } = await swaks(...port, '--auth', mechanism);
        assert.equal(code, 0, stderr);
      }
    assert.match((await last()).header, /^Subject: test /m);
  });

  it('is told why it may not', async () => {
    const port = ['--port', String(server.port)];
    assert.notEqual((await swaks(...port, '--auth', 'PLAIN', '--auth-password', 'wrong')).code, 0);
    const foreign = await swaks(...port, '--auth', 'PLAIN', '--h-From', 'eve@example.org');
    assert.match(
      `${foreign.stdout}${foreign.stderr}`,
      /550 5\.7\.1 ann@example\.com may not send as eve@example\.org/,
    );
  });
});

describe('msmtp', needs('msmtp'), () => {
  const msmtp = (how: string, ...args: readonly string[]) =>
    run(
      'msmtp',
      [
        ...['--file=/dev/null', '--host=127.0.0.1', '--tls=on', '--tls-certcheck=off', `--user=${ANN}`],
        ...['--passwordeval=echo secret', `--auth=${how}`, `--from=${ANN}`, '--debug', ...args],
        ...['--', 'bob@example.org'],
      ],
      {
        input: `From: ${ANN}\nTo: bob@example.org\nBcc: carol@example.org\nSubject: msmtp ${how}\n\nHello\n`,
      },
    );

  it('chooses the best way by itself, which binds it to its TLS connection where that is offered', async () => {
    const bound = await startTestSubmission({ settings: { bindsChannel: true } });
    try {
      const { code, stdout, stderr } = await msmtp('on', '--tls-starttls=off', `--port=${bound.tlsPort}`);
      assert.equal(code, 0, stderr);
      assert.match(stdout.toString(), /AUTH SCRAM-SHA-256-PLUS/);
    } finally {
      await bound.close();
    }
  });

  it('chooses the best way by itself', async () => {
    const rows: readonly (readonly [how: string, port: readonly string[], said: RegExp])[] = [
      ['on', ['--tls-starttls=on', `--port=${server.port}`], /AUTH SCRAM-SHA-256[\r\n ]/],
      ['on', ['--tls-starttls=off', `--port=${server.tlsPort}`], /AUTH SCRAM-SHA-256[\r\n ]/],
      ['plain', ['--tls-starttls=off', `--port=${server.tlsPort}`], /AUTH PLAIN/],
      ['login', ['--tls-starttls=on', `--port=${server.port}`], /AUTH LOGIN/],
    ];
    for (const [how, port, said] of rows) {
      const { code, stderr, stdout } = await msmtp(how, ...port);
      assert.equal(code, 0, `${how}: ${stderr}`);
      assert.match(stdout.toString(), said);
      const { header, message } = await last();
      assert.match(header, new RegExp(`^Subject: msmtp ${how}$`, 'm'));
      assert.match(header, /^Date: /m);
      assert.match(header, /^Message-ID: /im);
      assert.ok(message.endsWith('\r\n\r\nHello\r\n'));
    }
  });
});
