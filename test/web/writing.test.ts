/** People write: a draft that survives the page and goes on elsewhere, one of it in all; what is pasted; a file. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { needs } from '../clients/program.ts';
import { seriousFaults } from './kit/axe.ts';
import { COMPUTER, type House, openHouse, PHONE } from './kit/house.ts';

/** In the page: whether a draft in the browser's own database has this text. */
async function keptDrafts(text: string): Promise<boolean> {
  const [{ name = '' } = {}] = await indexedDB.databases();
  const opening = indexedDB.open(name);
  await new Promise((resolve) => opening.addEventListener('success', resolve));
  const reading = opening.result.transaction('drafts').objectStore('drafts').getAll();
  await new Promise((resolve) => reading.addEventListener('success', resolve));
  opening.result.close();
  return JSON.stringify(reading.result).includes(text);
}

/** A picture of one dot. */
const DOT = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

describe('writing', needs('chromium'), () => {
  let house: House;
  before(async () => {
    house = await openHouse();
  });
  after(() => house.close());

  async function drafts(): Promise<string[]> {
    const witness = await house.witness();
    await witness.mailboxOpen('Drafts');
    const subjects: string[] = [];
    for await (const { envelope } of witness.fetch('1:*', { envelope: true }))
      subjects.push(envelope?.subject ?? '');
    await witness.logout();
    return subjects;
  }

  test('a draft survives its page, and goes on at another device; there is one of it', async () => {
    const { page, context, faults, close } = await house.visit({ device: COMPUTER, at: '/write' });
    await page.getByRole('combobox', { name: 'To' }).fill('anna.berg');
    await page.getByRole('option', { name: /Anna Berg/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('combobox', { name: 'To' }).fill('nobody');
    await page.getByLabel('Subject').fill('A walk');
    await page.getByText('“nobody” is no address.').waitFor();
    await page.getByRole('textbox', { name: 'Text' }).click();
    await page.keyboard.type('Shall we walk?');
    await page.getByText(/^Saved everywhere/).waitFor();
    assert.deepEqual(await seriousFaults(page), []);
    await page.keyboard.type(' On Sunday.');
    await page.getByText('Saved on this device').waitFor();
    // The last of what was typed may come to the browser's database a moment behind the first.
    await page.waitForFunction(keptDrafts, 'On Sunday.');
    await page.close({ runBeforeUnload: false });
    const again = await context.newPage();
    await again.goto(`${house.origin}/write`);
    await again.getByText('Shall we walk? On Sunday.').waitFor();
    await again.getByText('Anna Berg').waitFor();
    await again.getByRole('textbox', { name: 'Text' }).click();
    await again.keyboard.press('End');
    await again.keyboard.type(' Yes.');
    await again.getByText(/^Saved everywhere/).waitFor();
    assert.deepEqual(faults, []);
    await close();

    const other = await house.visit({ device: PHONE, at: '/m/drafts' });
    await other.page
      .getByRole('link', { name: /A walk/ })
      .first()
      .click();
    await other.page.getByRole('textbox', { name: 'Text' }).getByText('Shall we walk?').waitFor();
    assert.equal(await other.page.getByLabel('Subject').inputValue(), 'A walk');
    assert.deepEqual(await seriousFaults(other.page), []);
    await other.close();
    assert.equal((await drafts()).filter((subject) => subject === 'A walk').length, 1);
  });

  test('an answer goes to whom it should and quotes what it answers; a file comes along', async () => {
    const { page, close } = await house.visit({ device: COMPUTER });
    await page
      .getByRole('link', { name: /Midsommar/ })
      .first()
      .click();
    await page.getByRole('button', { name: 'Reply', exact: true }).click();
    await page.getByRole('button', { name: 'On a page of its own' }).click();
    await page.locator('.shell[data-at=write]').getByText('Quoted text').waitFor();
    assert.equal(await page.getByLabel('Subject').inputValue(), 'Re: Midsommar i stugan – vem tar båten?');
    await page.getByRole('textbox', { name: 'Text' }).click();
    await page.keyboard.type('I do.');
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'map.txt', mimeType: 'text/plain', buffer: Buffer.from('here') });
    await page.getByRole('button', { name: 'Remove map.txt' }).waitFor();
    await page.getByText(/^Saved everywhere/).waitFor();
    await page.keyboard.type(' Gladly.');
    await page.getByText('Saved on this device').waitFor();
    await page.getByText(/^Saved everywhere/).waitFor();
    await close();
    const witness = await house.witness();
    await witness.mailboxOpen('Drafts');
    const found = await witness.search({ subject: 'Midsommar' });
    assert.ok(found && found.length === 1);
    const { content } = await witness.download(String(found[0]));
    assert.ok(content);
    const source = Buffer.concat(await content.toArray()).toString();
    assert.match(source, /In-Reply-To: </);
    assert.match(source, /map\.txt/);
    assert.match(source, /aGVyZQ|here/);
    await witness.logout();
  });

  test('a mail that was sent can be taken back; one that was not goes, with the page closed', async () => {
    const { page, context, close } = await house.visit({
      device: PHONE,
      at: '/write?to=ann@example.org&subject=Sent',
    });
    await page.getByRole('textbox', { name: 'Text' }).click();
    await page.keyboard.type('See the attached file.');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByText('Nothing is attached').waitFor();
    await page.getByRole('button', { name: 'Send it' }).click();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByText('Not sent. The mail is in Drafts.').first().waitFor();
    assert.ok((await drafts()).includes('Sent'));
    const headers = { 'sec-fetch-site': 'same-origin' };
    await context.request.post(`${house.origin}/web/preferences`, { headers, data: { undoSeconds: 0 } });
    await page.reload();
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByRole('button', { name: 'Send it' }).click();
    await page.locator('.notice-text', { hasText: /^Sent$/ }).waitFor();
    await close();
    const witness = await house.witness();
    for (const mailbox of ['Sent', 'INBOX']) {
      await witness.mailboxOpen(mailbox);
      for (let tries = 0; ; tries++) {
        const found = await witness.search({ subject: 'Sent', to: 'ann@example.org', body: 'attached file' });
        if (found && found.length > 0) {
          assert.equal(found.length, 1, mailbox);
          break;
        }
        assert.ok(tries < 50, `nothing in ${mailbox}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
    await witness.logout();
    assert.ok(!(await drafts()).includes('Sent'));
  });

  test('mail that waits is changed, or not sent at all', async () => {
    const at = '/write?to=ann@example.org&subject=Held';
    const { page, faults, close } = await house.visit({ device: COMPUTER, at });
    const text = page.getByRole('textbox', { name: 'Text' });
    await text.click();
    await page.keyboard.type('Later, then.');
    const later = async (): Promise<void> => {
      await page.locator('.send-later').click();
      await page.locator('.times button').last().click();
      await page.locator('.writer').waitFor({ state: 'detached' });
      await page.goto(`${house.origin}/m/scheduled`);
      await page.locator('.row-link', { hasText: 'Held' }).first().click();
      await page.locator('.held').waitFor();
    };
    await later();
    await page.getByRole('button', { name: 'Change', exact: true }).click();
    await text.getByText('Later, then.').waitFor();
    assert.ok((await drafts()).includes('Held'), 'it waits no more');
    await later();
    await page.getByRole('button', { name: 'Do not send' }).click();
    await page.getByText('Not sent. The mail is in Drafts.').first().waitFor();
    assert.equal((await drafts()).filter((subject) => subject === 'Held').length, 1);
    assert.deepEqual(faults, []);
    await close();
  });

  test('a large file goes in slices and arrives whole, also when the network is gone for a while', async () => {
    const { page, context, close } = await house.visit({ device: PHONE, at: '/write?subject=Large' });
    const buffer = Buffer.alloc(11_000_000, 'a photo ');
    let slices = 0;
    await context.route('**/jmap/upload/**', (route) => (++slices === 2 ? route.abort() : route.continue()));
    const files = page.locator('input[type=file]').first();
    await files.setInputFiles({ name: 'film.mp4', mimeType: 'video/mp4', buffer });
    await page.getByText('Did not arrive').waitFor();
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await page.getByRole('button', { name: 'Remove film.mp4' }).waitFor();
    assert.equal(slices, 4, 'three slices, of which one went twice');
    await page.getByText(/^Saved everywhere/).waitFor();
    await close();
    const witness = await house.witness();
    await witness.mailboxOpen('Drafts');
    const [found = 0] = (await witness.search({ subject: 'Large' })) || [];
    const { content } = await witness.download(String(found), '2');
    assert.ok(content);
    assert.ok(Buffer.concat(await content.toArray()).equals(buffer));
    await witness.logout();
  });

  test('a picture in the text and a file are there after the second save, and when it was sent', async () => {
    const at = '/write?to=ann@example.org&subject=Picture';
    const { page, context, faults, close } = await house.visit({ device: COMPUTER, at });
    const headers = { 'sec-fetch-site': 'same-origin' };
    await context.request.post(`${house.origin}/web/preferences`, { headers, data: { undoSeconds: 0 } });
    await page.reload();
    const text = page.getByRole('textbox', { name: 'Text' });
    await text.click();
    await page.keyboard.type('Look: ');
    await text.evaluate(
      (element, octets) => {
        const data = new DataTransfer();
        data.items.add(new File([Uint8Array.from(octets)], 'dot.png', { type: 'image/png' }));
        element.dispatchEvent(
          new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
        );
      },
      [...DOT],
    );
    await text.locator('img').waitFor();
    await page
      .locator('input[type=file]')
      .first()
      .setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('written down') });
    await page.getByRole('button', { name: 'Remove notes.txt' }).waitFor();
    await page.getByText(/^Saved everywhere/).waitFor();
    for (const more of ['a second', 'a third']) {
      await text.focus();
      await page.keyboard.press('Control+Home');
      await page.keyboard.type(`${more} version. `);
      await page.getByText('Saved on this device').waitFor();
      await page.getByText(/^Saved everywhere/).waitFor();
    }
    assert.equal((await drafts()).filter((subject) => subject === 'Picture').length, 1);
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.locator('.notice-text', { hasText: /^Sent$/ }).waitFor();
    await close();
    const witness = await house.witness();
    for (const mailbox of ['INBOX', 'Sent']) {
      await witness.mailboxOpen(mailbox);
      let found: number[] = [];
      for (let tries = 0; found.length === 0; tries++) {
        assert.ok(tries < 300, `nothing in ${mailbox}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
        found = (await witness.search({ subject: 'Picture' })) || [];
      }
      assert.equal(found.length, 1, mailbox);
      const { content } = await witness.download(String(found[0]));
      assert.ok(content);
      const source = Buffer.concat(await content.toArray()).toString();
      assert.ok(source.replaceAll('\r\n', '').includes(DOT.toString('base64')), 'the picture');
      assert.match(source, /cid:/);
      assert.ok(
        /written down/.test(source) || source.includes(Buffer.from('written down').toString('base64')),
      );
      assert.match(source, /a second version\. /);
    }
    await witness.logout();
    assert.ok(!(await drafts()).includes('Picture'));
    assert.deepEqual(faults, []);
  });

  test('what is pasted is what the editor could have made, and asks nobody', async () => {
    const { page, faults, close } = await house.visit({ device: COMPUTER, at: '/write' });
    const text = page.getByRole('textbox', { name: 'Text' });
    await text.click();
    await text.evaluate((element) => {
      const data = new DataTransfer();
      const html =
        '<style>*{color:red}</style><p style="position:fixed" class="x" onclick="alert(1)">pasted <b>bold</b><img src="http://canary.example/x"><a href="javascript:alert(1)">link</a></p><script>top.ran=1</script>';
      data.setData('text/html', html);
      data.setData('text/plain', 'pasted');
      element.dispatchEvent(
        new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
      );
    });
    await page.getByText('pasted').waitFor();
    const html = await text.innerHTML();
    assert.match(html, /<b>bold<\/b>/);
    assert.doesNotMatch(html, /style|class=|onclick|javascript|<img|<script/);
    await page.keyboard.press('Control+z');
    await page.keyboard.press('Control+y');
    await page.getByText('pasted').waitFor();
    // What is parsed to be cleaned is said by the browser to be against the policy of the page, which it is.
    assert.deepEqual(
      faults.filter((fault) => !/violates the following Content Security Policy/.test(fault)),
      [],
    );
    await close();
  });
});
