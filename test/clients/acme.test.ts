/**
 * Certificates (RFC 8555) from Pebble, the test server of Let's Encrypt's makers: a conforming authority on loopback that looks at our ports
 * through a DNS server of ours, and refuses every third nonce.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { acmePaths } from '../../src/acme/files.ts';
import { type CertificateState, readState } from '../../src/acme/state.ts';
import { record, startDns, type TestDns } from '../kit/dns.ts';
import { Pebble } from '../kit/pebble.ts';
import { startServer, type TestServer } from '../kit/server.ts';
import { needs } from './program.ts';

const HOST = 'mail.example.com';
const WAIT_MS = 40_000;

describe('pebble', needs('pebble'), () => {
  let folder: string;
  let dns: TestDns;
  let pebble: Pebble;
  let server: TestServer | undefined;
  /** Names that lead elsewhere for the authority: its questions are those that do not want to know what was validated. */
  const broken = new Set<string>();

  const records = () => join(folder, 'records');
  /** What the program has published and not taken away. */
  const published = () => {
    const text = existsSync(records()) ? readFileSync(records(), 'latin1') : '';
    const calls = text.split('\n').map((line) => line.split(' '));
    const removed = calls.filter(([verb]) => verb === 'remove').map(([, , value]) => value);
    return calls.flatMap(([verb, name = '', value = '']) =>
      verb === 'present' && !removed.includes(value) ? [record(name, 'TXT', [value], 0)] : [],
    );
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'brevduva-acme-'));
    dns = await startDns({
      behaviour: ({ name, type, packet }) => {
        if (name.startsWith('_acme-challenge.'))
          return { answers: published().filter((one) => one.name === name) };
        if (type === 'CAA' || !name.endsWith('example.com')) return undefined;
        if (broken.has(name) && !packet.flag_ad)
          return type === 'A' ? { answers: [record(name, 'A', '127.0.0.9')] } : {};
        return type === 'A' ? { answers: [record(name, 'A', '127.0.0.1')] } : {};
      },
    });
    pebble = await Pebble.open({ dns });
  });
  afterEach(async () => {
    await server?.stop();
    server = undefined;
    broken.clear();
  });
  after(async () => {
    await pebble.close();
    await dns.close();
    await rm(folder, { recursive: true });
  });

  const listening = (...names: ('http' | 'https')[]): Record<string, string> =>
    Object.fromEntries(names.map((name) => [`listen.${name}`, `127.0.0.1:${pebble.ports[name]}`]));

  async function serve(config: Readonly<Record<string, string>>, rest: object = {}): Promise<TestServer> {
    server = await startServer({
      ...rest,
      config: {
        hostname: HOST,
        'auth.default_domain': 'example.com',
        'dns.servers': `${dns.host}:${dns.port}`,
        'acme.enabled': 'true',
        'acme.directory': pebble.directory,
        'acme.ca_certificate': pebble.certificate,
        ...config,
      },
    });
    return server;
  }

  const served = (one: TestServer, name: string) => certificateAt(one.port(name));

  it('gives a certificate for the host name, which every port serves without a restart, and one for the names of the domain', async () => {
    const one = await serve(listening('http', 'https'));
    const held = connect({ port: one.port('imaps'), host: '127.0.0.1', rejectUnauthorized: false });
    await once(held, 'secureConnect');
    const certificate = await eventually(async () => {
      const seen = await served(one, 'imaps');
      return /Pebble/.test(seen.issuer) ? seen : undefined;
    });
    assert.equal(certificate.subjectAltName, `DNS:${HOST}`);
    for (const purpose of ['autoconfig', 'autodiscover', 'mta-sts', 'ua-auto-config']) {
      const name = `${purpose}.example.com`;
      const shown = await eventually(async () => {
        const seen = await certificateAt(one.port('https'), name);
        return /Pebble/.test(seen.issuer) && seen.checkHost(name) !== undefined ? seen : undefined;
      });
      assert.equal(shown.checkHost(HOST), undefined, 'a certificate of its own');
    }
    assert.equal((await served(one, 'https')).fingerprint256, certificate.fingerprint256);
    assert.equal((await served(one, 'pop3s')).fingerprint256, certificate.fingerprint256);
    // Who was connected still is.
    held.write('a NOOP\r\n');
    const [bytes] = (await once(held, 'data')) as [Buffer];
    assert.match(String(bytes), /OK/);
    held.destroy();
    // Nothing of it is for others to read, and nothing is left of the challenges.
    const acme = join(one.data, 'acme');
    assert.equal((await stat(acme)).mode & 0o777, 0o700);
    for (const name of ['served.pem', 'account.json', 'state.json'])
      assert.equal((await stat(join(acme, name))).mode & 0o777, 0o600, name);
    await eventually(async () => ((await readdir(join(acme, 'challenges'))).length === 0 ? true : undefined));
  });

  it('checks by TLS alone where there is no port 80', async () => {
    const one = await serve(listening('https'));
    await eventually(async () => (/Pebble/.test((await served(one, 'imaps')).issuer) ? true : undefined));
  });

  it('leaves out a name that cannot be proven, and says so', async () => {
    broken.add('mta-sts.example.com');
    const one = await serve(listening('http', 'https'));
    const certificate = await eventually(async () => {
      const seen = await certificateAt(one.port('https'), 'autoconfig.example.com');
      return seen.checkHost('autoconfig.example.com') === undefined ? undefined : seen;
    });
    assert.equal(certificate.checkHost('mta-sts.example.com'), undefined);
    const state = await eventually(() => stateOf(one, 'example.com'));
    assert.deepEqual(Object.keys(state.failed), ['mta-sts.example.com']);
    const { stdout } = await one.cli([
      'doctor',
      '--json',
      ...asOptions(one, { hostname: HOST, 'acme.enabled': 'true', ...listening('http', 'https') }),
    ]);
    assert.match(stdout, /"subject":"mta-sts\.example\.com"[^}]*by tls-alpn-01/);
  });

  it('gets none without the host name, keeps what it has, and tries again later', async () => {
    broken.add(HOST);
    const one = await serve(listening('http'));
    const state = await eventually(() => stateOf(one, 'host'));
    assert.equal(state.failures, 1);
    assert.ok(state.nextMs > Date.now() + 10 * 60_000);
    assert.match(state.why ?? '', /mail\.example\.com cannot be proven: by http-01/);
    assert.match((await served(one, 'imaps')).subject, /mail\.example\.com/);
  });

  it('checks by the DNS where a program publishes the records, and nothing has to reach this machine', async () => {
    const program = join(folder, 'publish');
    const script = `#!/bin/sh\necho "$1 $2 $3" >> ${records()}\n`;
    await writeFile(program, script, { mode: 0o700 });
    broken.add(HOST);
    const one = await serve({ 'acme.dns_command': program });
    await eventually(async () => (/Pebble/.test((await served(one, 'imaps')).issuer) ? true : undefined));
    await eventually(async () => (published().length === 0 ? true : undefined));
  });

  it('is asked again after a kill in the middle, and nothing is left of it', async () => {
    const data = await mkdtemp(join(tmpdir(), 'brevduva-acme-data-'));
    const config = listening('http', 'https');
    for (const afterMs of [0, 100, 250, 400]) {
      const one = await serve(config, { data });
      await sleep(afterMs);
      await one.kill9();
    }
    server = undefined;
    const one = await serve(config, { data });
    await eventually(async () => (/Pebble/.test((await served(one, 'imaps')).issuer) ? true : undefined));
    await eventually(() => stateOf(one, 'example.com'));
    // An order for the other names may still be on its way.
    await eventually(async () => {
      const left = await readdir(join(data, 'acme'), { recursive: true });
      return left.some((name) => name.endsWith('.new') || /challenges\//.test(name)) ? undefined : true;
    });
    await one.stop();
    server = undefined;
    await rm(data, { recursive: true });
  });

  it('knows us by the key of an external account, where the authority wants that', async () => {
    const keyId = 'kid-1';
    const key = Buffer.alloc(32, 7).toString('base64url');
    const strict = await Pebble.open({ dns, ports: pebble.ports, externalKeys: { [keyId]: key } });
    try {
      const authority = { 'acme.directory': strict.directory, 'acme.ca_certificate': strict.certificate };
      const external = { 'acme.external_key_id': keyId, 'acme.external_key': key };
      const one = await serve({ ...listening('http'), ...authority, ...external });
      await eventually(async () => (/Pebble/.test((await served(one, 'imaps')).issuer) ? true : undefined));
    } finally {
      await strict.close();
    }
  });

  it('serves the new certificate in every worker', async () => {
    const one = await serve(listening('http', 'https'), { workers: 2 });
    await eventually(async () => (/Pebble/.test((await served(one, 'imaps')).issuer) ? true : undefined));
    await eventually(async () => {
      const seen = await Promise.all(Array.from({ length: 12 }, () => served(one, 'imaps')));
      return seen.every(({ issuer }) => /Pebble/.test(issuer)) ? true : undefined;
    });
  });
});

function asOptions(server: TestServer, config: Readonly<Record<string, string>>): string[] {
  const listens = Object.entries(server.addresses).map(
    ([name, address]) => [`listen.${name}`, address] as const,
  );
  return [...listens, ...Object.entries(config)].flatMap(([name, value]) => ['--set', `${name}=${value}`]);
}

async function stateOf({ data }: TestServer, id: string): Promise<CertificateState | undefined> {
  return (await readState(acmePaths(data)))[id];
}

async function certificateAt(port: number, servername = HOST) {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, servername });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerX509Certificate();
  socket.destroy();
  assert.ok(certificate !== undefined);
  return certificate;
}

async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  const endMs = performance.now() + WAIT_MS;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    assert.ok(performance.now() < endMs, 'it does not come about');
    await sleep(100);
  }
}
