/** An administrator in a browser: a domain and an account are made and its person signs in, mail that is held goes; who is none sees nothing. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { needs } from '../clients/program.ts';
import { ImapClient } from '../imap-client.ts';
import { type AdministeredHouse, BUSY, OLOF, openAdministeredHouse } from './kit/administered.ts';
import { seriousFaults } from './kit/axe.ts';
import { ANN, COMPUTER, PASSWORD, PHONE, type Visit } from './kit/house.ts';

/** The browser says in its console that an answer was no; that is what these stories are about. */
const isAnswer = (fault: string): boolean => !/status of (?:401|403|404|409|422)/.test(fault);
const PEOPLE = 10_000;

describe('administration', needs('chromium'), () => {
  let administered: AdministeredHouse;
  before(async () => {
    administered = await openAdministeredHouse(PEOPLE);
  });
  after(() => administered.close());

  const visit = (options: Parameters<AdministeredHouse['house']['visit']>[0]): Promise<Visit> =>
    administered.house.visit(options);

  async function leave({ page, faults, close }: Visit): Promise<void> {
    assert.deepEqual(await seriousFaults(page), []);
    assert.deepEqual(faults.filter(isAnswer), []);
    await close();
  }

  test('a domain and an account are made; its person comes by a link, chooses a password, and has mail', async () => {
    const boss = await visit({ device: COMPUTER });
    const { page } = boss;
    await page.getByRole('link', { name: 'Administration' }).click();
    await page.getByRole('link', { name: 'Domains' }).click();
    await page.getByLabel('Domain, such as example.com').fill('example.net');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'example.net' }).waitFor();
    await page.getByText('All that can be published').click();
    await page.getByText('example.net. IN MX 10 mail.example.org.').last().waitFor();
    assert.deepEqual(await seriousFaults(page), []);
    await page.getByRole('link', { name: 'Accounts' }).click();
    await page.getByText('10,002 accounts').waitFor();
    await page.getByRole('link', { name: 'New account' }).click();
    await page.getByLabel('Address', { exact: false }).first().fill('eva@example.net');
    await page.getByLabel('Room, such as').fill('1,5');
    assert.deepEqual(await seriousFaults(page), []);
    await page.getByRole('button', { name: 'Make the account' }).click();
    await page.getByRole('dialog', { name: 'Your password, please' }).waitFor();
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByText('eva@example.net is there').waitFor();
    const link = /http\S+/.exec((await page.locator('.admin-record').textContent()) ?? '')?.[0] ?? '';
    const eva = await visit({
      device: PHONE,
      isSignedIn: false,
      at: new URL(link).pathname + new URL(link).search + new URL(link).hash,
    });
    await eva.page.getByText('You came by a link.').waitFor();
    await eva.page.getByLabel('New password').fill('chosen by Eva');
    await eva.page.getByRole('button', { name: 'Change password' }).click();
    await eva.page.locator('.notice-text', { hasText: 'Password changed.' }).waitFor();
    await leave(eva);
    const inbox = await ImapClient.connect(administered.house.server.port('imap'));
    await inbox.greeting();
    await inbox.ok('LOGIN eva@example.net "chosen by Eva"');
    const used = await visit({
      device: PHONE,
      isSignedIn: false,
      at: new URL(link).pathname + new URL(link).hash,
    });
    await used.page.locator('.notice-text', { hasText: 'That link has been used' }).waitFor();
    await leave(used);
    await page.getByRole('link', { name: 'eva@example.net' }).click();
    await page.getByText('of 1.5 GB').waitFor();
    await leave(boss);
  });

  test('among ten thousand one is found, closed, opened, made an administrator and removed, with the keyboard alone', async () => {
    const boss = await visit({ device: COMPUTER, at: '/admin' });
    const { page } = boss;
    await page.getByRole('searchbox', { name: 'Find an address' }).fill('PERSON09');
    await page.getByText('1,000 accounts').waitFor();
    assert.equal(await page.locator('.admin-row').count(), 50);
    await page.getByRole('button', { name: /^Show more/ }).press('Enter');
    await page.locator('.admin-row').nth(99).waitFor();
    await page.getByRole('searchbox', { name: 'Find an address' }).fill('person09876');
    await page.getByText('One account').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'person09876@example.org' }).waitFor();
    await page.getByRole('switch', { name: /^May sign in/ }).press('Space');
    await page.getByRole('dialog', { name: 'Your password, please' }).waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.notice-text', { hasText: 'Not done: the password was not typed.' }).waitFor();
    await page.getByRole('switch', { name: /^May sign in/, checked: true }).waitFor();
    await page.getByRole('switch', { name: /^May sign in/ }).press('Space');
    await page.getByRole('dialog', { name: 'Your password, please' }).waitFor();
    await page.keyboard.type('wrong');
    await page.keyboard.press('Enter');
    await page.getByText('That is not your password.').waitFor();
    assert.deepEqual(await seriousFaults(page), []);
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('switch', { name: /^May sign in/, checked: false }).waitFor();
    await page.getByRole('button', { name: /^Make a link/ }).waitFor({ state: 'detached' });
    await page.getByRole('switch', { name: /^May sign in/ }).press('Space');
    await page.getByRole('switch', { name: /^May sign in/, checked: true }).waitFor();
    await page.getByRole('switch', { name: /^Administers the server/ }).press('Space');
    await page.getByRole('switch', { name: /^Administers the server/, checked: true }).waitFor();
    await page.getByRole('button', { name: 'Remove the account' }).press('Enter');
    await page.getByRole('button', { name: 'Remove', exact: true }).press('Enter');
    await page.locator('.notice-text', { hasText: 'person09876@example.org is removed' }).waitFor();
    await page.getByText('10,002 accounts').waitFor();
    await leave(boss);
  });

  test('mail that is held is seen with its reason, let go and tried again, and goes', async () => {
    const { house, hop, send } = administered;
    await send('anna@example.com', 'To be held');
    const boss = await visit({ device: PHONE, at: '/admin/queue' });
    const { page } = boss;
    const again = page.getByRole('button', { name: 'Look again' });
    await page.getByText(`From ${OLOF}`).waitFor();
    for (let tries = 0; tries < 50 && (await page.getByText(BUSY).count()) === 0; tries++) {
      await again.click();
      await page.waitForTimeout(200);
    }
    await page.getByText(BUSY).first().waitFor();
    await page.getByRole('button', { name: 'Hold', exact: true }).click();
    await page.locator('.admin-chip', { hasText: 'Held' }).waitFor();
    assert.match((await house.server.cli(['queue', 'list'])).stdout, /held/);
    assert.deepEqual(await seriousFaults(page), []);
    await page.getByRole('button', { name: 'Let go' }).click();
    await page.locator('.admin-chip', { hasText: 'Waits' }).waitFor();
    hop.behaviour = () => undefined;
    await page.getByRole('button', { name: 'Try now' }).click();
    for (let tries = 0; tries < 100 && hop.mails.length === 0; tries++) await page.waitForTimeout(100);
    assert.equal(hop.mails[0]?.recipients[0]?.address, 'anna@example.com');
    await again.click();
    await page.getByText('No mail waits to leave.').waitFor();
    await leave(boss);
    assert.match(
      (await house.server.cli(['activity', ANN])).stdout,
      /did="mail in the queue changed" change=retry/,
    );
  });

  test('who is connected is sent away; wrong passwords are seen; the certificate is there', async () => {
    const { server } = administered.house;
    const phone = await ImapClient.connect(server.port('imap'));
    await phone.greeting();
    await phone.ok(`LOGIN ${OLOF} "${PASSWORD}"`);
    const wrong = await ImapClient.connect(server.port('imap'));
    await wrong.greeting();
    await wrong.command(`LOGIN ${OLOF} "wrong"`);
    const boss = await visit({ device: COMPUTER, at: '/admin/connections' });
    const { page } = boss;
    await page.getByRole('button', { name: `Disconnect ${OLOF}` }).click();
    await page.locator('.notice-text', { hasText: 'Disconnected.' }).waitFor();
    await phone.ended();
    await page.getByRole('link', { name: 'Sign-ins' }).click();
    await page.locator('.admin-event', { hasText: 'Wrong password' }).first().waitFor();
    assert.deepEqual(await seriousFaults(page), []);
    await page.getByRole('link', { name: 'Server', exact: true }).click();
    await page.getByText('made by this server').waitFor();
    await leave(boss);
  });

  test('a person without the role sees no way there, and nothing where it would be; one who loses it is shown out', async () => {
    const { server } = administered.house;
    const boss = await visit({ device: COMPUTER, at: '/admin' });
    await boss.page
      .getByText(/accounts$/)
      .first()
      .waitFor();
    await server.cli(['account', 'set', ANN, '--no-admin']);
    await boss.page.getByRole('searchbox', { name: 'Find an address' }).fill('olof');
    await boss.page.getByText('You do not administer this server.').waitFor();
    await boss.page.getByRole('link', { name: 'Administration' }).waitFor({ state: 'detached' });
    await leave(boss);
    const ann = await visit({ device: COMPUTER, at: '/admin/server' });
    await ann.page.getByText('You do not administer this server.').waitFor();
    assert.equal(await ann.page.getByRole('link', { name: 'Administration' }).count(), 0);
    assert.equal(await ann.page.locator('.admin-rooms').count(), 0);
    await leave(ann);
    await server.cli(['account', 'set', ANN, '--admin']);
  });
});
