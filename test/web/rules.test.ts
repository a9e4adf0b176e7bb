/** A person makes rules and goes away: from a mail, in a browser; what comes then lies where it should, and a script of somebody else's stays. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { needs } from '../clients/program.ts';
import { seriousFaults } from './kit/axe.ts';
import { ANN, COMPUTER, type House, openHouse, PHONE } from './kit/house.ts';

const NEWS = 'The Garden Letter <news@garden.example.com>';

describe('rules', needs('chromium'), () => {
  let house: House;
  before(async () => {
    house = await openHouse();
  });
  after(() => house.close());

  const come = (subject: string): Promise<void> => house.deliver({ from: NEWS, subject, text: 'Beans.' });

  async function isIn(mailbox: string, subject: string): Promise<boolean> {
    const witness = await house.witness();
    await witness.mailboxOpen(mailbox);
    const found = (await witness.search({ subject })) || [];
    await witness.logout();
    return found.length === 1;
  }

  test('a rule from a mail: what fits is said, and done; what comes then goes where it says', async () => {
    const { page, faults, close } = await house.visit({ device: COMPUTER });
    await page.locator('.row-link', { hasText: 'What to sow' }).first().click();
    await page.getByRole('button', { name: 'More for this mail' }).click();
    await page.getByRole('menuitem', { name: 'Make a rule…' }).click();
    assert.equal(
      await page.getByRole('textbox', { name: 'Sender has' }).inputValue(),
      'news@garden.example.com',
    );
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Say what is done').waitFor();
    await page.getByLabel('Move to').selectOption({ label: 'Archive' });
    await page.getByLabel('Mark as read').check();
    await page.getByText('1 mail in the Inbox fits:').waitFor();
    await page.getByLabel('Do it to this one now').check();
    assert.deepEqual(await seriousFaults(page), []);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Move to Archive · Mark as read').waitFor();
    await page.getByText('Done to 1 mail in the Inbox').first().waitFor();
    await come('Peas');
    assert.ok(await isIn('Archive', 'Peas'));
    assert.ok(await isIn('Archive', 'What to sow in June'));
    await page.getByRole('switch', { name: /^From news@garden/ }).click();
    await page.locator('.rule.off').waitFor();
    await come('Carrots');
    assert.ok(await isIn('INBOX', 'Carrots'));
    assert.deepEqual(faults, []);
    await close();
  });

  test('a script that a person wrote decides, and stays; the rules come when they are asked for', async () => {
    const { cli } = house.server;
    const { code } = await cli(['sieve', 'put', ANN, '-', '--name', 'by hand', '--activate'], 'keep;\r\n');
    assert.equal(code, 0);
    const { page, faults, close } = await house.visit({ device: PHONE, at: '/settings/rules' });
    await page.getByText('The script “by hand” decides about your mail.').waitFor();
    await page.getByRole('switch', { name: /^From news@garden/ }).click();
    await page.locator('.rule:not(.off)').waitFor();
    await come('Leeks');
    assert.ok(await isIn('INBOX', 'Leeks'), 'the other one is run');
    assert.deepEqual(await seriousFaults(page), []);
    await page.getByRole('button', { name: 'Use the rules of this page' }).click();
    await page.getByText('decides about your mail').waitFor({ state: 'detached' });
    await come('Onions');
    assert.ok(await isIn('Archive', 'Onions'));
    const { stdout } = await cli(['sieve', 'show', ANN, 'by hand']);
    assert.equal(stdout.trim(), 'keep;');
    assert.deepEqual(faults, []);
    await close();
  });

  test('rules that were changed by hand are not shown, and not touched', async () => {
    const { cli } = house.server;
    const before = (await cli(['sieve', 'show', ANN, 'webmail'])).stdout;
    const byHand = before.replace('stop;', 'stop; # mine');
    await cli(['sieve', 'put', ANN, '-', '--name', 'webmail'], byHand);
    const { page, close } = await house.visit({ device: COMPUTER, at: '/settings/rules' });
    await page.getByText('were changed by hand').waitFor();
    assert.equal(await page.locator('.rule').count(), 0);
    await close();
    assert.equal((await cli(['sieve', 'show', ANN, 'webmail'])).stdout, byHand);
  });

  test('one gets off a list by a mail that is written, and at its page', async () => {
    const fields = ['List-Unsubscribe: <mailto:off@example.com?subject=off%20with%20me>'];
    await house.deliver({ from: NEWS, subject: 'Turnips', text: 'Sow now.' }, fields);
    const { page, faults, close } = await house.visit({ device: PHONE, at: '/search?q=Turnips' });
    await page.locator('.row-link', { hasText: 'Turnips' }).first().click();
    await page.getByRole('button', { name: 'Unsubscribe' }).click();
    await page.getByText('A mail to off@example.com is written for you').waitFor();
    await page.locator('dialog').getByRole('button', { name: 'Unsubscribe' }).click();
    await page.getByText('off@example.com').waitFor();
    assert.equal(await page.getByLabel('Subject').inputValue(), 'off with me');
    await house.deliver({ from: NEWS, subject: 'Swedes', text: 'Sow now.' }, [
      'List-Unsubscribe: <https://example.com/off>',
    ]);
    await page.goto(`${house.origin}/search?q=Swedes`);
    await page.locator('.row-link', { hasText: 'Swedes' }).first().click();
    const link = page.getByRole('link', { name: 'Unsubscribe at their page' });
    await link.waitFor();
    assert.equal(await link.getAttribute('rel'), 'noopener noreferrer');
    assert.deepEqual(await seriousFaults(page), []);
    assert.deepEqual(faults, []);
    await close();
  });

  test('who is away is answered for from the first to the last day', async () => {
    const { page, faults, close } = await house.visit({ device: PHONE, at: '/settings/away' });
    await page.getByRole('switch', { name: /^Answer mail for me/ }).check();
    await page.getByLabel('First day').fill('2026-07-02');
    await page.getByLabel('Last day').fill('2026-07-01');
    await page.getByLabel('Answer', { exact: true }).fill('Out at sea.');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('The last day is before the first.').waitFor();
    await page.getByLabel('Last day').fill('2199-07-20');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved', { exact: true }).first().waitFor();
    await page.reload();
    await page.getByText(/^(?:On until|Begins)/).waitFor();
    assert.equal(await page.getByLabel('Last day').inputValue(), '2199-07-20');
    assert.equal(await page.getByLabel('Answer', { exact: true }).inputValue(), 'Out at sea.');
    assert.deepEqual(await seriousFaults(page), []);
    assert.deepEqual(faults, []);
    await close();
    const { stdout } = await house.server.cli(['sieve', 'list', ANN]);
    assert.match(stdout, /vacation/);
  });
});
