/**
 * The webmail without a network: over a wire that is cut, loses answers and leads to another build. A second client over IMAP is
 * the witness.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { needs } from '../clients/program.ts';
import { COMPUTER, type House, openHouse, PHONE, type Visit } from './kit/house.ts';
import { openWire, type Wire } from './kit/wire.ts';

const ROW = '.row-link';
const WAIT = { timeout: 15_000 };
/** What a browser writes down by itself about requests that go nowhere. */
const NO_NETWORK = /Failed to load resource|ERR_|status of 50|The FetchEvent for/;

describe('offline', needs('chromium'), () => {
  let house: House;
  before(async () => {
    house = await openHouse();
  });
  after(() => house?.close());

  function story(
    name: string,
    sizes: readonly ('phone' | 'computer')[],
    play: (visit: Visit & { readonly wire: Wire }) => Promise<void>,
  ): void {
    for (const size of sizes)
      test(`${name} (${size})`, async () => {
        const wire = await openWire(house.server.port('http'));
        const device = size === 'phone' ? PHONE : COMPUTER;
        const visit = await house.visit({ device, origin: wire.origin });
        try {
          await visit.page.locator(ROW).first().waitFor(WAIT);
          await isReady(visit.page);
          await play({ ...visit, wire });
          assert.deepEqual(
            visit.faults.filter((fault) => !NO_NETWORK.test(fault)),
            [],
          );
        } finally {
          await visit.close();
          await wire.close();
        }
      });
  }

  story('a new build is offered, and there after a reload', ['phone', 'computer'], async ({ page, wire }) => {
    wire.upgrade('f'.repeat(16));
    wire.cut();
    wire.mend();
    await page.getByText('There is a new version of the webmail.').waitFor(WAIT);
    await page.getByRole('button', { name: 'Reload' }).click();
    await page.waitForFunction(() => document.documentElement.dataset.build === 'f'.repeat(16));
    await page.locator(ROW).first().waitFor(WAIT);
    assert.equal(await page.getByRole('button', { name: 'Reload' }).count(), 0);
  });
});

/** The service worker has all that it needs, and this page. */
async function isReady(page: Page): Promise<void> {
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
}
