/** Mail that is put off: it leaves, waits where every client sees it, and comes back by itself, on top and with a word. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { needs } from '../clients/program.ts';
import { seriousFaults } from './kit/axe.ts';
import { COMPUTER, type House, openHouse, PHONE, type Visit } from './kit/house.ts';

describe('putting mail off', needs('chromium'), () => {
  let house: House;
  before(async () => {
    house = await openHouse();
  });
  after(() => house.close());

  async function subjectsIn(mailbox: string): Promise<string[]> {
    const witness = await house.witness();
    await witness.mailboxOpen(mailbox);
    const subjects: string[] = [];
    for await (const { envelope } of witness.fetch('1:*', { envelope: true }))
      subjects.push(envelope?.subject ?? '');
    await witness.logout();
    return subjects;
  }

  /** As the page asks, with its cookie. */
  async function call({ page }: Visit, name: string, args: object): Promise<Record<string, never>> {
    const answer = await page.evaluate(
      async ([method, given]) => {
        const session = await (await fetch('/.well-known/jmap')).json();
        const accountId = session.primaryAccounts['urn:ietf:params:jmap:mail'];
        const body = {
          using: Object.keys(session.capabilities),
          methodCalls: [[method, { accountId, ...(given as object) }, 'c']],
        };
        const headers = { 'content-type': 'application/json' };
        const reply = await fetch(session.apiUrl, { method: 'POST', headers, body: JSON.stringify(body) });
        return (await reply.json()).methodResponses[0][1];
      },
      [name, args] as const,
    );
    return answer;
  }

  test('it leaves until its time, and comes back by itself, unread, above the others', async () => {
    const visit = await house.visit({ device: COMPUTER });
    const { page, faults, close } = visit;
    const row = page.locator('.row', { hasText: 'Two of your books' });
    await row.first().click();
    await page.getByRole('button', { name: 'Put off…' }).click();
    await page.getByText('Back when?').waitFor();
    assert.deepEqual(await seriousFaults(page), []);
    await page.getByRole('button', { name: /^Tomorrow morning/ }).click();
    await row.waitFor({ state: 'detached' });
    await page
      .getByText(/^Comes back/)
      .first()
      .waitFor();
    assert.deepEqual(await subjectsIn('Snoozed'), ['Two of your books are due on Monday']);
    await page.getByRole('button', { name: 'Undo' }).click();
    await row.waitFor();
    assert.deepEqual(await subjectsIn('Snoozed'), []);

    await row.first().click();
    await page.keyboard.press('b');
    await page.getByRole('button', { name: /^Tomorrow morning/ }).click();
    await row.waitFor({ state: 'detached' });
    await page.getByRole('link', { name: /^Snoozed/ }).click();
    await row.first().click();
    await page.getByText(/^Comes back to the Inbox on/).waitFor();
    await page.getByRole('button', { name: 'Another time' }).waitFor();
    await page.goto(`${house.origin}/m/inbox`);
    await page.locator('.row-link').first().waitFor();
    const { list } = (await call(visit, 'Snooze/get', { ids: null })) as unknown as {
      readonly list: readonly { readonly id: string }[];
    };
    const soon = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
    await call(visit, 'Snooze/set', { update: { [list[0]?.id ?? '']: { until: soon } } });
    await page.locator('.back-again', { hasText: 'Back again' }).waitFor();
    await page.locator('.back-again .row.unread', { hasText: 'Two of your books' }).waitFor();
    assert.ok((await subjectsIn('INBOX')).includes('Two of your books are due on Monday'));
    assert.deepEqual(await seriousFaults(page), []);
    await page.locator('.back-again .row-link').click();
    await page.locator('.back-again').waitFor({ state: 'detached' });
    assert.deepEqual(faults, []);
    await close();
  });

  test('several at once on a phone; what another device takes out of there is not brought back', async () => {
    const visit = await house.visit({ device: PHONE });
    const { page, faults, close } = visit;
    for (const subject of ['lunch?', 'Faktura 2026-114'])
      await page.locator('.row', { hasText: subject }).first().locator('.row-pick').click();
    await page.getByRole('button', { name: 'Put off…' }).click();
    await page.getByRole('button', { name: /^Tomorrow morning/ }).click();
    await page
      .getByText(/^2 conversations come back/)
      .first()
      .waitFor();
    assert.equal((await subjectsIn('Snoozed')).length, 2);
    const witness = await house.witness();
    await witness.mailboxOpen('Snoozed');
    await witness.messageMove('1', 'Archive');
    await witness.logout();
    const { list } = (await call(visit, 'Snooze/get', { ids: null })) as unknown as {
      readonly list: readonly object[];
    };
    assert.equal(list.length, 1);
    assert.deepEqual(faults, []);
    await close();
  });

  test('what is open beside the list leaves with its row; a mailbox is made where mail is moved to', async () => {
    const { page, faults, close } = await house.visit({ device: COMPUTER });
    const row = page.locator('.row', { hasText: 'Bilderna' });
    await row.first().click();
    await page.locator('.reading h1', { hasText: 'Bilderna' }).waitFor();
    await row.first().hover();
    await row.getByRole('button', { name: 'Archive' }).click();
    await page.locator('.reading h1').waitFor({ state: 'detached' });
    await page.locator('.row', { hasText: 'Your journey' }).first().click();
    await page.getByRole('toolbar').getByRole('button', { name: 'Move to…' }).click();
    await page.getByRole('searchbox', { name: 'Move to…' }).fill('Journeys');
    await page.getByRole('button', { name: 'Make “Journeys” and move it there' }).click();
    await page.getByRole('link', { name: 'Journeys' }).waitFor();
    await page.locator('.row', { hasText: 'Your journey' }).waitFor({ state: 'detached' });
    await page
      .getByText(/moved to Journeys/)
      .first()
      .waitFor();
    assert.equal((await subjectsIn('Journeys')).length, 1);
    assert.deepEqual(faults, []);
    await close();
  });
});
