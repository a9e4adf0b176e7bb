/**
 * Space and deleted mail, as a person has them: what fills the account and one step to clean it, the Trash emptied and taken back, mail
 * that was deleted for good found and brought back. The witness is at the same mail over IMAP.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ImapFlow } from 'imapflow';
import type { Page } from 'playwright-core';
import { seriousFaults } from './kit/axe.ts';
import { CHROMIUM, type House, openHouse, PHONE, type VisitOptions } from './kit/house.ts';
import { letterOctets } from './kit/letters.ts';

const DAY = 86_400_000;

async function until(isSo: () => Promise<boolean>, mostMs: number): Promise<void> {
  for (const endMs = performance.now() + mostMs; !(await isSo()); ) assert.ok(performance.now() < endMs);
}

/** The line at the bottom says so. */
const said = (page: Page, text: string | RegExp): Promise<void> =>
  page.locator('.notice-text', { hasText: text }).waitFor();

describe('space and deleted mail', { skip: CHROMIUM === undefined && 'no Chromium here' }, () => {
  let house: House;
  let witness: ImapFlow;
  before(async () => {
    house = await openHouse([]);
    witness = await house.witness();
  });
  after(async () => {
    await witness.logout();
    await house.close();
  });

  const append = async (mailbox: string, subject: string, kilobytes = 1, daysAgo = 1, who = 'kim') => {
    const date = new Date(Date.now() - daysAgo * DAY);
    const text = 'A line of text that is long enough.\r\n'.repeat(kilobytes * 27);
    const letter = { from: `${who} <${who}@example.com>`, subject, text, date };
    await witness.append(mailbox, letterOctets(letter), ['\\Seen'], date);
  };
  const subjects = async (mailbox: string): Promise<string[]> => {
    const found: string[] = [];
    await witness.mailboxOpen(mailbox);
    for await (const { envelope } of witness.fetch('1:*', { envelope: true }))
      found.push(envelope?.subject ?? '');
    await witness.mailboxClose();
    return found.sort();
  };
  const clear = async (): Promise<void> => {
    for (const { path } of await witness.list()) {
      await witness.mailboxOpen(path);
      await witness.messageDelete('1:*').catch(() => false);
      await witness.mailboxClose();
    }
  };

  async function visited(options: VisitOptions, play: (page: Page) => Promise<void>): Promise<void> {
    const visit = await house.visit(options);
    try {
      await play(visit.page);
      assert.deepEqual(visit.faults, []);
    } finally {
      await visit.close();
    }
  }

  test('what fills the account is seen, and large mail goes in one step and comes back by one press', async () => {
    await clear();
    for (const n of [1, 2, 3]) await append('INBOX', `Large ${n}`, 1100 + n, n * 500 - 400, 'foto');
    await append('INBOX', 'Small', 1, 900, 'foto');
    await append('Archive', 'Other', 1);
    await visited({ at: '/settings/space', device: PHONE }, async (page) => {
      await page.getByText(/^3\.\d MB used$/).waitFor();
      await page.getByRole('link', { name: /^foto@example\.com/ }).waitFor();
      assert.deepEqual(await seriousFaults(page), []);
      await page.getByRole('link', { name: 'Show: Mail larger than 1 MB' }).click();
      await page.waitForSelector('.row-link');
      assert.equal(await page.locator('.row-link').count(), 3);
      await page.goBack();
      await page.getByRole('button', { name: 'Delete: Mail larger than 1 MB' }).click();
      await page.getByText('To the Trash: 3 mails. You can undo it.').waitFor();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      await said(page, '3 mails in the Trash');
      assert.deepEqual(await subjects('Trash'), ['Large 1', 'Large 2', 'Large 3']);
      assert.deepEqual(await subjects('INBOX'), ['Small'], 'nothing but what was meant');
      await page.getByRole('button', { name: 'Undo' }).click();
      await until(async () => (await subjects('INBOX')).length === 4, 10_000);
      assert.deepEqual(await subjects('Trash'), []);
      await page.getByRole('button', { name: 'Delete mail from foto@example.com that is older' }).click();
      await page.getByText('To the Trash: 3 mails, older than a year.').waitFor();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      await said(page, '3 mails in the Trash');
      assert.deepEqual(await subjects('INBOX'), ['Large 1']);
    });
  });

  test('the Trash is emptied from above it, with the keyboard too, and one press brings it back', async () => {
    await clear();
    for (const n of [1, 2, 3]) await append('Trash', `Thrown away ${n}`);
    await visited({ at: '/m/trash' }, async (page) => {
      const empty = page.getByRole('button', { name: 'Empty Trash' });
      await empty.focus();
      await page.keyboard.press('Enter');
      await page.getByText('It holds 3 mails, which can be brought back for 14 days.').waitFor();
      assert.deepEqual(await seriousFaults(page), []);
      await page.getByRole('dialog').getByRole('button', { name: 'Empty Trash' }).click();
      await said(page, 'Trash is empty');
      await until(async () => (await subjects('Trash')).length === 0, 10_000);
      await page.getByRole('button', { name: 'Undo' }).click();
      await until(async () => (await subjects('Trash')).length === 3, 10_000);
      await page.locator('.row-link').nth(2).waitFor();
    });
  });

  test('mail that was deleted for good is found by a word, chosen, and comes back where it was', async () => {
    await clear();
    await witness.mailboxCreate('Räkningar');
    await append('Räkningar', 'Hyra maj', 2, 30, 'landlord');
    await append('Räkningar', 'Hyra juni', 2, 1, 'landlord');
    await append('INBOX', 'Something else');
    for (const mailbox of ['Räkningar', 'INBOX']) {
      await witness.mailboxOpen(mailbox);
      await witness.messageDelete('1:*');
    }
    await visited({ at: '/m/trash', device: PHONE, locale: 'sv-SE', scheme: 'dark' }, async (page) => {
      await page.getByRole('link', { name: 'Hämta tillbaka borttagna brev' }).click();
      await page.getByText('Something else').waitFor();
      await page.getByRole('searchbox', { name: 'Sök bland borttagna brev' }).fill('räkn hyra');
      await page.getByText('Something else').waitFor({ state: 'detached' });
      assert.equal(await page.locator('.deleted-row').count(), 2);
      assert.deepEqual(await seriousFaults(page), []);
      await page.getByRole('button', { name: 'Markera alla' }).click();
      await page.getByText('2 markerade').waitFor();
      await page.getByRole('checkbox', { name: 'Markera landlord: Hyra maj' }).uncheck();
      await page.getByRole('button', { name: 'Hämta tillbaka', exact: true }).first().click();
      await said(page, '1 brev är tillbaka i Räkningar');
      assert.deepEqual(await subjects('Räkningar'), ['Hyra juni']);
      await page.getByRole('button', { name: 'Visa', exact: true }).click();
      await page.locator('.row-link', { hasText: 'Hyra juni' }).waitFor();
    });
  });

  test('a deleted mailbox comes back whole; a moment brings back the rest; what is given up is gone', async () => {
    await clear();
    await witness.mailboxCreate('Letters');
    for (const n of [1, 2]) await append('Letters', `Letter ${n}`);
    await append('INBOX', 'Deleted just now');
    await visited({ at: '/settings/deleted' }, async (page) => {
      await page.waitForSelector('h1');
      await witness.mailboxDelete('Letters');
      await witness.mailboxOpen('INBOX');
      await witness.messageDelete('1:*');
      await page.reload();
      await page.getByRole('button', { name: 'Bring back Letters' }).click();
      await said(page, '“Letters” is back');
      assert.deepEqual(await subjects('Letters'), ['Letter 1', 'Letter 2']);
      await page.getByRole('button', { name: 'Today' }).click();
      await page.getByRole('button', { name: 'See what comes back' }).click();
      await page.getByText(/^What was deleted since .* comes back \(/).waitFor();
      await page.getByRole('dialog').getByRole('button', { name: 'Bring back' }).click();
      await said(page, /mails? (?:is|are) back/);
      assert.ok((await subjects('INBOX')).includes('Deleted just now'));
      await witness.mailboxOpen('INBOX');
      await witness.messageDelete({ subject: 'Deleted just now' });
      await page.reload();
      await page.getByRole('button', { name: 'Delete all of it for good' }).click();
      assert.deepEqual(await seriousFaults(page), []);
      await page.getByRole('dialog').getByRole('button', { name: 'Delete for good' }).click();
      await said(page, /gone for good$/);
      await page.getByText('Nothing was deleted lately.').waitFor();
    });
  });

  test('how long mail stays in the Trash is chosen, and IMAP sees it', async () => {
    await visited({ at: '/settings/space' }, async (page) => {
      const choice = page.getByRole('combobox', { name: 'Mail stays in the Trash' });
      assert.equal(await choice.inputValue(), '30');
      await choice.selectOption('7');
      await page.waitForTimeout(300);
      await page.reload();
      assert.equal(await choice.inputValue(), '7');
    });
    const { stdout } = await house.server.cli(['account', 'retention', 'ann@example.org']);
    assert.match(stdout, /Trash.*7/);
  });

  test('where there is no room for all of it, as much as fits comes back, and the way to room is shown', async () => {
    await clear();
    for (const n of [1, 2, 3, 4]) {
      await append('INBOX', `Heavy ${n}`, 400);
      await witness.mailboxOpen('INBOX');
      await witness.messageDelete('1:*');
      await witness.mailboxClose();
    }
    await house.server.cli(['account', 'quota', 'ann@example.org', '1MB']);
    await visited({ at: '/settings/deleted', device: PHONE }, async (page) => {
      await page.getByText('Heavy 4').waitFor();
      await page.getByRole('searchbox').fill('heavy');
      await page.getByText('4 mails').waitFor();
      await page.getByRole('button', { name: 'Select all' }).click();
      await page.getByRole('button', { name: 'Bring back', exact: true }).first().click();
      await said(page, '2 mails are back in Inbox; for the rest there is no room.');
      await page.getByRole('button', { name: 'Make room' }).click();
      await page.getByText(/ of 1(?:\.\d)? MB used$/).waitFor();
    });
    assert.equal((await subjects('INBOX')).length, 2);
  });
});
