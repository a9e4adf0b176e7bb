/** Wrong passwords in the browser: refused with a word that says until when, and let in after that. BREVDUVA_TEST_STORIES=1 waits for it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { needs } from '../clients/program.ts';
import { seriousFaults } from './kit/axe.ts';
import { ANN, type House, openHouse, PASSWORD, PHONE } from './kit/house.ts';

const WAITS = process.env.BREVDUVA_TEST_STORIES === '1';
/** What one account may be guessed at from this machine at once, and how soon one more guess fits. */
const GUESSES = 30;
const LEAK_MS = 20_000;

describe('wrong passwords', needs('chromium'), () => {
  let house: House;
  before(async () => {
    house = await openHouse([], { 'auth.fail_delay': '0ms' });
  });
  after(() => house?.close());

  const guess = (n: number): Promise<Response> =>
    fetch(`${house.origin}/web/sign-in`, {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' },
      body: JSON.stringify({ address: ANN, password: `guess ${n}`, isOwnDevice: false }),
    });
  /** On a slow machine one more fits meanwhile, and another. */
  const untilRefused = async (): Promise<{ refused: Response; before: number }> => {
    for (let n = 0; ; n++) {
      const refused = await guess(n);
      if (refused.status === 429) return { refused, before: n };
      assert.ok(refused.status === 401 && n < 3 * GUESSES, `${n}: ${refused.status}`);
    }
  };
  const type = async (page: Page, password: string): Promise<void> => {
    await page.locator('input[name=username]').fill(ANN);
    await page.locator('input[name=password]').fill(password);
    await page.locator('[type=submit]').click();
  };

  test('are refused until a time that is said, and then the right one is let in', async () => {
    const visit = await house.visit({ device: PHONE, locale: 'sv-SE', isSignedIn: false });
    const { page } = visit;
    const { refused, before } = await untilRefused();
    assert.ok(before >= GUESSES, `${before}`);
    const seconds = Number(refused.headers.get('retry-after'));
    assert.ok(seconds >= 1 && seconds <= LEAK_MS / 1000, String(seconds));

    await type(page, PASSWORD);
    const said = page.getByText(/^För många felaktiga försök\. Försök igen klockan \d\d:\d\d\.$/);
    await said.waitFor();
    assert.deepEqual(await seriousFaults(page), []);
    assert.equal(
      await page.locator('input[name=username]').inputValue(),
      ANN,
      'nothing to type anew but the password',
    );
    if (WAITS) {
      await new Promise((resolve) => setTimeout(resolve, LEAK_MS));
      await page.locator('[type=submit]').click();
      await page.locator('.list-pane').waitFor();
    }
    assert.deepEqual(
      visit.faults.filter((fault) => !/status of 429/.test(fault)),
      [],
    );
    await visit.close();
  });
});
