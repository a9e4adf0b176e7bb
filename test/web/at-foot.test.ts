/** An answer that is written at the foot of its conversation, which one does not leave for it: as safe as on a page of its own, and there at one press. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { needs } from '../clients/program.ts';
import { seriousFaults } from './kit/axe.ts';
import { COMPUTER, type House, openHouse, PASSWORD, PHONE } from './kit/house.ts';

const WAIT = { timeout: 20_000 };
const SUBJECT = 'Midsommar i stugan – vem tar båten?';

describe('an answer at the foot', needs('chromium'), () => {
  let house: House;
  before(async () => {
    house = await openHouse();
    await house.server.cli(['account', 'add', 'anna.berg@example.org', '--password-stdin'], PASSWORD);
  });
  after(() => house?.close());

  async function subjectsIn(mailbox: string): Promise<string[]> {
    const witness = await house.witness();
    await witness.mailboxOpen(mailbox);
    const subjects: string[] = [];
    for await (const { envelope } of witness.fetch('1:*', { envelope: true }))
      subjects.push(envelope?.subject ?? '');
    await witness.logout();
    return subjects.filter((one) => /Midsommar/.test(one));
  }
  const until = async (isSo: () => Promise<boolean>, what: string): Promise<void> => {
    for (const endMs = Date.now() + WAIT.timeout; !(await isSo()); ) {
      assert.ok(Date.now() < endMs, `waited in vain: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const conversation = async (page: Page): Promise<void> => {
    await page.locator('.row', { hasText: 'Midsommar' }).first().locator('.row-link').click();
    await page.locator('.reading h1', { hasText: 'Midsommar' }).waitFor(WAIT);
  };
  const text = (page: Page) => page.locator('.writer .editor');

  test('is begun by a key, goes over to its page and back, is gone on with, and sent', async () => {
    const { page, faults, close } = await house.visit({ device: COMPUTER });
    await conversation(page);
    const { pathname } = new URL(page.url());
    await page.keyboard.press('r');
    await text(page).waitFor(WAIT);
    await page.keyboard.type('I take it.');
    await page.getByText(/^Saved everywhere/).waitFor(WAIT);
    assert.equal(new URL(page.url()).pathname, pathname, 'one has not left');
    assert.equal(await page.locator('.draft-word').count(), 0, 'it stands there once');
    assert.ok(await page.locator('.at-foot .writer-bar').evaluate(isInView));
    assert.deepEqual(await seriousFaults(page), []);

    await page.keyboard.type(' And the oars.');
    await page.getByRole('button', { name: 'On a page of its own' }).click();
    await page.locator('.shell[data-at=write] .editor', { hasText: 'And the oars.' }).waitFor(WAIT);
    assert.equal(await page.getByLabel('Subject').inputValue(), `Re: ${SUBJECT}`);
    await page.keyboard.type(' Both.');
    await text(page).filter({ hasText: 'I take it. And the oars. Both.' }).waitFor(WAIT);
    await page.getByText(/^Saved everywhere/).waitFor(WAIT);
    await page.getByRole('button', { name: 'Close; the draft is kept' }).click();

    await page.locator('.card.folded', { has: page.locator('.draft-word') }).click(WAIT);
    await page.getByRole('button', { name: 'Continue writing' }).click();
    await text(page).filter({ hasText: 'And the oars.' }).waitFor(WAIT);
    assert.equal(new URL(page.url()).pathname, pathname);
    assert.equal(await page.locator('.draft-word').count(), 0);
    assert.deepEqual(await subjectsIn('Drafts'), [`Re: ${SUBJECT}`]);
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.locator('.notice-text', { hasText: /^Sent$/ }).waitFor(WAIT);
    await page.locator('.writer').waitFor({ state: 'detached' });
    assert.equal(new URL(page.url()).pathname, pathname);
    await page.getByRole('button', { name: 'Reply', exact: true }).waitFor(WAIT);
    await until(async () => (await subjectsIn('Sent')).length === 1, 'sent');
    await until(async () => (await subjectsIn('Drafts')).length === 0, 'no draft');
    assert.deepEqual(faults, []);
    await close();
  });

  test('on a phone is left as a draft by going back, and thrown away', async () => {
    const visit = await house.visit({ device: PHONE, locale: 'sv-SE', scheme: 'dark' });
    const { page, faults, close } = visit;
    await page.locator('.row').first().waitFor(WAIT);
    await conversation(page);
    await page.getByRole('button', { name: 'Svara alla' }).click();
    await text(page).waitFor(WAIT);
    await page.keyboard.type('Vi ses.');
    assert.ok(await page.locator('.at-foot .writer-bar').evaluate(isInView));
    assert.deepEqual(await seriousFaults(page), []);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    await page.locator('.at-foot .card-to').click();
    await page.getByLabel('Ämne').waitFor(WAIT);
    await page.goBack();
    await page.locator('.row').first().waitFor(WAIT);
    await until(async () => (await subjectsIn('Drafts')).length === 1, 'a draft');

    await conversation(page);
    await page.locator('.card.folded', { has: page.locator('.draft-word') }).click(WAIT);
    await page.getByRole('button', { name: 'Skriv vidare' }).click();
    await text(page).filter({ hasText: 'Vi ses.' }).waitFor(WAIT);
    await page.getByRole('button', { name: 'Kasta utkastet' }).click();
    await page.getByRole('button', { name: 'Svara', exact: true }).waitFor(WAIT);
    await until(async () => (await subjectsIn('Drafts')).length === 0, 'no draft');
    await page.locator('.draft-word').waitFor({ state: 'detached' });
    assert.deepEqual(faults, []);
    await close();
  });
});

/** In the page. */
function isInView(element: Element): boolean {
  const { top, bottom } = element.getBoundingClientRect();
  return top >= 0 && bottom <= innerHeight + 1;
}
