/** `account usage`, as a person whose account is full reads it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Usage } from '../../src/mailbox/reading/usage.ts';
import { startServer } from '../kit/server.ts';

const root = mkdtempSync(join(tmpdir(), 'brevduva-usage-'));
after(() => rmSync(root, { recursive: true, force: true }));

const photo = Buffer.alloc(90_000, 7).toString('base64').replace(/.{76}/g, '$&\r\n');

function letter(from: string, subject: string, body: string, type = 'text/plain'): string {
  const fields = [`From: ${from}`, `Subject: ${subject}`, 'MIME-Version: 1.0', `Content-Type: ${type}`];
  return `From x Mon Jan  1 10:00:00 2024\n${fields.join('\n')}\n\n${body.replaceAll('\r', '')}\n\n`;
}

test('mailboxes, senders, age, attachments and the largest messages', async () => {
  const mixed =
    '--b\r\nContent-Type: text/plain\r\n\r\nlook\r\n--b\r\nContent-Type: image/jpeg\r\n' +
    `Content-Transfer-Encoding: base64\r\n\r\n${photo}\r\n--b--\r\n`;
  const file = join(root, 'mail.mbox');
  writeFileSync(
    file,
    letter(
      'Anna Berg <Anna@Example.org>',
      '=?utf-8?q?Sm=C3=B6rg=C3=A5s?=',
      mixed,
      'multipart/mixed; boundary=b',
    ) +
      letter('anna@example.org', 'short', 'a line') +
      letter('olof@example.org', 'long', 'a line of text\n'.repeat(1000)),
  );
  const server = await startServer();
  const cli = server.cli;
  await cli(['account', 'add', 'alice@example.org', '--password-stdin', '--quota', '1MiB'], 'secret\n');
  assert.equal((await cli(['import', 'mbox', file, '--account', 'alice@example.org'])).code, 0);
  const { stdout } = await cli(['account', 'usage', 'alice@example.org']);
  assert.match(stdout, /^alice@example\.org: 1\d\d KiB in 3 messages, 1\d % of 1MiB$/m);
  assert.match(stdout, /^ +12\d KiB +2 messages +anna@example\.org$/m);
  assert.match(stdout, /^ +1\d\d KiB +3 messages +older$|last \d years$/m);
  assert.match(stdout, /^ +1\d\d KiB +1 message +pictures$/m);
  assert.match(stdout, /^ +12\d KiB +2024-01-01 +\S+ 1 +Anna@Example\.org +Smörgås$/m);
  const usage = JSON.parse((await cli(['account', 'usage', 'alice@example.org', '--json'])).stdout) as Usage;
  assert.equal(usage.total.messages, 3);
  assert.equal(
    usage.mailboxes.reduce((sum, { bytes }) => sum + bytes, 0),
    usage.total.bytes,
  );
  assert.equal(
    usage.ages.reduce((sum, { bytes }) => sum + bytes, 0),
    usage.total.bytes,
  );
  assert.equal((await cli(['account', 'usage', 'nobody@example.org'])).code, 1);
  assert.equal(await server.stop(), 0);
});
