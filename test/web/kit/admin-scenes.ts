/** The rooms of the administration, for pictures of them. */
import type { Page } from 'playwright-core';
import { type AdministeredHouse, BUSY, OLOF } from './administered.ts';
import { ANN } from './house.ts';

export interface AdminScene {
  readonly name: string;
  readonly at: string;
  readonly play?: (visit: { readonly page: Page }) => Promise<unknown>;
}

/** What has happened before anybody looks. */
export async function furnish({ house, send }: AdministeredHouse): Promise<void> {
  const { cli } = house.server;
  await cli(['account', 'set', 'person00003@example.org', 'account.access', 'closed']);
  await cli(['account', 'set', 'person00007@example.org', '--admin']);
  await cli(['account', 'apppass', 'add', OLOF, '--name', 'Telefonen i köket']);
  await cli(['alias', 'add', 'info@example.org', ANN, OLOF]);
  await send('anna.berg@example.com', 'Offert');
  await send('kundtjanst@very-long-name-of-a-company.example.com', 'Fråga om fakturan');
  for (let tries = 0; tries < 50; tries++) {
    if ((await cli(['queue', 'list', '--json'])).stdout.includes(BUSY)) return;
    await new Promise((go) => setTimeout(go, 200));
  }
}

const room = (name: string, at: string, shown: string): AdminScene => ({
  ...{ name: `admin-${name}`, at },
  play: ({ page }) => page.waitForSelector(shown),
});

export const ADMIN_SCENES: readonly AdminScene[] = [
  room('accounts', '/admin', '.admin-row'),
  room('account', `/admin/account?of=${OLOF}`, '.admin-inline'),
  {
    ...{ name: 'admin-account-below', at: `/admin/account?of=${OLOF}` },
    play: async ({ page }) => {
      await page.waitForSelector('.admin-inline');
      await page.locator('.admin-fold summary').last().click();
      await page.locator('.admin-event').first().waitFor();
      await page.locator('.button.danger').scrollIntoViewIfNeeded();
    },
  },
  {
    ...{ name: 'admin-password', at: `/admin/account?of=${OLOF}` },
    play: async ({ page }) => {
      await page.getByRole('switch').last().click();
      await page.waitForSelector('dialog');
    },
  },
  room('add', '/admin/add', '.admin-ways'),
  {
    ...{ name: 'admin-added', at: '/admin/add' },
    play: async ({ page }) => {
      await page.locator('input[name=address]').fill(`eva.${Date.now()}`);
      await page.locator('[type=submit]').click();
      await page.waitForSelector('.admin-record');
    },
  },
  room('domains', '/admin/domains', '.admin-column li'),
  room('domain', '/admin/domain?of=example.org', '.admin-finding'),
  {
    ...{ name: 'admin-domain-below', at: '/admin/domain?of=example.org' },
    play: async ({ page }) => {
      await page.waitForSelector('.admin-finding');
      await page.locator('.button.danger').scrollIntoViewIfNeeded();
    },
  },
  room('queue', '/admin/queue', '.admin-finding'),
  room('connections', '/admin/connections', '.admin-column li'),
  room('sign-ins', '/admin/sign-ins', '.admin-event'),
  room('server', '/admin/server', '.admin-chip'),
];
