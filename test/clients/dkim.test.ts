/** What we sign and seal, verified by dkimpy: another implementation of RFC 6376, RFC 8463 and RFC 8617. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type CheckedMessage, MessageCheck } from '../../src/message-auth/check.ts';
import { makeKey } from '../../src/message-auth/keys.ts';
import { sealFields } from '../../src/message-auth/seal.ts';
import { MessageSigner, type SigningKey, signingKey } from '../../src/message-auth/sign.ts';
import { needs, succeed } from './program.ts';

const NOW = Date.UTC(2026, 10, 20);
/** Whose package it is; another one in the path does not have it. */
const DEBIANS_PYTHON = '/usr/bin/python3';
const MESSAGES: Readonly<Record<string, string>> = {
  plain: 'From: Anna <anna@example.com>\r\nTo: bo@example.org\r\nSubject: Hi\r\n\r\nHello\r\n',
  'white space and empty lines':
    'From: Anna\r\n\t<anna@example.com>\r\nSubject:   a   b  \r\n\tc \r\nTo: bo@example.org\r\n\r\n a\t b \r\n\r\n\r\nend  \r\n\r\n\r\n',
  'no body': 'From: anna@example.com\r\nSubject: x\r\n\r\n',
  'long lists':
    `From: anna@example.com\r\nTo: ${Array.from({ length: 40 }, (_, i) => `p${i}@example.org`).join(',\r\n ')}\r\n` +
    'List-Id: <l.example.com>\r\nList-Unsubscribe: <https://example.com/u>\r\nReferences: <1@a>\r\n <2@b>\r\n\r\nx\r\n',
  'eight bits': 'From: \u00c5sa <asa@example.com>\r\nSubject: R\u00e4kning\r\n\r\nsm\u00f6rg\u00e5s\r\n',
};

describe('dkimpy', needs('dkimverify'), () => {
  let folder: string;
  let keys: SigningKey[];
  let records: Record<string, string>;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'brevduva-dkim-'));
    const [rsa, ed25519] = [await makeKey('rsa'), await makeKey('ed25519')];
    keys = [
      signingKey('example.com', 'r', rsa.privateKey),
      signingKey('example.com', 'e', ed25519.privateKey),
    ];
    records = { 'r._domainkey.example.com': rsa.record, 'e._domainkey.example.com': ed25519.record };
    await writeFile(join(folder, 'keys.json'), JSON.stringify(records));
  });
  after(() => rm(folder, { recursive: true }));

  async function verify(
    message: Buffer,
  ): Promise<{ dkim: unknown[]; arc: string; sets: number; reason: string }> {
    const args = [join(import.meta.dirname, 'dkim-verify.py'), join(folder, 'keys.json')];
    return JSON.parse((await succeed(DEBIANS_PYTHON, args, { input: message })).stdout.toString());
  }

  async function sign(message: Buffer, only: readonly SigningKey[]): Promise<Buffer> {
    const at = message.indexOf('\r\n\r\n') + 4;
    const signer = new MessageSigner(message.subarray(0, at));
    signer.update(message.subarray(at));
    return Buffer.concat([Buffer.from(await signer.finish(only, NOW)), message]);
  }

  async function seal(message: Buffer): Promise<Buffer> {
    const dns = {
      ask: async (name: string, type: string) =>
        (type === 'TXT' && records[name] !== undefined
          ? { kind: 'found', records: [records[name]], name, isSecure: false }
          : { kind: 'nxdomain', isSecure: false }) as never,
    };
    const client = { address: '192.0.2.1', helo: 'mail.example.com', mailFrom: 'anna@example.com' };
    const check = new MessageCheck({ dns, hostname: 'mx.example.org' }, client);
    await check.write(message);
    const checked: CheckedMessage = await check.finish();
    const [key] = keys as [SigningKey];
    const fields = await sealFields(checked, { hostname: 'mx.example.org', key, nowMs: NOW });
    return Buffer.concat([Buffer.from(fields), message]);
  }

  for (const [name, text] of Object.entries(MESSAGES))
    it(`takes our signatures and seals: ${name}`, async () => {
      const message = await sign(Buffer.from(text), keys);
      const sealed = await verify(await seal(await seal(message)));
      assert.deepEqual([sealed.dkim[0], sealed.arc, sealed.sets], [true, 'pass', 2], JSON.stringify(sealed));
      // Ed25519 where its library (PyNaCl) is there.
      if (sealed.dkim[1] !== false)
        assert.ok(sealed.dkim[1] === true || /nacl/i.test(String(sealed.dkim[1])));
    });

  it('refuses what was changed', async () => {
    const message = await seal(await sign(Buffer.from(MESSAGES.plain as string), keys));
    const changed = Buffer.from(message.toString('latin1').replace('Hello', 'Hullo'), 'latin1');
    const found = await verify(changed);
    assert.notEqual(found.dkim[0], true);
    assert.notEqual(found.arc, 'pass');
  });
});
