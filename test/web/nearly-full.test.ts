/** A mailbox that gets full: said in time, with the way to make room; and mail that waits comes by itself. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { needs } from '../clients/program.ts';
import { seriousFaults } from './kit/axe.ts';
import { ANN, COMPUTER, type House, openHouse, PHONE } from './kit/house.ts';

const ENOUGH = { timeout: 30_000 };

describe('room', needs('chromium'), () => {
  let house: House;
  before(async () => {
    house = await openHouse();
  });
  after(() => house.close());

  async function fillTo(part: number): Promise<void> {
    const { stdout } = await house.server.cli(['account', 'list', '--json']);
    const { usedBytes } = JSON.parse(stdout) as { readonly usedBytes: number };
    await house.server.cli(['account', 'quota', ANN, String(Math.ceil(usedBytes / part))]);
  }

  test('a line says that it gets full, can be closed, and stays when it is', async () => {
    const { page, faults, close } = await house.visit({ device: COMPUTER });
    await page.waitForSelector('.row');
    assert.equal(await page.locator('.space').count(), 0, 'without a limit nothing is shown');
    await fillTo(0.82);
    const line = page.locator('.space-line');
    await line.getByText('Your mailbox is 8').waitFor(ENOUGH);
    assert.match(await page.locator('nav .space').innerText(), /^[\d.]+ kB of [\d.]+ kB$/);
    assert.deepEqual(await seriousFaults(page), []);
    await line.getByRole('button', { name: 'Close' }).click();
    await line.waitFor({ state: 'detached' });
    await fillTo(0.97);
    await line.getByText('Your mailbox is 9').waitFor(ENOUGH);
    assert.equal(await line.getByRole('button', { name: 'Close' }).count(), 0);
    await line.getByRole('link', { name: 'Make room' }).click();
    await page.waitForURL('**/settings/space');
    await page.waitForSelector('.settings');
    assert.deepEqual(faults, []);
    await close();
  });

  test('mail that waits is said, and comes when there is room', async () => {
    await fillTo(0.99);
    const { page, faults, close } = await house.visit({ device: PHONE, locale: 'sv-SE' });
    await page.waitForSelector('.row');
    assert.equal(await page.getByText('Semestern').count(), 0);
    const letter = { from: 'Anna <anna@example.com>', subject: 'Semestern', text: 'x'.repeat(2000) };
    // Refused behind the message, which this client does not tell.
    await house.deliver(letter);
    const line = page.locator('.space-line.full');
    await line.getByText('Din brevlåda är full: post till dig väntar').waitFor(ENOUGH);
    assert.deepEqual(await seriousFaults(page), []);
    await line.getByRole('link').click();
    await page.getByText(/^Post till dig väntar \(sedan .* från .*\d\.$/).waitFor(ENOUGH);
    assert.deepEqual(await seriousFaults(page), []);
    await page.goBack();
    await line.waitFor(ENOUGH);
    await house.server.cli(['account', 'quota', ANN, '10MiB']);
    await line.waitFor({ state: 'detached', ...ENOUGH });
    await house.deliver(letter);
    await page.getByText('Semestern').first().waitFor(ENOUGH);
    assert.deepEqual(faults, []);
    await close();
  });
});
