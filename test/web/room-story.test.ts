/**
 * A mailbox from nearly full to room again, over every way in and out: its owner is warned in time and in Swedish, by mail and in the webmail; when it
 * is full, mail waits wherever it comes from; each way of cleaning lets in what waits; and what was deleted comes back.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTransport } from 'nodemailer';
import type { Page } from 'playwright-core';
import { needs } from '../clients/program.ts';
import { ImapClient } from '../imap-client.ts';
import { startDns, type TestDns } from '../kit/dns.ts';
import { LineClient } from '../kit/line-client.ts';
import { Pop3Client } from '../pop3-client.ts';
import { ANN, type House, openHouse, PASSWORD, PHONE } from './kit/house.ts';

const BOB = 'bob@example.org';
const QUOTA = 4_000_000;
const SWEDISH = '=?utf-8?B?';

let house: House;
let dns: TestDns;
let imap: ImapClient;
before(async () => {
  dns = await startDns({ zone: [] });
  house = await openHouse([], {
    ...{ 'listen.smtp': '127.0.0.1:0', 'mx.greeting_delay': '0', hostname: 'mail.example.org' },
    ...{ 'dns.servers': `${dns.host}:${dns.port}`, 'auth.plaintext': 'always', 'queue.retry': '1h' },
  });
  const { server } = house;
  await server.cli(['account', 'add', BOB, '--password-stdin'], PASSWORD);
  await server.cli(['account', 'quota', ANN, String(QUOTA)]);
  await server.cli(['account', 'set', ANN, 'queue.language', 'sv']);
  imap = await ImapClient.connect(server.port('imap'));
  await imap.greeting();
  await imap.ok(`LOGIN ${ANN} "${PASSWORD}"`);
});
after(async () => {
  imap.close();
  await house.close();
  await dns.close();
});

const letter = (subject: string, bytes: number): string =>
  `From: Foto <foto@example.com>\r\nSubject: ${subject}\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(Math.ceil(bytes / 72))}`;

/** From outside; the reply to DATA, or to RCPT where it is refused there. */
async function send(over: 'lmtp' | 'smtp', subject: string, bytes: number): Promise<string> {
  const client = await LineClient.connect(house.server.port(over));
  client.send(`${over === 'smtp' ? 'EHLO' : 'LHLO'} client.example.com\r\n`);
  for (let n = 0; n < 2; n++) await client.reply();
  client.send(`MAIL FROM:<foto@example.com> SIZE=${bytes}\r\nRCPT TO:<${ANN}>\r\n`);
  await client.reply();
  const named = await client.reply();
  if (!named.startsWith('250')) return named;
  client.send('DATA\r\n');
  await client.reply();
  client.send(letter(subject, bytes), '.\r\n');
  const reply = await client.reply();
  client.socket.destroy();
  return reply;
}

/** From here; it is in the queue when this resolves. */
async function submit(subject: string, bytes: number): Promise<void> {
  const transport = createTransport({
    ...{ host: '127.0.0.1', port: house.server.port('submission'), tls: { rejectUnauthorized: false } },
    auth: { user: BOB, pass: PASSWORD },
  });
  await transport.sendMail({ from: BOB, to: ANN, subject, text: 'y'.repeat(bytes) });
  transport.close();
}

async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
  for (const endMs = performance.now() + 30_000; !(await isSo()); await sleep(30))
    assert.ok(performance.now() < endMs, what);
}

async function subjects(mailbox = 'INBOX'): Promise<string[]> {
  await imap.ok(`SELECT ${mailbox}`);
  const { untagged } = await imap.command('FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])');
  return [...untagged.join('\n').matchAll(/^Subject: ([^\r]*(?:\r\n [^\r]*)*)/gm)].map(([, one = '']) => one);
}

const notices = async (): Promise<number> =>
  (await subjects()).filter((one) => one.startsWith(SWEDISH)).length;

/** Up to so much of the quota, by LMTP. */
async function fillTo(share: number): Promise<void> {
  const { stdout } = await house.server.cli(['account', 'list', '--json']);
  const all = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const { usedBytes } = all.find(({ address }) => address === ANN) as { readonly usedBytes: number };
  const bytes = Math.floor(share * QUOTA - usedBytes - 400);
  if (bytes > 0) assert.match(await send('lmtp', `to ${share}`, bytes), /^250/);
}

