/** `brevduva doctor` beside a real server and without one, with a DNS of its own: what it says, and how it ends. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { Finding } from '../../src/doctor/finding.ts';
import { record, startDns } from '../kit/dns.ts';
import { LISTENERS, listeningAt } from '../kit/listeners.ts';
import { type CommandResult, runCommand, startServer } from '../kit/server.ts';

const root = mkdtempSync(join(tmpdir(), 'brevduva-doctor-'));
after(() => rmSync(root, { recursive: true, force: true }));

const HOST = 'mail.example.com';
const own = Object.values(networkInterfaces())
  .flatMap((all) => all ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

const zone = [
  record('.', 'NS', 'a.root.example'),
  record(HOST, 'A', own ?? '203.0.113.9'),
  record('example.com', 'MX', { preference: 10, exchange: HOST }),
  record('example.org', 'MX', { preference: 5, exchange: 'mx.elsewhere.example' }),
  record('mx.elsewhere.example', 'A', '198.51.100.25'),
];

function read({ stdout }: CommandResult): { verdict: string; findings: readonly Finding[] } {
  return JSON.parse(stdout) as { verdict: string; findings: readonly Finding[] };
}

function about(findings: readonly Finding[], check: string, subject = /^/): Finding {
  const found = findings.find((one) => one.check === check && subject.test(one.subject));
  assert.ok(found, `${check} ${subject}: ${JSON.stringify(findings.map((one) => [one.check, one.subject]))}`);
  return found;
}

describe('beside a server', () => {
  test('every port, the certificate, the DNS and the domains of the accounts are looked at', async (t) => {
    const dns = await startDns({ zone, isSecure: true });
    t.after(() => dns.close());
    const config = {
      ...{ hostname: HOST, 'dns.servers': `127.0.0.1:${dns.port}` },
      ...{ 'listen.imaps': '*:0', 'listen.metrics': '127.0.0.1:0' },
    };
    const server = await startServer({ config });
    const set = Object.entries(config).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
    const free = listeningAt('127.0.0.1:0', ['imaps']);
    const doctor = (...args: string[]) => server.cli(['doctor', ...args, ...set, ...free]);
    try {
      for (const address of ['a@example.com', 'b@example.com', 'c@example.org'])
        assert.equal((await server.cli(['account', 'add', address, '--generate'])).code, 0);
      const { code, stdout, stderr } = await doctor('--json');
      const { verdict, findings } = read({ code, stdout, stderr });
      const failed = findings.filter((one) => one.verdict === 'fail');
      assert.deepEqual([code, failed], [0, []], stderr);
      assert.equal(verdict, 'warn');
      for (const name of [...LISTENERS, 'metrics'])
        assert.equal(about(findings, 'listener', new RegExp(`^${name} `)).verdict, 'ok', name);
      assert.equal(about(findings, 'listener', /^pop3s /).seen, 'says "+OK mail.example.com Brevduva ready"');
      assert.match(about(findings, 'server', /process/).seen, new RegExp(`process ${server.pid}`));
      for (const check of ['store', 'disk', 'certificate'])
        assert.notEqual(about(findings, 'server', new RegExp(check)).verdict, 'fail');
      const certificate = about(findings, 'certificate');
      assert.equal(certificate.verdict, 'warn');
      assert.match(
        certificate.seen,
        /served by imap, imaps, pop3, managesieve, pop3s, submission, submissions, is self-signed/,
      );
      assert.equal(about(findings, 'lmtp reach').verdict, 'ok');
      assert.match(about(findings, 'resolver').seen, /^validates$/);
      const address = about(findings, 'address', / A$/);
      assert.equal(address.verdict, own === undefined ? 'unknown' : 'ok');
      assert.match(about(findings, 'address', / AAAA$/).seen, /none/);
      assert.equal(about(findings, 'mx', /example\.com/).verdict, 'ok');
      assert.equal(about(findings, 'mx', /example\.org/).verdict, 'unknown');
      const srv = about(findings, 'srv', /example\.com/);
      assert.ok(srv.verdict === 'warn');
      assert.deepEqual(srv.records, [`_imaps._tcp.example.com. IN SRV 0 1 ${server.port('imaps')} ${HOST}.`]);
      assert.equal(about(findings, 'data folder').verdict, 'ok');

      const text = await doctor('--domain', 'Example.ORG.');
      assert.equal(text.code, 0);
      assert.match(
        text.stdout,
        /^unknown {2}mx: example\.org MX: 5 mx\.elsewhere\.example \(198\.51\.100\.25\)$/m,
      );
      assert.match(
        text.stdout,
        /^ {9}to do: see that the machine there hands the mail over to listen\.lmtp/m,
      );
      assert.doesNotMatch(text.stdout, /example\.com MX/);
      assert.match(text.stdout, /^\d+ ok, \d+ warn, 0 fail, \d+ unknown$/m);
    } finally {
      await server.stop();
    }
  });

  test('several workers are one server', async (t) => {
    const dns = await startDns({ zone });
    t.after(() => dns.close());
    const server = await startServer({ workers: 2 });
    try {
      const result = await server.cli(['doctor', '--json', '--set', `dns.servers=127.0.0.1:${dns.port}`]);
      const { findings } = read(result);
      for (const name of LISTENERS) {
        const port = about(
          findings,
          'listener',
          new RegExp(`^${name} 127\\.0\\.0\\.1:${server.port(name)}$`),
        );
        assert.equal(port.verdict, 'ok', name);
      }
      assert.equal(server.workerPids().length, 2);
      assert.equal(about(findings, 'server', /^store$/).verdict, 'ok');
    } finally {
      await server.stop();
    }
  });

  test('what does not fit is a failure, and what waits for a restart is said', async (t) => {
    const dns = await startDns({ zone: [record('.', 'NS', 'a.root.example')] });
    t.after(() => dns.close());
    const server = await startServer({ config: { hostname: HOST } });
    try {
      await server.cli(['account', 'add', 'a@example.com', '--generate']);
      const result = await server.cli([
        ...[
          'doctor',
          '--json',
          '--set',
          `hostname=other.example.com`,
          '--set',
          'listen.imap=127.0.0.1:14399',
        ],
        ...['--set', `dns.servers=127.0.0.1:${dns.port}`, '--set', 'listen.pop3='],
      ]);
      const { verdict, findings } = read(result);
      assert.deepEqual([result.code, verdict], [1, 'fail']);
      const certificate = about(findings, 'certificate');
      assert.equal(certificate.verdict, 'fail');
      assert.match(certificate.seen, /is for mail\.example\.com, localhost/);
      assert.equal(about(findings, 'listener', /^imap 127\.0\.0\.1:14399/).verdict, 'warn');
      assert.equal(about(findings, 'address').verdict, 'fail');
      assert.match(about(findings, 'mx').seen, /knows no such domain/);
      assert.match(about(findings, 'resolver').seen, /does not validate/);
    } finally {
      await server.stop();
    }
  });
});

describe('without a server', () => {
  test('it looks at what is there, and says who else has a port', async () => {
    const dns = await startDns({ behaviour: () => 'silence' });
    await dns.close();
    const squatter = createServer((socket) => socket.end('HTTP/1.0 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
    const { port } = squatter.address() as { port: number };
    const result = await runCommand([
      ...['doctor', '--json', '--data', join(root, 'nothing'), '--set', `dns.servers=127.0.0.1:${dns.port}`],
      ...[
        '--set',
        `listen.imap=127.0.0.1:${port}`,
        '--set',
        'listen.imaps=127.0.0.1:1',
        '--domain',
        'example.com',
      ],
    ]);
    squatter.close();
    const { findings } = read(result);
    assert.equal(result.code, 1);
    const imap = about(findings, 'listener', /^imap /);
    assert.equal(imap.verdict, 'fail');
    assert.match(imap.seen, /another program answers: 127\.0\.0\.1 says "HTTP\/1\.0 400 Bad Request"/);
    assert.equal(about(findings, 'listener', /^imaps /).verdict, 'unknown');
    assert.equal(about(findings, 'server').verdict, 'warn');
    assert.equal(about(findings, 'data folder').verdict, 'unknown');
    assert.equal(about(findings, 'resolver').verdict, 'fail');
    assert.equal(about(findings, 'mx').verdict, 'unknown');
  });

  test('the domains come from the store', async () => {
    const dns = await startDns({ zone });
    const data = join(root, 'some');
    const set = ['--data', data, '--set', `dns.servers=127.0.0.1:${dns.port}`];
    assert.equal(
      (await runCommand(['account', 'add', 'a@example.com', '--generate', '--data', data])).code,
      0,
    );
    const { findings } = read(await runCommand(['doctor', '--json', ...set]));
    assert.match(about(findings, 'mx').subject, /^example\.com MX$/);
    await dns.close();
  });

  test('a folder in which nothing is yet stays as it is', async () => {
    const dns = await startDns({ zone });
    const data = join(root, 'empty');
    mkdirSync(data, { mode: 0o700 });
    const set = ['--set', `dns.servers=127.0.0.1:${dns.port}`, '--set', 'auth.default_domain=example.com'];
    const { findings } = read(await runCommand(['doctor', '--json', '--data', data, ...set]));
    assert.match(about(findings, 'mx').subject, /^example\.com MX$/);
    assert.deepEqual(readdirSync(data), []);
    await dns.close();
  });

  test('a mistake at the command line is one', async () => {
    for (const args of [
      ['--domain', 'a@b'],
      ['--domain', ''],
      ['--set', 'dns.servers=nobody'],
      ['--nonsense'],
    ]) {
      const { code, stdout } = await runCommand(['doctor', '--data', join(root, 'none'), ...args]);
      assert.deepEqual([code, stdout], [2, ''], args.join(' '));
    }
  });
});
