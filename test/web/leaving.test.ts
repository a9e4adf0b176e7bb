/** What is heard of the main screens by whoever does not see them, and what stays behind when somebody has gone. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { needs } from '../clients/program.ts';
import { type House, openHouse } from './kit/house.ts';

const GOLDEN = join(import.meta.dirname, 'golden');
const isWriting = process.env.BREVDUVA_WRITE_GOLDEN === '1';
const WAIT = { timeout: 20_000 };

describe('coming and going', needs('chromium'), () => {
  let house: House;
  before(async () => {
    house = await openHouse([]);
    await house.deliver({
      from: 'Anna Berg <anna@example.com>',
      subject: 'Lunch on Friday',
      text: 'At noon?',
    });
    await house.deliver({ from: 'Olof <olof@example.com>', subject: 'Keys', text: 'Under the mat.' });
  });
  after(() => house?.close());

  /** What the browser keeps for this page beside its cookie. */
  const kept = (page: Page): Promise<{ databases: number; rows: number; local: number }> =>
    page.evaluate(async () => {
      const databases = await indexedDB.databases();
      let rows = 0;
      for (const { name = '' } of databases) {
        const db = await new Promise<IDBDatabase>((resolve, reject) => {
          const asked = indexedDB.open(name);
          asked.onsuccess = () => resolve(asked.result);
          asked.onerror = () => reject(asked.error);
        });
        for (const store of db.objectStoreNames)
          rows += await new Promise<number>((resolve, reject) => {
            const asked = db.transaction(store).objectStore(store).count();
            asked.onsuccess = () => resolve(asked.result);
            asked.onerror = () => reject(asked.error);
          });
        db.close();
      }
      return { databases: databases.length, rows, local: localStorage.length };
    });

  test('the main screens are heard as they are seen', { timeout: 120_000 }, async () => {
    const visit = await house.visit();
    const { page } = visit;
    await page.waitForSelector('.row-link', WAIT);
    await compare(page, 'list');
    await page.locator('.row-link', { hasText: 'Lunch' }).click();
    await page.waitForSelector('.reading h1', WAIT);
    await page.locator('.plain-text', { hasText: 'At noon?' }).waitFor(WAIT);
    await page.getByRole('heading', { name: 'Inbox 1 unread' }).waitFor(WAIT);
    // A row under the mouse has buttons.
    await page.mouse.move(0, 0);
    await compare(page, 'conversation');
    await page.goto(`${house.origin}/write`);
    await page.waitForSelector('.editor', WAIT);
    await compare(page, 'writer');
    await visit.close();
  });

  test('signing out leaves nothing of the mail in the browser', { timeout: 120_000 }, async () => {
    const visit = await house.visit();
    const { page } = visit;
    await page.locator('.row-link', { hasText: 'Keys' }).click(WAIT);
    await page.waitForSelector('.reading h1', WAIT);
    await page.waitForFunction(async () => (await indexedDB.databases()).length > 0, undefined, WAIT);
    assert.ok((await kept(page)).rows > 0, 'it was there');
    await page.goto(`${house.origin}/settings`);
    await page.getByRole('button', { name: /^Sign out/ }).click(WAIT);
    await page.waitForSelector('input[name=username]', WAIT);
    await page.reload();
    await page.waitForSelector('input[name=username]', WAIT);
    const { rows, local } = await kept(page);
    assert.deepEqual({ rows, local }, { rows: 0, local: 0 });
    const cookies = await visit.context.cookies();
    assert.deepEqual(cookies, []);
    await visit.close();
  });
});

/** With times and sizes as letters: `BREVDUVA_WRITE_GOLDEN=1` writes what is heard now, to be read before it is kept. */
async function compare(page: Page, name: string): Promise<void> {
  const heard = (await page.locator('main').ariaSnapshot())
    .replace(/\b\d{1,2}:\d\d\b/g, 'TIME')
    .replace(/\b\d{1,2} [A-Z][a-z]{2} \d{4}\b/g, 'DAY');
  const path = join(GOLDEN, `${name}.txt`);
  if (isWriting) writeFileSync(path, `${heard}\n`);
  else assert.equal(`${heard}\n`, readFileSync(path, 'utf8'), name);
}
