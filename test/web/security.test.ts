/** How one comes in, in a real browser: the second step set up on the page, asked for at the door, lost and given back. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { seriousFaults } from './kit/axe.ts';
import { ANN, CHROMIUM, type House, openHouse, PASSWORD, PHONE, type Visit } from './kit/house.ts';
import { addApp, addPasskey, prove } from './kit/security-page.ts';
import { virtualKey } from './kit/virtual-key.ts';

describe('how one comes in', { skip: CHROMIUM === undefined && 'there is no Chromium' }, () => {
  let house: House;
  before(async () => {
    house = await openHouse();
  });
  after(() => house?.close());

  const type = async ({ page }: Visit): Promise<void> => {
    await page.locator('input[name=username]').fill(ANN);
    await page.locator('input[name=password]').fill(PASSWORD);
    await page.locator('[type=submit]').click();
  };
  const isIn = ({ page }: Visit) => page.waitForSelector('.row-link');

  test('an app is added, asked for, replaced by a recovery code, and removed', {
    timeout: 120_000,
  }, async () => {
    const visit = await house.visit({ at: '/settings/security' });
    const { page } = visit;
    await page.waitForSelector('.setting');
    assert.deepEqual(await seriousFaults(page), []);
    const { app, codes } = await addApp(page);
    assert.equal(codes.length, 10);
    assert.deepEqual(await seriousFaults(page), []);
    await page.locator('dialog .button.primary').click();
    await page.getByText('10 are left.').waitFor();
    await page.goto(house.origin);
    await isIn(visit);

    const phone = await house.visit({ device: PHONE, isSignedIn: false });
    await type(phone);
    const code = phone.page.locator('.code-input');
    await code.fill('000000');
    await phone.page.locator('[type=submit]').click();
    await phone.page.getByText('That code does not work').waitFor();
    assert.deepEqual(await seriousFaults(phone.page), []);
    await code.fill(app.next());
    await phone.page.locator('[type=submit]').click();
    await isIn(phone);

    const other = await house.visit({ isSignedIn: false });
    await type(other);
    await other.page.getByRole('button', { name: 'Use a recovery code' }).click();
    await other.page.locator('.code-input').fill(codes[3] ?? '');
    await other.page.locator('[type=submit]').click();
    await isIn(other);
    await other.page.goto(`${house.origin}/settings/security`);
    await other.page.getByText('9 are left.').waitFor();
    await other.page.getByRole('button', { name: 'Remove: Authenticator app' }).click();
    await prove(other.page);
    await other.page.getByRole('button', { name: 'Set up: Authenticator app' }).waitFor();
    await phone.page.reload();
    await phone.page.waitForSelector('input[name=username]');
    assert.deepEqual(
      [visit, other].flatMap(({ faults }) => faults),
      [],
    );
    assert.deepEqual(
      phone.faults.filter((fault) => !fault.includes('401')),
      [],
    );
    await Promise.all([visit, phone, other].map((one) => one.close()));
  });

  test('a passkey is added, lets in alone and beside the password, and is removed', {
    timeout: 120_000,
  }, async () => {
    // A key belongs to a name, and there is none for an address of digits.
    const origin = `http://localhost:${house.server.port('http')}`;
    const first = await house.visit({ origin, at: '/settings/security' });
    const key = await virtualKey(first.page);
    const codes = await addPasskey(first.page, 'Phone');
    assert.equal(codes.length, 10);
    await first.page.locator('dialog .button.primary').click();
    await first.page.getByText('Not used yet').waitFor();
    assert.equal(await key.count(), 1);
    assert.deepEqual(await seriousFaults(first.page), []);
    await first.page.getByRole('button', { name: 'Add a passkey' }).click();
    await first.page.locator('dialog input[name=name]').fill('Again');
    await prove(first.page);
    await first.page.getByText('There is no passkey now').waitFor();

    const second = await house.visit({ origin, isSignedIn: false, device: PHONE });
    const copy = await virtualKey(second.page);
    await key.copyTo(copy);
    const alone = second.page.getByRole('button', { name: 'Sign in with a passkey' });
    assert.deepEqual(await seriousFaults(second.page), []);
    await alone.click();
    await isIn(second);
    await second.context.clearCookies();
    await second.page.goto(origin);
    await copy.looks(false);
    await alone.click();
    await second.page.getByText('No passkey of this server was confirmed').waitFor();
    await type(second);
    await second.page.getByRole('button', { name: 'Use a passkey' }).click();
    await isIn(second);

    // The first has not counted on while its copy was used.
    const third = await house.visit({ origin, isSignedIn: false });
    await key.copyTo(await virtualKey(third.page));
    await third.page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await third.page.getByText('No passkey of this server was confirmed').waitFor();

    await second.page.goto(`${origin}/settings/security`);
    await second.page.getByRole('button', { name: 'Remove Phone' }).click();
    await prove(second.page);
    await second.page.locator('.notice-text', { hasText: 'The passkey is removed' }).waitFor();
    await type(third);
    await isIn(third);
    // Whoever removes a key ends the other sessions: the first is told so when it asks.
    assert.deepEqual(
      first.faults.filter((fault) => !/status of 401/.test(fault)),
      [],
    );
    await Promise.all([first, second, third].map((one) => one.close()));
  });
});
