/** The server is killed and comes back, of another version, under pages that are open: nothing that a person did is lost, or done twice. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startServer, type TestServer } from '../kit/server.ts';
import { ANN, CHROMIUM, type House, openHouse } from './kit/house.ts';
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
});