const waits = async (subject: string): Promise<void> => {
  await submit(subject, 250_000);
  await until(
    async () => /4\.2\.2/.test((await house.server.cli(['queue', 'list', '--json'])).stdout),
    `${subject} waits`,
  );
};

const comes = (subject: string): Promise<void> =>
  until(async () => (await subjects()).includes(subject), `${subject} comes`);

async function removeBy(pick: (subject: string) => boolean): Promise<void> {
  const at = (await subjects()).findIndex(pick) + 1;
  assert.ok(at > 0);
  await imap.ok(`STORE ${at} +FLAGS.SILENT (\\Deleted)`);
  await imap.ok('EXPUNGE');
}

describe('a mailbox that fills', { ...needs('chromium'), timeout: 180_000 }, () => {
  test('is said in time, keeps nobody from deleting, and lets in what waits however room is made', async () => {
    await send('smtp', 'small', 2000);
    for (const n of [1, 2, 3]) assert.match(await send('lmtp', `Semesterbilder ${n}`, 1_060_000), /^250/);
    const { page, faults, close } = await house.visit({
      device: PHONE,
      locale: 'sv-SE',
    });
    const line = page.locator('.space-line');
    for (const [n, share] of [0.81, 0.91, 0.96].entries()) {
      await fillTo(share);
      await until(async () => (await notices()) === n + 1, `told of ${share}`);
      await line
        .getByText(`Din brevlåda är full till ${[80, 90, 95][n]?.toString()[0]}`)
        .first()
        .waitFor();
    }

    for (const over of ['smtp', 'lmtp'] as const)
      assert.match(await send(over, 'refused', 400_000), /^452 4\.2\.2 the mailbox is full/, over);
    const text = letter('refused', 400_000);
    const append = await imap.command(`APPEND INBOX {${text.length}+}\r\n${text}`);
    assert.match(append.text, /^\[OVERQUOTA\]/);
    await waits('waits for the webmail');
    await until(async () => (await notices()) === 4, 'told that mail waits');
    await line.getByText('Din brevlåda är full: post till dig väntar').waitFor();

    await cleanInWebmail(page);
    await comes('waits for the webmail');
    await page.goto(house.origin);
    await page.locator('.row').first().waitFor();
    await line.waitFor({ state: 'detached' });
    assert.deepEqual(faults, []);

    await fillTo(0.97);
    await waits('waits for IMAP');
    await removeBy((subject) => subject.startsWith('to 0.97'));
    await comes('waits for IMAP');

    await fillTo(0.97);
    await waits('waits for POP3');
    await deleteOverPop3('to 0.97');
    await comes('waits for POP3');

    await page.goto(`${house.origin}/settings/deleted`);
    await page.getByRole('button', { name: 'Hämta tillbaka Semesterbilder 1' }).click();
    await page.locator('.notice-text', { hasText: /^1 brev är tillbaka/ }).waitFor();
    assert.ok((await subjects('Trash')).includes('Semesterbilder 1'));
    assert.deepEqual(faults, []);
    await close();
    const { stdout } = await house.server.cli(['check']);
    assert.match(stdout, /: no problems$/m);
  });
});

/** What is large goes to the Trash, and the Trash is emptied: each a press and a yes. */
async function cleanInWebmail(page: Page): Promise<void> {
  await page.goto(`${house.origin}/settings/space`);
  await page.getByRole('button', { name: /^Ta bort: Brev större än/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Ta bort' }).click();
  await page.locator('.notice-text', { hasText: '3 brev i Papperskorgen' }).waitFor();
  await page.getByRole('button', { name: /^Töm Papperskorgen/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Töm Papperskorgen' }).click();
  await page.locator('.notice-text', { hasText: /är tom$/ }).waitFor();
}

async function deleteOverPop3(subject: string): Promise<void> {
  const pop3 = await Pop3Client.signIn(house.server.port('pop3'), ANN, PASSWORD);
  for (const [number] of await pop3.table('LIST')) {
    const { body } = await pop3.list(`TOP ${number} 0`);
    if (body.includes(`Subject: ${subject}\r\n`)) await pop3.ok(`DELE ${number}`);
  }
  await pop3.ok('QUIT');
}
