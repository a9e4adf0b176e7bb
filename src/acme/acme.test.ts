/** The parts that need no authority, and an authority of a few lines for what Pebble does not have: suggestions when to renew. */
import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { silentLog as log } from '../base/log.ts';
import { makePair } from '../net/self-signed.ts';
import { challengeContext, challengeRoutes, offer } from './challenge.ts';
import { acmePaths, makeFolders } from './files.ts';
import { CertificateKeeper } from './keeper.ts';
import { certificateId, makeRequest } from './request.ts';
import { gapAfterMs, lookAgainMs, readWindow, renewalMs } from './schedule.ts';
import { HOST_ID, NOTHING_YET, readState } from './state.ts';
import { retryAfter } from './wire.ts';

const DAY = 86_400_000;

const folders: string[] = [];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

async function madeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'brevduva-acme-'));
  folders.push(folder);
  return folder;
}

describe('when to renew', () => {
  const chance = fc.double({ min: 0, max: 0.999_999, noNaN: true });
  test('at two thirds of the lifetime, a little earlier or later', () => {
    fc.assert(
      fc.property(chance, fc.integer({ min: 1, max: 400 }), (luck, days) => {
        const at = renewalMs({ fromMs: 0, toMs: days * DAY }, luck) / (days * DAY);
        assert.ok(at > 0.61 && at < 0.72, String(at));
      }),
    );
  });

  test('or as the authority suggests (RFC 9773 §4.2)', () => {
    const suggested = { startMs: 10, endMs: 20 };
    fc.assert(
      fc.property(chance, (luck) => {
        const at = renewalMs({ fromMs: 0, toMs: 90 * DAY }, luck, suggested);
        assert.ok(at >= 10 && at < 20);
      }),
    );
    const body = '{"suggestedWindow":{"start":"2025-01-02T04:00:00Z","end":"2025-01-03T04:00:00Z"}}';
    assert.equal(readWindow(body)?.startMs, Date.UTC(2025, 0, 2, 4));
    for (const none of ['', '[]', '{"suggestedWindow":{"start":"x"}}', body.replace('01-03', '01-01')])
      assert.equal(readWindow(none), undefined);
  });

  test('after failures with growing gaps', () => {
    const minutes = [1, 2, 3, 4, 5, 50].map((failures) => gapAfterMs(failures) / 60_000);
    assert.deepEqual(minutes, [15, 60, 240, 960, 1440, 1440]);
    assert.equal(lookAgainMs(0, 90 * DAY), DAY / 4);
    assert.equal(lookAgainMs(0, 1), 60_000);
  });

  test('what an authority says of waiting', () => {
    assert.equal(retryAfter('3'), 3000);
    assert.equal(retryAfter(undefined), undefined);
    assert.equal(retryAfter('soon'), undefined);
    assert.ok((retryAfter(new Date(Date.now() + 60_000).toUTCString()) ?? 0) > 50_000);
  });
});

async function issuedPair(serialNumber: string, keyId: string): Promise<string> {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const [authority, own] = await Promise.all(
    [1, 2].map(() => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])),
  );
  if (authority === undefined || own === undefined) throw new Error('no keys');
  const certificate = await x509.X509CertificateGenerator.create(
    {
      ...{
        subject: 'CN=mail.example.com',
        issuer: 'CN=An Authority',
        serialNumber,
        signingAlgorithm: algorithm,
      },
      notBefore: new Date(Date.now() - DAY),
      notAfter: new Date(Date.now() + 90 * DAY),
      publicKey: own.publicKey,
      signingKey: authority.privateKey,
      extensions: [
        new x509.AuthorityKeyIdentifierExtension(keyId),
        new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'mail.example.com' }]),
      ],
    },
    webcrypto as Crypto,
  );
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', own.privateKey);
  return `${certificate.toString('pem')}\n${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`;
}

const KEY_ID = '69885b6b87464041e1b37b847ba0ae2cde01c8d4';

test('a certificate is named as in RFC 9773 §4.1', async () => {
  assert.equal(
    await certificateId(await issuedPair('87654321', KEY_ID)),
    'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE',
  );
  assert.equal(await certificateId((await makePair('a.example')).certificate), undefined);
});

test('a renewed certificate has the key of the one before', async () => {
  const publicKey = (pem: string) =>
    createPublicKey(pem).export({ type: 'spki', format: 'der' }).toString('hex');
  const old = await issuedPair('01', KEY_ID);
  const [same, other] = [await makeRequest(['a.example'], old), await makeRequest(['a.example'])];
  assert.equal(publicKey(same.key), publicKey(old.slice(old.indexOf('-----BEGIN PRIVATE'))));
  assert.notEqual(publicKey(other.key), publicKey(same.key));
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  });
  assert.match((await makeRequest(['a.example'], String(rsa))).key, /BEGIN PRIVATE KEY/);
});

