/**
 * A mailbox of a great many mails in the browser: opened, looked at in the middle and at the end, a thousand archived at once and taken back.
 * BREVDUVA_TEST_LARGE says how many there are.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ImapFlow } from 'imapflow';
import { ANN, CHROMIUM, type House, openHouse } from './kit/house.ts';

const COUNT = Number(process.env.BREVDUVA_TEST_LARGE ?? 10_000);
const MOST_ROWS = 60;
const TIME = { timeout: 60_000 };
const nowMs = Date.now();

describe(`${COUNT} mails`, { skip: CHROMIUM === undefined && 'no Chromium here' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'brevduva-large-'));
  let house: House;
  let witness: ImapFlow;
  before(async () => {
    house = await openHouse([]);
    const file = join(folder, 'INBOX.mbox');
    writeFileSync(file, mbox(COUNT));
    const { code, stderr } = await house.server.cli([
      'import',
      'mbox',
      file,
      '--account',
      ANN,
      '--mailbox',
      'INBOX',
    ]);
    assert.equal(code, 0, stderr);
    witness = await house.witness();
  });
  after(async () => {
    await witness.logout();
    await house.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const countIn = async (mailbox: string): Promise<number> => {
    const status = await witness.status(mailbox, { messages: true });
    return status ? (status.messages ?? 0) : 0;
  };
  const until = async (isSo: () => Promise<boolean>): Promise<void> => {
    for (const endMs = performance.now() + TIME.timeout; !(await isSo()); ) {
      assert.ok(performance.now() < endMs, 'waited in vain');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };

  test('it opens, the middle and the end are there, and few rows are in the page', async () => {
    const visit = await house.visit();
    const { page } = visit;
    await page.locator('.row-link', { hasText: `About number ${COUNT - 1}` }).waitFor(TIME);
    const scrollTo = (part: number): Promise<void> =>
      page.locator('.list-scroll').evaluate((element, at) => {
        element.scrollTop = (element.scrollHeight - element.clientHeight) * at;
      }, part);
    await scrollTo(0.5);
    await page
      .locator('.row-link')
      .filter({ hasText: new RegExp(`About number ${String(COUNT / 2).slice(0, 2)}`) })
      .first()
      .waitFor(TIME);
    assert.ok((await page.locator('.row-place').count()) <= MOST_ROWS);
    await scrollTo(1);
    await page.locator('.row-link', { hasText: /About number 0 / }).waitFor(TIME);
    await page.locator('.row-link', { hasText: /About number 0 / }).click();
    await page.locator('.reading h1').waitFor(TIME);
    await page.goBack();
    await page.locator('.row-link', { hasText: /About number 0 / }).waitFor(TIME);
    assert.ok((await page.locator('.row-place').count()) <= MOST_ROWS);
    assert.deepEqual(visit.faults, []);
    await visit.close();
  });

  test('a day is gone to, with the keyboard and by the button', async () => {
    const visit = await house.visit();
    const { page } = visit;
    await page.locator('.row-link').first().waitFor(TIME);
    const daysAgo = (days: number) =>
      page.evaluate((count) => {
        const now = new Date();
        const day = new Date(now.getFullYear(), now.getMonth(), now.getDate() - count);
        const end = new Date(now.getFullYear(), now.getMonth(), now.getDate() - count + 1);
        const field = [day.getFullYear(), day.getMonth() + 1, day.getDate()].map((one) =>
          String(one).padStart(2, '0'),
        );
        return { field: field.join('-'), endMs: end.getTime() };
      }, days);
    const { field, endMs } = await daysAgo(5);
    await page.keyboard.press('g');
    await page.keyboard.press('c');
    await page.locator('dialog input[type=date]').fill(field);
    await page.getByRole('button', { name: 'Go there' }).click();
    const newest = COUNT - 1 - Math.floor((nowMs - 60_000 - endMs) / 60_000) - 1;
    const focused = page.locator('.row-link:focus');
    await focused.waitFor(TIME);
    const number = async (): Promise<number> =>
      Number(/About number (\d+)/.exec((await focused.textContent()) ?? '')?.[1]);
    assert.ok(Math.abs((await number()) - newest) <= 2, `${await number()} and not ${newest}`);
    assert.ok(await focused.evaluate((row) => row.getBoundingClientRect().top < innerHeight / 2));
    await page.getByRole('button', { name: 'Go to a day' }).click();
    await page.getByRole('button', { name: 'The oldest' }).click();
    await page.locator('.row-link:focus', { hasText: /About number 0 / }).waitFor(TIME);
    assert.ok((await page.locator('.row-place').count()) <= MOST_ROWS);
    assert.deepEqual(visit.faults, []);
    await visit.close();
  });

  test('a thousand are selected, archived, and taken back', async () => {
    const visit = await house.visit();
    const { page } = visit;
    await page.locator('.row-pick').first().click();
    await page.getByRole('button', { name: 'Select all' }).click();
    await page.getByText('1,000 selected').first().waitFor(TIME);
    await page.locator('.selection-deeds').getByRole('button', { name: 'Archive' }).click();
    await page.locator('.notice-text', { hasText: '1,000' }).waitFor(TIME);
    await page.locator('.row-link', { hasText: `About number ${COUNT - 1001} ` }).waitFor(TIME);
    await page.locator('.notice-action').click();
    await until(async () => (await countIn('Archive')) === 0 && (await countIn('INBOX')) === COUNT);
    await page.locator('.row-link', { hasText: `About number ${COUNT - 1} ` }).waitFor(TIME);
    await page.locator('.row-pick').first().click();
    await page.getByRole('button', { name: 'Select all' }).click();
    await page.getByText('1,000 selected').first().waitFor(TIME);
    await page.locator('.selection-deeds').getByRole('button', { name: 'Archive' }).click();
    await until(async () => (await countIn('Archive')) === 1000);
    assert.equal(await countIn('INBOX'), COUNT - 1000);
    assert.deepEqual(visit.faults, []);
    await visit.close();
  });
});

/** A mail a minute, the last one just now. */
function mbox(count: number): string {
  const mails = Array.from({ length: count }, (_, n) => {
    const date = new Date(nowMs - (count - n) * 60_000);
    const fields = [
      `From: Writer ${n % 500} <writer${n % 500}@example.com>`,
      `Subject: About number ${n} of them`,
      `Date: ${date.toUTCString().replace('GMT', '+0000')}`,
      `Message-ID: <${n}.large@example.com>`,
    ];
    return `From writer@example.com ${asctime(date)}\n${fields.join('\n')}\n\nWords of number ${n}.\n\n`;
  });
  return mails.join('');
}

function asctime(date: Date): string {
  const [weekday, day, month, year, time] = date.toUTCString().replace(',', '').split(' ');
  return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} ${year}`;
}
