/** Which certificate fits which record (RFC 7672 §3.1, RFC 6698 §2.1). */
import assert from 'node:assert/strict';
import { createHash, webcrypto, X509Certificate } from 'node:crypto';
import { before, describe, it } from 'node:test';
import type { Dns } from '../dns/answer.ts';
import { fitsDane, lookUpDane } from './dane.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
type Keys = webcrypto.CryptoKeyPair;
const DAY = 24 * 3_600_000;

let leaf: X509Certificate;
let authority: X509Certificate;
let stranger: X509Certificate;

before(async () => {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  x509.cryptoProvider.set(webcrypto as never);
  const make = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<Keys>;
  const [ca, own, other] = [await make(), await make(), await make()];
  const dates = { notBefore: new Date(Date.now() - DAY), notAfter: new Date(Date.now() + DAY) };
  const root = async (keys: Keys) =>
    x509.X509CertificateGenerator.createSelfSigned({
      ...{
        serialNumber: '01',
        name: 'CN=authority',
        keys: keys as never,
        signingAlgorithm: ALGORITHM,
        ...dates,
      },
      extensions: [new x509.BasicConstraintsExtension(true, 1, true)],
    });
  const issuer = await root(ca);
  const made = await x509.X509CertificateGenerator.create({
    ...{ serialNumber: '02', subject: 'CN=mx.example.org', issuer: issuer.subject, ...dates },
    ...{ publicKey: own.publicKey as never, signingKey: ca.privateKey as never, signingAlgorithm: ALGORITHM },
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'mx.example.org' }])],
  });
  leaf = new X509Certificate(Buffer.from(made.rawData));
  authority = new X509Certificate(Buffer.from(issuer.rawData));
  stranger = new X509Certificate(Buffer.from((await root(other)).rawData));
});

const hash = (name: string, octets: Buffer): Buffer => createHash(name).update(octets).digest();
const spki = (one: X509Certificate): Buffer =>
  one.publicKey.export({ type: 'spki', format: 'der' }) as Buffer;
const record = (usage: number, selector: number, matchingType: number, certificate: Buffer) => {
  return { usage, selector, matchingType, certificate };
};
const fits = (
  records: Parameters<typeof fitsDane>[0],
  chain: readonly X509Certificate[],
  name = 'mx.example.org',
) => fitsDane(records, chain, [name], Date.now());

describe('a certificate and DANE', () => {
  it('fits by itself, whatever its name and its dates are (DANE-EE)', () => {
    const all = [
      record(3, 0, 0, leaf.raw),
      record(3, 0, 1, hash('sha256', leaf.raw)),
      record(3, 1, 1, hash('sha256', spki(leaf))),
      record(3, 1, 2, hash('sha512', spki(leaf))),
    ];
    for (const one of all) {
      assert.ok(fits([one], [leaf]), JSON.stringify(one));
      assert.ok(fitsDane([one], [leaf], ['elsewhere.example'], Date.now() + 100 * DAY));
      assert.ok(!fits([one], [stranger]));
    }
  });

  it('fits by the authority that issued it, for its name and in its time (DANE-TA)', () => {
    const one = record(2, 0, 1, hash('sha256', authority.raw));
    assert.ok(fits([one], [leaf, authority]));
    assert.ok(!fits([one], [leaf]), 'the authority has to be shown');
    assert.ok(!fits([one], [leaf, authority], 'other.example.org'));
    assert.ok(!fitsDane([one], [leaf, authority], ['mx.example.org'], Date.now() + 100 * DAY));
    // One of the same name that did not issue it.
    assert.ok(!fits([record(2, 0, 1, hash('sha256', stranger.raw))], [leaf, stranger]));
    assert.ok(!fits([record(2, 0, 1, hash('sha256', leaf.raw))], [leaf, authority]));
    assert.ok(!fits([], [leaf, authority]));
  });

  it('is asked for, and a failure is not taken for an absence (RFC 7672 §2.1)', async () => {
    const dns = (answer: object): Dns => ({ ask: async () => answer as never });
    const records = [
      record(3, 1, 1, Buffer.alloc(32)),
      record(0, 0, 1, Buffer.alloc(32)),
      record(3, 1, 1, Buffer.alloc(5)),
    ];
    const found = { kind: 'found', name: 'x', records, isSecure: true };
    const secure = await lookUpDane(dns(found), 'mx.example.org', 25);
    assert.deepEqual(secure, { kind: 'records', records: records.slice(0, 1) });
    assert.equal((await lookUpDane(dns({ ...found, isSecure: false }), 'x', 25)).kind, 'none');
    assert.equal((await lookUpDane(dns({ ...found, records: records.slice(1) }), 'x', 25)).kind, 'unusable');
    assert.equal((await lookUpDane(dns({ kind: 'nodata', isSecure: true }), 'x', 25)).kind, 'none');
    for (const kind of ['servfail', 'timeout', 'unusable'])
      assert.equal((await lookUpDane(dns({ kind, detail: '' }), 'x', 25)).kind, 'unknown');
  });
});