test('a keeper that is told to stop does not wait for the authority', async () => {
  const paths = acmePaths(await madeFolder());
  const silent = createTcpServer(() => {});
  await new Promise<void>((resolve) => void silent.listen(0, '127.0.0.1', resolve));
  const directory = `https://localhost:${(silent.address() as AddressInfo).port}/dir`;
  const keeper = new CertificateKeeper({
    ...{ paths, directory, email: '', log, hostname: 'a.example', proofs: { paths, methods: ['http-01'] } },
    ...{ domains: async () => new Map(), prove: async () => undefined },
  });
  const asked = once(silent, 'connection');
  keeper.start();
  await asked;
  const began = performance.now();
  await keeper.stop();
  assert.ok(performance.now() - began < 10_000);
  assert.deepEqual(await readState(paths), {});
  silent.close();
});

test('a challenge is answered while it is needed, and nothing else is (RFC 8555 §8.3)', async () => {
  const paths = acmePaths(await madeFolder());
  const token = 'evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ';
  const common = { name: 'a.example', token, keyAuthorization: `${token}.thumb` };
  const [route] = challengeRoutes(paths);
  const ask = async (last: string) => {
    const path = `/.well-known/acme-challenge/${last}`;
    const reply = await route?.answer({
      ...{
        method: 'GET',
        path,
        query: new URLSearchParams(),
        host: 'a.example',
        headers: {},
        body: Buffer.alloc(0),
        pieces: (async function* () {})(),
        gone: new AbortController().signal,
        closing: new AbortController().signal,
      },
      ...{ isSecure: false, remoteAddress: '192.0.2.1' },
    });
    return reply?.status === 200 ? String(reply.body) : reply?.status;
  };
  const takeAway = await offer({ paths, methods: [] }, { method: 'http-01', ...common });
  assert.equal(await ask(token), common.keyAuthorization);
  for (const other of ['..%2f..%2faccount.json', '../account.json', `${token}x`, '', 'a.example.pem'])
    assert.equal(await ask(other), 404);
  await takeAway();
  assert.equal(await ask(token), 404);
  const away = await offer({ paths, methods: [] }, { method: 'tls-alpn-01', ...common });
  assert.ok((await challengeContext(paths, 'a.example')) !== undefined);
  assert.equal(await challengeContext(paths, '../served'), undefined);
  await away();
  assert.equal(await challengeContext(paths, 'a.example'), undefined);
  await assert.rejects(
    offer({ paths, methods: [] }, { method: 'http-01', ...common, token: '../../x' }),
    /token/,
  );
});

test('a certificate that the authority wants replaced is asked for at once, by its name (RFC 9773 §5)', async () => {
  const data = await madeFolder();
  const paths = acmePaths(data);
  const own = await makePair('localhost');
  const asked: { path: string; payload: Record<string, unknown> }[] = [];
  const server = createServer({ cert: own.certificate, key: own.key }, async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const base = `https://localhost:${(server.address() as AddressInfo).port}`;
    const path = request.url ?? '';
    const text = Buffer.concat(pieces).toString();
    const payload = text === '' ? '' : (JSON.parse(text) as { payload: string }).payload;
    if (text !== '')
      asked.push({ path, payload: JSON.parse(Buffer.from(payload, 'base64url').toString() || '{}') });
    response.setHeader('replay-nonce', `n${asked.length}`);
    const answers: Record<string, () => void> = {
      '/dir': () =>
        response.end(
          JSON.stringify({
            ...{ newNonce: `${base}/nonce`, newAccount: `${base}/account`, newOrder: `${base}/order` },
            renewalInfo: `${base}/ari`,
          }),
        ),
      '/account': () => response.writeHead(201, { location: `${base}/account/1` }).end('{}'),
      '/order': () => {
        const type = 'urn:ietf:params:acme:error:rateLimited';
        response
          .writeHead(429, { 'retry-after': '7200' })
          .end(JSON.stringify({ type, detail: 'closed today' }));
      },
    };
    if (path.startsWith('/ari/'))
      response.end('{"suggestedWindow":{"start":"2020-01-01T00:00:00Z","end":"2020-01-02T00:00:00Z"}}');
    else (answers[path] ?? (() => response.end()))();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  await makeFolders(paths);
  const served = await issuedPair('87654321', KEY_ID);
  await writeFile(paths.served, served, { mode: 0o600 });
  const keeper = new CertificateKeeper({
    ...{
      paths,
      directory: `https://localhost:${(server.address() as AddressInfo).port}/dir`,
      email: '',
      log,
    },
    ...{ ca: own.certificate, hostname: 'mail.example.com', proofs: { paths, methods: ['http-01'] } },
    ...{
      domains: async () => new Map([['a.example', ['autoconfig.a.example']]]),
      prove: async () => undefined,
    },
  });
  keeper.start();
  let state = NOTHING_YET;
  while (state.failures === 0) {
    state = (await readState(paths))[HOST_ID] ?? NOTHING_YET;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await keeper.stop();
  server.close();
  assert.equal(
    asked.find(({ path }) => path === '/order')?.payload.replaces,
    'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE',
  );
  assert.equal(
    asked.filter(({ path }) => path === '/order').length,
    1,
    'for domains it is not asked any more',
  );
  assert.equal(state.why, 'closed today');
  assert.ok(state.nextMs > Date.now() + 7_000_000, 'as long as it asked for');
  assert.equal(await readFile(paths.served, 'utf8'), served);
});
