/** The server is killed and comes back, of another version, under pages that are open: nothing that a person did is lost, or done twice. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { startServer, type TestServer } from '../kit/server.ts';
import { ANN, CHROMIUM, type House, openHouse, type Visit, type VisitOptions } from './kit/house.ts';
import { openWire, type Wire } from './kit/wire.ts';

/** What a browser writes to its console when nobody answers. */
const NO_SERVER = /Failed to load resource|ERR_|status of 50|The FetchEvent for/;
const WAIT = { timeout: 40_000 };

describe('a server that is killed', { skip: CHROMIUM === undefined && 'no Chromium here' }, () => {
  let house: House;
  let wire: Wire;
  let server: TestServer;
  before(async () => {
    house = await openHouse([]);
    ({ server } = house);
    wire = await openWire(server.port('http'));
  });
  after(async () => {
    await wire.close();
    await house.browser.close();
    await server.stop();
  });

  /** On the same ports, so that pages find it again. */
  async function killed(while_: () => Promise<unknown> = async () => {}): Promise<void> {
    const { http, imap, lmtp } = server.addresses;
    await server.kill9();
    await while_();
    server = await startServer({
      data: server.data,
      config: {
        'auth.fail_delay': '10ms',
        ...{ 'listen.http': String(http), 'listen.imap': String(imap), 'listen.lmtp': String(lmtp) },
      },
    });
  }

  const subjectsIn = async (mailbox: string): Promise<string[]> => {
    const witness = await house.witness();
    const found: string[] = [];
    const { exists } = await witness.mailboxOpen(mailbox);
    if (exists > 0)
      for await (const { envelope } of witness.fetch('1:*', { envelope: true }))
        found.push(envelope?.subject ?? '');
    await witness.logout();
    return found;
  };

  test('while a mail can still be taken back sends it all the same, once', async () => {
    const visit = await house.visit({ origin: wire.origin, at: `/write?to=${ANN}&subject=Held` });
    const { page } = visit;
    await page.getByRole('textbox', { name: 'Text' }).click();
    await page.keyboard.type('It goes whatever happens.');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByRole('button', { name: 'Undo' }).waitFor(WAIT);
    await visit.close();
    assert.deepEqual(await subjectsIn('INBOX'), [], 'it is held');
    await killed();
    for (const endMs = performance.now() + WAIT.timeout; (await subjectsIn('INBOX')).length === 0; ) {
      assert.ok(performance.now() < endMs, 'it never went');
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    await new Promise((resolve) => setTimeout(resolve, 2000));
    assert.deepEqual(await subjectsIn('INBOX'), ['Held']);
    assert.deepEqual(await subjectsIn('Sent'), ['Held']);
    assert.deepEqual(await subjectsIn('Drafts'), []);
  });

  test('is found again by itself: the list goes on, and what is being written is untouched by a new version', async () => {
    const list = await house.visit({ origin: wire.origin });
    const writer = await house.visit({ origin: wire.origin, at: '/write?to=kim@example.com&subject=Long' });
    await list.page.locator('.list-pane').waitFor();
    await writer.page.getByRole('textbox', { name: 'Text' }).click();
    await writer.page.keyboard.type('Before it was killed');
    await writer.page.getByText(/^Saved everywhere/).waitFor(WAIT);
    await killed(async () => {
      wire.upgrade('e'.repeat(16));
      await writer.page.keyboard.type(', and while it was away');
    });
    await house.deliver({
      from: 'Kim <kim@example.com>',
      subject: 'After the restart',
      text: 'Hello again.',
    });
    await list.page.locator('.row-link', { hasText: 'After the restart' }).waitFor(WAIT);
    await list.page.getByRole('button', { name: 'Reload' }).waitFor(WAIT);
    await writer.page.keyboard.type(', and after.');
    await writer.page.getByText(/^Saved everywhere/).waitFor(WAIT);
    const text = await writer.page.getByRole('textbox', { name: 'Text' }).textContent();
    assert.equal(text?.trim(), 'Before it was killed, and while it was away, and after.');
    assert.notEqual(await writer.page.evaluate(() => document.documentElement.dataset.build), 'e'.repeat(16));
    assert.deepEqual(await subjectsIn('Drafts'), ['Long'], 'there is one of it');
    for (const { faults } of [list, writer])
      assert.deepEqual(
        faults.filter((fault) => !NO_SERVER.test(fault)),
        [],
      );
    await list.close();
    await writer.close();
  });

  describe('and is replaced by a version that has none of the old files', () => {
    const [FIRST, SECOND] = ['c'.repeat(16), 'd'.repeat(16)];
    const isOf = (stamp: string) => (page: Page) =>
      page.waitForFunction((wanted) => document.documentElement.dataset.build === wanted, stamp, WAIT);
    const open = (page: Page, subject: string) => page.locator('.row-link', { hasText: subject }).click(WAIT);
    /** A wire of its own, whose other end has another build from then on. */
    async function replaced(options: VisitOptions, play: (visit: Visit, over: Wire) => Promise<unknown>) {
      const over = await openWire(server.port('http'));
      const visit = await house.visit({ ...options, origin: over.origin });
      try {
        await play(visit, over);
        const expected = new RegExp(`${NO_SERVER.source}|dynamically imported|module script`);
        assert.deepEqual(
          visit.faults.filter((fault) => !expected.test(fault)),
          [],
        );
      } finally {
        await visit.close();
        await over.close();
      }
    }
    before(() =>
      house.deliver({ from: 'Kim <kim@example.com>', subject: 'Of two versions', text: 'Hello twice.' }),
    );

    test('a page that needs one of them goes over by itself, to the same place', () =>
      replaced({ hasWorker: false }, async ({ page }, over) => {
        await page.locator('.row-link', { hasText: 'Of two versions' }).waitFor(WAIT);
        over.replace(FIRST);
        await open(page, 'Of two versions');
        await isOf(FIRST)(page);
        await page.locator('.reading h1', { hasText: 'Of two versions' }).waitFor(WAIT);
      }));

    test('one on which something is written says so and stays; what was written is there after the reload', () =>
      replaced({ hasWorker: false }, async ({ page }, over) => {
        await open(page, 'Of two versions');
        await page.getByRole('button', { name: 'Reply', exact: true }).click();
        await page.locator('.at-foot .editor').waitFor(WAIT);
        await page.keyboard.type('Written for the old one');
        await page.getByText(/^Saved everywhere/).waitFor(WAIT);
        over.replace(SECOND);
        await page.getByRole('toolbar').getByRole('button', { name: 'Put off…' }).click();
        await page.locator('dialog').getByText('There is a new version of the webmail.').waitFor(WAIT);
        await page.keyboard.press('Escape');
        await page.locator('.at-foot .editor').click();
        await page.keyboard.press('End');
        await page.keyboard.type(', and then some.');
        await page.locator('.at-foot .editor', { hasText: 'and then some.' }).waitFor(WAIT);
        await page.getByText(/^Saved everywhere/).waitFor(WAIT);
        await page.getByRole('button', { name: 'Reload' }).first().click();
        await isOf(SECOND)(page);
        await page.locator('.card.folded', { has: page.locator('.draft-word') }).click(WAIT);
        await page.getByRole('button', { name: 'Continue writing' }).click();
        await page.locator('.at-foot .editor', { hasText: 'and then some.' }).waitFor(WAIT);
        assert.equal((await subjectsIn('Drafts')).filter((one) => one === 'Re: Of two versions').length, 1);
      }));

    test('a service worker has the old ones for pages that are open, and a new page is of the new version', () =>
      replaced({}, async (old, over) => {
        await old.page.locator('.row-link', { hasText: 'Of two versions' }).waitFor(WAIT);
        await old.page.waitForFunction(() => navigator.serviceWorker.controller !== null);
        over.replace(SECOND);
        const young = await old.context.newPage();
        await young.goto(over.origin);
        await isOf(SECOND)(young);
        await young.locator('.row-link').first().waitFor(WAIT);
        // A part that the old page has not loaded yet.
        await open(old.page, 'Of two versions');
        await old.page.locator('.reading h1', { hasText: 'Of two versions' }).waitFor(WAIT);
        assert.notEqual(await old.page.evaluate(() => document.documentElement.dataset.build), SECOND);
      }));

    test('a page whose first file does not come is not blank, and begins again', () =>
      replaced({ hasWorker: false, at: '/frame' }, async ({ page }, over) => {
        over.miss('/assets/main-');
        await page.goto(over.origin, { waitUntil: 'commit' });
        await page.getByText('One moment…').waitFor(WAIT);
        await page.locator('.row-link').first().waitFor(WAIT);
      }));
  });
});
