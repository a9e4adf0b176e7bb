/** People read: a newsletter with pictures of others, a long conversation, mail that attacks; on a phone and a computer, light and dark, on paper. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { needs } from '../clients/program.ts';
import { seriousFaults } from './kit/axe.ts';
import { COMPUTER, type House, openHouse, PHONE } from './kit/house.ts';

const HOSTILE = join(import.meta.dirname, 'hostile');
const NEWS = `<body bgcolor="#f4f1ea"><table width="640" bgcolor="#ffffff"><tr><td style="color:#444"><h1 style="color:#222">Dark bread</h1>
<p style="color:#aaa">pale words</p><img src="http://pictures.example/loaf.png" width="300" height="100" alt="A loaf">
<a href="https://evil.example/">https://bakery.example/</a> <a href="https://bakery.example/a">recipe</a></td></tr></table></body>`;

interface Mail {
  readonly subject: string;
  readonly body: string;
  readonly type?: string;
  readonly id?: string;
  readonly answers?: string;
  readonly from?: string;
}

const octets = ({
  subject,
  body,
  type = 'text/plain',
  id,
  answers,
  from = 'Anna <anna@example.com>',
}: Mail): Buffer =>
  Buffer.from(
    [
      ...[
        `From: ${from}`,
        'To: ann@example.org',
        `Subject: ${subject}`,
        `Message-ID: ${id ?? `<${Math.random()}@x>`}`,
      ],
      ...(answers === undefined ? [] : [`In-Reply-To: ${answers}`, `References: ${answers}`]),
      ...[
        'MIME-Version: 1.0',
        `Content-Type: ${type}; charset=utf-8`,
        'Content-Transfer-Encoding: base64',
        '',
      ],
      Buffer.from(body).toString('base64').replace(/.{76}/g, '$&\r\n'),
    ].join('\r\n'),
  );

describe('reading', needs('chromium'), () => {
  let house: House;
  before(async () => {
    house = await openHouse([]);
    const client = await house.witness();
    const append = (mail: Mail, mailbox = 'INBOX', flags = ['\\Seen']) =>
      client.append(mailbox, octets(mail), flags);
    for (const [i, name] of readdirSync(HOSTILE).entries()) {
      const answers = i === 0 ? {} : { answers: `<attack${i - 1}@x>` };
      const body = readFileSync(join(HOSTILE, name), 'utf8');
      await append({ subject: 'Attack', body, type: 'text/html', id: `<attack${i}@x>`, ...answers });
    }
    for (let i = 1; i <= 40; i++) {
      const answers = i === 1 ? {} : { answers: `<long${i - 1}@x>` };
      const mail = {
        ...{ subject: `${i === 1 ? '' : 'SV: '}Plan`, body: `Mail number ${i}.` },
        ...{ id: `<long${i}@x>`, ...answers },
      };
      await append(mail, i % 5 === 0 ? 'Sent' : 'INBOX');
    }
    await append({ subject: 'News', body: NEWS, type: 'text/html' }, 'INBOX', []);
    await client.logout();
  });
  after(() => house.close());

  const open = (page: Page, subject: string | RegExp): Promise<void> =>
    page.getByRole('link', { name: subject }).first().click();
  const frame = (page: Page) => page.frameLocator('iframe.mail-frame.shown');

  test('pictures of others are asked for, and come by way of us', async () => {
    const { page, faults, close } = await house.visit({ device: COMPUTER });
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await open(page, /News/);
    await frame(page).getByText('pale words').waitFor();
    await page.getByText('1 picture is not shown.').waitFor();
    assert.ok(!asked.includes('/web/picture'));
    assert.deepEqual(await seriousFaults(page), []);
    const asking = page.waitForRequest(/\/web\/picture\?/);
    await page.getByRole('button', { name: 'Show them' }).click();
    await asking;
    assert.deepEqual(
      faults.filter((fault) => /^asked/.test(fault)),
      [],
    );
    assert.equal(
      await frame(page).getByRole('link', { name: 'recipe' }).getAttribute('href'),
      'https://bakery.example/a',
    );
    const doubtful = await frame(page)
      .getByRole('link', { name: /bakery.example/ })
      .getAttribute('href');
    await page.goto(`${house.origin}${doubtful}`);
    await page.getByText('evil.example', { exact: true }).waitFor();
    await close();
    const witness = await house.witness();
    await witness.mailboxOpen('INBOX');
    assert.ok((await witness.search({ subject: 'News', seen: true })) !== false);
    await witness.logout();
  });

  test('forty mails are one conversation with those that were sent, the newest in view', async () => {
    const { page, close } = await house.visit({ device: PHONE, locale: 'sv-SE' });
    await open(page, /Plan/);
    await page.getByText('Mail number 40.').waitFor();
    assert.equal(await page.getByRole('heading', { level: 1, name: 'Plan' }).count(), 1);
    await page.getByRole('button', { name: '37 mejl till' }).click();
    assert.equal(await page.locator('article.card').count(), 40);
    await page.locator('article.card.folded > button').first().click();
    await page.getByText('Mail number 1.', { exact: true }).waitFor();
    assert.deepEqual(await seriousFaults(page), []);
    await page.goBack();
    await page.getByRole('link', { name: /Plan/ }).first().waitFor();
    await close();
  });

  test('the first mail from an address is said to be it, and loudly under the name of somebody one writes to', async () => {
    const client = await house.witness();
    const to = 'To: Karin Holm <karin@example.com>';
    await client.append('Sent', Buffer.from(`From: ann@example.org\r\n${to}\r\nSubject: Hej\r\n\r\nHej\r\n`));
    await client.logout();
    const text = 'hello';
    await house.deliver({ from: 'Olof <olof@example.net>', subject: 'Strange', text });
    await house.deliver({ from: 'Olof <olof@example.net>', subject: 'Known', text });
    await house.deliver({ from: '"Holm, Karin" <karin@example.net>', subject: 'Namesake', text });
    const { page, close } = await house.visit({ device: PHONE, locale: 'sv-SE' });
    await open(page, /Strange/);
    await page.getByText('Första mejlet från adressen').waitFor();
    await page.goBack();
    await open(page, /Known/);
    await page.getByText('hello').waitFor();
    assert.equal(await page.getByText(/Första mejlet/).count(), 0);
    await page.goBack();
    await open(page, /Namesake/);
    await page.getByText(/Du skriver till någon som heter Holm, Karin på en annan adress/).waitFor();
    assert.deepEqual(await seriousFaults(page), []);
    await close();
  });

  test('an attack is a mail like others', async () => {
    const { page, close } = await house.visit({ device: COMPUTER });
    let dialogs = 0;
    page.on('dialog', (dialog) => {
      dialogs++;
      void dialog.dismiss();
    });
    await open(page, /Attack/);
    await page.locator('.more-mails').click();
    const count = readdirSync(HOSTILE).length;
    const folded = page.locator('article.card.folded > button');
    for (let left = count - 1; left > 0; left--) {
      // A second click on one that is not open yet would fold it again.
      await page.waitForFunction(
        (most) => document.querySelectorAll('article.card.folded').length === most,
        left,
      );
      await folded.first().click();
    }
    await page.waitForFunction(
      (all) => document.querySelectorAll('iframe.mail-frame.shown, .mail-body .notice').length >= all,
      count,
    );
    await page.waitForTimeout(300);
    assert.match(new URL(page.url()).pathname, /^\/m\/inbox\/t/);
    assert.ok(await page.evaluate(() => !('ran' in globalThis)));
    assert.equal(dialogs, 0);
    assert.equal(page.context().pages().length, 1);
    await close();
  });

  test('in the dark a newsletter is dark, and as it was made when one wants that', async () => {
    const { page, close } = await house.visit({ device: PHONE, scheme: 'dark' });
    await open(page, /News/);
    const words = frame(page).getByText('Dark bread');
    await words.waitFor();
    const ground = (): Promise<string> =>
      words.evaluate((element) => getComputedStyle(element.closest('table') as Element).backgroundColor);
    assert.notEqual(await ground(), 'rgb(255, 255, 255)');
    await page.getByRole('button', { name: 'Show as it was made' }).click();
    await frame(page).getByText('Dark bread').waitFor();
    assert.equal(await ground(), 'rgb(255, 255, 255)');
    const { width } = PHONE.viewport;
    assert.ok(await page.evaluate((most) => document.documentElement.scrollWidth <= most, width));
    await close();
  });

  test('on paper there is the mail with its header, and nothing else', async () => {
    const { page, context, close } = await house.visit({ device: COMPUTER });
    await open(page, /News/);
    await frame(page).getByText('Dark bread').waitFor();
    await page.getByRole('button', { name: 'More for this mail' }).click();
    // The browser's own window for it would be in the way.
    await context.addInitScript('print = () => {}');
    const opening = context.waitForEvent('page');
    await page.getByRole('menuitem', { name: 'Print' }).click();
    const paper = await opening;
    await paper.getByText('Dark bread').waitFor();
    await paper.getByText('anna@example.com').waitFor();
    assert.equal(await paper.locator('button, a[href^="/"]').count(), 0);
    assert.ok((await paper.pdf()).length > 1000);
    await close();
  });
});
