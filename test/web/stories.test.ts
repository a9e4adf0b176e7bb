/**
 * Stories that a person could tell, played in a real browser at a real server; a second client over IMAP is the witness. No story leaves
 * an error in the console, asks anybody but our server, or has a serious fault of accessibility. Each is played at one size;
 * BREVDUVA_TEST_STORIES=1 plays all of them at both.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import type { ImapFlow } from 'imapflow';
import type { Page } from 'playwright-core';
import { needs } from '../clients/program.ts';
import { ANN, COMPUTER, type House, openHouse, PASSWORD, PHONE, type Visit } from './kit/house.ts';
import { letterOctets } from './kit/letters.ts';

const PLAYS_ALL = process.env.BREVDUVA_TEST_STORIES === '1';
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const ROW = '.row-link';
const WAIT = { timeout: 15_000 };

describe('stories', needs('chromium'), () => {
  let house: House;
  let witness: ImapFlow;
  before(async () => {
    house = await openHouse();
    witness = await house.witness();
  });
  after(async () => {
    await witness?.logout();
    await house?.close();
  });

  /** What is wrong at the end is wrong. */
  function story(
    name: string,
    /** Where it is played in any case. */
    usual: 'phone' | 'computer',
    play: (visit: Visit) => Promise<void>,
    isExpected = /^$/,
  ): void {
    const sizes = [
      ['phone', PHONE, 'sv-SE', 'dark'],
      ['computer', COMPUTER, 'en-GB', 'light'],
    ] as const;
    for (const [size, device, locale, scheme] of sizes.filter(([one]) => PLAYS_ALL || one === usual))
      test(`${name} (${size})`, async () => {
        const visit = await house.visit({ device, locale, scheme });
        try {
          await play(visit);
          assert.deepEqual(
            visit.faults.filter((fault) => !isExpected.test(fault)),
            [],
          );
        } finally {
          await visit.close();
        }
      });
  }

  const rowOf = (page: Page, text: string) => page.locator('.row', { hasText: text });
  const isIn = async (mailbox: string, subject: string): Promise<boolean> => {
    const lock = await witness.getMailboxLock(mailbox);
    try {
      const found = await witness.search({ header: { subject } });
      return (found || []).length > 0;
    } finally {
      lock.release();
    }
  };
  const until = async (isSo: () => Promise<boolean>, what: string): Promise<void> => {
    const endMs = Date.now() + WAIT.timeout;
    while (!(await isSo())) {
      assert.ok(Date.now() < endMs, `waited in vain: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const append = (subject: string, flags: string[] = []) =>
    witness.append(
      'INBOX',
      letterOctets({ from: 'Eva <eva@example.org>', subject, text: 'A word.', date: new Date() }),
      flags,
    );

  story(
    'sign in, with a wrong password first',
    'phone',
    async ({ page, context }) => {
      await context.clearCookies();
      await page.goto(house.origin);
      await page.locator('input[name=username]').fill(ANN);
      await page.locator('input[name=password]').fill('wrong');
      await page.locator('button[type=submit]').click();
      await page.locator('.notice.wrong').waitFor(WAIT);
      await page.locator('input[name=password]').fill(PASSWORD);
      await page.locator('button[type=submit]').click();
      await page.locator(ROW).first().waitFor(WAIT);
      assert.deepEqual(await axe(page), []);
      await page.reload();
      await page.locator(ROW).first().waitFor(WAIT);
      // A browser writes down by itself that it was refused.
    },
    /status of 401/,
  );

  story('mail comes by itself, a star and a farewell from elsewhere too', 'computer', async ({ page }) => {
    const subject = `Fresh ${Math.random()}`;
    await page.locator(ROW).first().waitFor(WAIT);
    await append(subject);
    await rowOf(page, subject).waitFor(WAIT);
    assert.ok(await rowOf(page, subject).evaluate((row) => row.classList.contains('unread')));
    const lock = await witness.getMailboxLock('INBOX');
    const [uid = 0] = (await witness.search({ header: { subject } }, { uid: true })) || [];
    await witness.messageFlagsAdd({ uid: String(uid) }, ['\\Flagged'], { uid: true });
    await rowOf(page, subject).locator('.row-star').waitFor(WAIT);
    await witness.messageDelete({ uid: String(uid) }, { uid: true });
    lock.release();
    await rowOf(page, subject).waitFor({ state: 'detached', ...WAIT });
  });

  story('archive and undo: by keys and by buttons', 'computer', async ({ page }) => {
    const subject = `Archive ${Math.random()}`;
    await append(subject, ['\\Seen']);
    await rowOf(page, subject).waitFor(WAIT);
    const pick = rowOf(page, subject).locator('.row-pick');
    await pick.click();
    await page.keyboard.press('e');
    await rowOf(page, subject).waitFor({ state: 'detached', ...WAIT });
    await until(() => isIn('Archive', subject), 'archived');
    await page.keyboard.press('z');
    await rowOf(page, subject).waitFor(WAIT);
    await until(
      async () => (await isIn('INBOX', subject)) && !(await isIn('Archive', subject)),
      'back in INBOX',
    );
    await rowOf(page, subject).locator('.row-pick').click();
    await page.locator('.selection-bar button[title]').nth(1).click();
    await until(() => isIn('Trash', subject), 'in the Trash');
    await page.locator('.notice-action').click();
    await until(() => isIn('INBOX', subject), 'back again');
  });

  test('a swipe archives, another deletes, and each comes back (phone)', async () => {
    const subjects = [1, 2, 3].map((n) => `Swipe ${n} ${Math.random()}`);
    for (const subject of subjects) await append(subject, ['\\Seen']);
    const { page, faults, close } = await house.visit({ device: PHONE });
    try {
      const [first, second] = subjects as [string, string, string];
      await rowOf(page, first).waitFor(WAIT);
      await swipe(page, first, 200);
      await rowOf(page, first).waitFor({ state: 'detached', ...WAIT });
      await until(() => isIn('Archive', first), 'archived by a swipe');
      await swipe(page, second, -200);
      await until(() => isIn('Trash', second), 'deleted by a swipe');
      await page.locator('.notice-action').click();
      await rowOf(page, second).waitFor(WAIT);
      await until(() => isIn('INBOX', second), 'back');
      await swipe(page, second, 60);
      assert.ok(await rowOf(page, second).isVisible(), 'a short one does nothing');
      assert.deepEqual(faults, []);
    } finally {
      await close();
    }
  });

  story('open, and back to where one was', 'phone', async ({ page }) => {
    await rowOf(page, 'lunch?').waitFor(WAIT);
    await rowOf(page, 'lunch?').locator(ROW).click();
    await page.locator('.reading h1').waitFor(WAIT);
    assert.match(page.url(), /\/m\/inbox\/t\d+$/);
    assert.deepEqual(await axe(page), []);
    await page.reload();
    await page.locator('.reading h1').waitFor(WAIT);
    await page.goBack();
    await rowOf(page, 'lunch?').waitFor(WAIT);
    assert.match(page.url(), /\/(?:m\/inbox)?$/);
  });

  story('search as one types, narrow down, find nothing and look further', 'computer', async ({ page }) => {
    await page.locator(ROW).first().waitFor(WAIT);
    await page.keyboard.press('/');
    const field = page.locator('.search-field input');
    await field.fill('fårö');
    await rowOf(page, 'Bilderna från').waitFor(WAIT);
    await page.locator('.row mark').first().waitFor(WAIT);
    assert.equal(await page.locator('.row').count(), 1);
    assert.deepEqual(await axe(page), []);
    await page.locator('.chip').nth(0).click();
    await page.locator('.empty').waitFor(WAIT);
    await field.fill('Old offer');
    await page.locator('.empty', { hasText: 'Old offer' }).locator('a').click();
    await rowOf(page, 'Old offer').waitFor(WAIT);
    await rowOf(page, 'Old offer').locator(ROW).click();
    await page.locator('.reading h1').waitFor(WAIT);
    await page.goBack();
    await rowOf(page, 'Old offer').waitFor(WAIT);
    assert.equal(await field.inputValue(), 'Old offer in:anywhere');
  });

  story('mailboxes are made, renamed and deleted, and IMAP sees the same', 'phone', async ({ page }) => {
    const name = `Resor ${Math.floor(Math.random() * 1e9)}`;
    await page.goto(`${house.origin}/settings/mailboxes`);
    await page.locator('.settings-after button').click();
    await page.locator('input[name=name]').fill(name);
    await page.locator('select[name=inside]').selectOption({ label: 'Räkningar' });
    await page.locator('.mailbox-form button[type=submit]').click();
    await page.locator('.setting', { hasText: name }).waitFor(WAIT);
    const names = async () => (await witness.list()).map(({ path }) => path);
    assert.ok((await names()).includes(`Räkningar/${name}`));
    assert.deepEqual(await axe(page), []);
    await page.locator('.setting', { hasText: name }).locator('button').nth(0).click();
    await page.locator('.mailbox-form input[name=name]').fill(`${name} b`);
    await page.locator('.mailbox-form button[type=submit]').click();
    await page.locator('.setting', { hasText: `${name} b` }).waitFor(WAIT);
    assert.ok((await names()).includes(`Räkningar/${name} b`));
    await page
      .locator('.setting', { hasText: `${name} b` })
      .locator('button')
      .nth(1)
      .click();
    const letter = { from: 'Eva <eva@example.org>', subject: name, text: 'A word.', date: new Date() };
    await witness.append(`Räkningar/${name} b`, letterOctets(letter), ['\\Seen', '\\Flagged']);
    await page.locator('dialog .danger').click();
    await until(async () => !(await names()).some((path) => path.includes(name)), 'deleted');
    await until(() => isIn('Trash', name), 'its mail is in the Trash');
    await page.locator('.notice-action').click();
    await until(() => isIn(`Räkningar/${name} b`, name), 'back with its mail');
    await until(async () => !(await isIn('Trash', name)), 'not in the Trash any more');
  });

  story('of five that are deleted one after the other the third comes back', 'phone', async ({ page }) => {
    const subjects = [1, 2, 3, 4, 5].map((n) => `Gone ${n} ${Math.random()}`);
    for (const subject of subjects) await append(subject, ['\\Seen']);
    for (const [at, subject] of subjects.entries()) {
      await rowOf(page, subject).waitFor(WAIT);
      await rowOf(page, subject).locator('.row-pick').click();
      await page
        .locator('.selection-deeds')
        .getByRole('button', { name: /^(?:Delete|Ta bort)/ })
        .click();
      await rowOf(page, subject).waitFor({ state: 'detached', ...WAIT });
      if (at === 2) await page.locator('.notice-action').click();
    }
    await rowOf(page, subjects[2] as string).waitFor(WAIT);
    for (const [at, subject] of subjects.entries())
      await until(() => isIn(at === 2 ? 'INBOX' : 'Trash', subject), `${subject} is where it belongs`);
    const [moved = ''] = subjects;
    assert.ok(!(await isIn('INBOX', moved)));
  });

  test('the list with the keyboard alone, heard as it is seen (computer)', async () => {
    const { page, faults, close } = await house.visit();
    try {
      await page.locator(ROW).first().waitFor(WAIT);
      await page.keyboard.press('j');
      const focused = await page.evaluate(() => document.activeElement?.className);
      assert.equal(focused, 'row-link');
      const heard = await rowOf(page, 'Budget for the spring').locator(ROW).ariaSnapshot();
      assert.match(heard, /Unread, .*Olof.*3 messages.*Re: Budget for the spring/);
      await page.keyboard.press('x');
      assert.equal(await page.locator('.selection-count').textContent(), '1 selected');
      await page.keyboard.press('u');
      await page.keyboard.press('?');
      await page.locator('dialog').waitFor(WAIT);
      assert.deepEqual(await axe(page), []);
      await page.keyboard.press('Escape');
      await page.keyboard.press('Enter');
      await page.locator('.reading h1').waitFor(WAIT);
      for (const key of ['g', 't']) await page.keyboard.press(key);
      await page.waitForURL(/\/m\/sent$/, WAIT);
      for (const key of ['g', 'i']) await page.keyboard.press(key);
      await page.waitForURL(/\/m\/inbox$/, WAIT);
      assert.deepEqual(faults, []);
    } finally {
      await close();
    }
  });

  test('several tabs are all live, also when the one with the stream closes', async () => {
    const { context, page, close } = await house.visit();
    try {
      const pages = [page];
      for (let n = 1; n < 8; n++) {
        const other = await context.newPage();
        await other.goto(house.origin);
        pages.push(other);
      }
      for (const one of pages) await one.locator(ROW).first().waitFor(WAIT);
      const subject = `Tabs ${Math.random()}`;
      await append(subject);
      for (const one of pages) await rowOf(one, subject).waitFor(WAIT);
      await page.close();
      const later = `Later ${Math.random()}`;
      await append(later);
      for (const one of pages.slice(1)) await rowOf(one, later).waitFor(WAIT);
    } finally {
      await close();
    }
  });

  test('a session that is ended elsewhere ends here, and says so', async () => {
    const here = await house.visit();
    try {
      await here.page.locator(ROW).first().waitFor(WAIT);
      const headers = { 'sec-fetch-site': 'same-origin' };
      const { devices } = await (
        await here.context.request.get(`${house.origin}/web/devices`, { headers })
      ).json();
      const { id } = devices.find((one: { isThis: boolean }) => one.isThis);
      await here.context.request.post(`${house.origin}/web/devices/end`, { headers, data: { id } });
      await here.page.locator('.sign-in').waitFor(WAIT);
      assert.equal(await here.page.locator(ROW).count(), 0);
      const isClean = (): Promise<boolean> =>
        here.page.evaluate(
          async () =>
            (await indexedDB.databases()).length + (await caches.keys()).length + localStorage.length === 0,
        );
      await until(isClean, 'nothing is left in the browser');
    } finally {
      await here.close();
    }
  });
});

async function swipe(page: Page, subject: string, by: number): Promise<void> {
  const box = await page.locator('.row', { hasText: subject }).boundingBox();
  assert.ok(box);
  const [x, y] = [box.x + box.width / 2 - by / 2, box.y + box.height / 2];
  const session = await page.context().newCDPSession(page);
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', at?: number) =>
    session.send('Input.dispatchTouchEvent', { type, touchPoints: at === undefined ? [] : [{ x: at, y }] });
  await touch('touchStart', x);
  for (let step = 1; step <= 8; step++) await touch('touchMove', x + (by * step) / 8);
  await touch('touchEnd');
  await session.detach();
}

/** What axe finds that is serious: the rule and where. */
async function axe(page: Page): Promise<string[]> {
  await page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished.catch(() => {}))));
  const session = await page.context().newCDPSession(page);
  // By the debugger: the page itself lets no script in.
  await session.send('Runtime.evaluate', { expression: AXE });
  const { result } = await session.send('Runtime.evaluate', {
    expression: `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }).then(({ violations }) => JSON.stringify(violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => id + ' ' + target + ' ' + failureSummary))))`,
    awaitPromise: true,
    returnByValue: true,
  });
  await session.detach();
  return JSON.parse(String(result.value));
}
