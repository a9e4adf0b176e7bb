/** The signature of a profile, as OpenSSL reads it (RFC 5652). */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makePair } from '../../src/net/self-signed.ts';
import type { Pair } from '../../src/net/tls.ts';
import { signedData } from '../../src/setup/signed-data.ts';
import { needs, run, succeed } from './program.ts';

const PROFILE = Buffer.from(`<?xml version="1.0"?>\n<plist>${'å'.repeat(300)}</plist>\n`);

describe('openssl', needs('openssl'), () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'brevduva-cms-'));
  });
  after(() => rm(folder, { recursive: true }));

  const verify = (signed: Buffer) => {
    const args = ['cms', '-verify', '-inform', 'DER', '-CAfile', join(folder, 'cert.pem'), '-purpose', 'any'];
    return run('openssl', args, { input: signed });
  };

  async function rsaPair(): Promise<Pair> {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await writeFile(join(folder, 'key.pem'), key, { mode: 0o600 });
    const args = [
      'req',
      '-x509',
      '-new',
      '-key',
      join(folder, 'key.pem'),
      '-days',
      '30',
      '-subj',
      '/CN=mail.example.com',
    ];
    return { key, certificate: (await succeed('openssl', args)).stdout.toString() };
  }

  for (const [name, make] of [
    ['an elliptic curve', () => makePair('mail.example.com')],
    ['RSA', rsaPair],
  ] as const)
    it(`verifies a file that is signed by ${name}, and no other`, async () => {
      const pair = await make();
      await writeFile(join(folder, 'cert.pem'), pair.certificate);
      const signed = (await signedData(PROFILE, pair, new Date())) as Buffer;
      const { code, stdout, stderr } = await verify(signed);
      assert.equal(code, 0, stderr);
      assert.deepEqual(stdout, PROFILE);
      const at = signed.indexOf('<plist>');
      const changed = Buffer.concat([
        signed.subarray(0, at),
        Buffer.from('<plisT>'),
        signed.subarray(at + 7),
      ]);
      assert.notEqual((await verify(changed)).code, 0);
    });
});
