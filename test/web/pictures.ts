/** Pictures of every screen, to be looked at: `node test/web/pictures.ts FOLDER [part of a name]`, those of the
 * administration with `admin`. One page shows them all. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ADMIN_SCENES, furnish } from './kit/admin-scenes.ts';
import { openAdministeredHouse } from './kit/administered.ts';
import { ANN, COMPUTER, openHouse, PHONE, type Visit } from './kit/house.ts';
import { letterOctets } from './kit/letters.ts';
import { securityScenes } from './kit/security-scenes.ts';

interface Scene {
  readonly name: string;
  readonly at: string;
  readonly isSignedIn?: boolean;
  readonly play?: (visit: Visit) => Promise<unknown>;
}

const row = '.row-link';
const SCENES: readonly Scene[] = [
  { name: 'sign-in', at: '/', isSignedIn: false },
  { name: 'inbox', at: '/', play: ({ page }) => page.waitForSelector(row) },
  {
    name: 'selected',
    at: '/',
    play: async ({ page }) => {
      await page.waitForSelector(row);
      for (const at of [1, 3]) await page.locator('.row-pick').nth(at).click();
    },
  },
  {
    name: 'undo',
    at: '/',
    play: async ({ page }) => {
      await page.waitForSelector(row);
      await page.locator('.row-pick').nth(4).click();
      await page
        .getByRole('button', { name: /^(?:Mark as|Markera som)/ })
        .first()
        .click();
    },
  },
  {
    name: 'conversation',
    at: '/',
    play: async ({ page }) => {
      await page.locator(row, { hasText: 'Budget' }).first().click();
      await page.waitForSelector('.reading h1');
    },
  },
  {
    name: 'mail-menu',
    at: '/',
    play: async ({ page }) => {
      await page.locator(row, { hasText: 'Faktura' }).first().click();
      await page.waitForSelector('.tile');
      await page.locator('.card-side [popovertarget]').click();
    },
  },
  { name: 'write', at: '/write', play: ({ page }) => page.waitForSelector('.editor') },
  {
    name: 'answer',
    at: '/',
    play: async ({ page }) => {
      await page.locator(row, { hasText: 'Midsommar' }).first().click();
      await page.locator('.answer-bar .button').first().click();
      await page.waitForSelector('.quote-fold');
      await page.locator('.editor').pressSequentially('Gärna! Jag tar färjan klockan två.');
      const file = { name: 'färjetider-juni.txt', mimeType: 'text/plain', buffer: Buffer.from('14:00') };
      await page.locator('input[type=file]').first().setInputFiles(file);
      await page.locator('.draft-files button').waitFor();
    },
  },
  {
    name: 'answer-page',
    at: '/',
    play: async ({ page }) => {
      await page.locator(row, { hasText: 'Midsommar' }).first().click();
      await page.locator('.answer-bar .button').nth(1).click();
      await page.locator('.at-foot .editor').pressSequentially('Jag kommer.');
      await page.getByRole('button', { name: /^(?:On a page|På en egen)/ }).click();
      await page.waitForSelector('.shell[data-at=write] .editor');
    },
  },
  {
    name: 'forward',
    at: '/',
    play: async ({ page }) => {
      await page.locator(row, { hasText: 'Faktura' }).first().click();
      await page.locator('.answer-bar .button').nth(2).click();
      await page.waitForSelector('.at-foot .editor');
    },
  },
  {
    name: 'to-day',
    at: '/',
    play: async ({ page }) => {
      await page.waitForSelector(row);
      await page.keyboard.press('g');
      await page.keyboard.press('c');
      await page.locator('dialog input[type=date]').fill('2026-03-05');
    },
  },
  {
    name: 'too-many',
    at: '/',
    isSignedIn: false,
    play: async ({ page }) => {
      const headers = { 'content-type': 'application/json', 'retry-after': '240' };
      await page.route('**/web/sign-in', (route) =>
        route.fulfill({ status: 429, headers, body: '{"error":"throttled"}' }),
      );
      await page.locator('input[name=username]').fill(ANN);
      await page.locator('input[name=password]').fill('guess');
      await page.locator('[type=submit]').click();
      await page.waitForSelector('.notice.wrong');
    },
  },
  {
    name: 'device-code',
    at: '/settings/devices',
    play: async ({ page }) => {
      await page.locator('input[name=name]').fill(`Android ${Math.random()}`.slice(0, 14));
      await page.locator('button[value=code]').click();
      await page.waitForSelector('.qr-code');
      await page.locator('.qr-code').scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'identities',
    at: '/settings/identities',
    play: async ({ page }) => {
      await page.locator('textarea').first().fill('Ann Andersson\nHamngatan 3, Visby');
      await page.locator('input[name=name]').first().fill('Ann Andersson');
    },
  },
  {
    name: 'send-later',
    at: '/write?to=anna.berg@example.org&subject=B%C3%A5ten',
    play: async ({ page }) => {
      await page.waitForSelector('.editor');
      await page.locator('.send-later').click();
    },
  },
  {
    name: 'scheduled',
    at: '/write?to=ann@example.org&subject=B%C3%A5ten&body=Vi%20ses',
    play: async ({ page }) => {
      await page.locator('.editor').pressSequentially('!');
      await page.getByText(/^(?:Saved everywhere|Sparat överallt)/).waitFor({ timeout: 8000 });
      await page.locator('.send-later').click();
      await page.locator('.times button').last().click();
      await page.waitForSelector('.writer', { state: 'detached', timeout: 8000 });
      await page.goto(new URL('/m/scheduled', page.url()).href);
      await page.locator(row).first().click();
      await page.waitForSelector('.held');
    },
  },
  {
    name: 'offline',
    at: '/',
    play: async ({ page, context }) => {
      await page.waitForSelector(row);
      await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
      await page.waitForTimeout(1500);
      await context.setOffline(true);
      await page.reload();
      await page.waitForSelector('.waiting-line');
      await page.locator('.row-pick').nth(5).click();
      await page.keyboard.press('e');
      await page.locator('.notice-close').click();
    },
  },
  {
    name: 'waiting-mail',
    at: '/write?to=anna.berg@example.org&subject=B%C3%A5ten&body=Vi%20ses',
    play: async ({ page, context }) => {
      await page.locator('.editor').pressSequentially('!');
      await page.getByText(/^(?:Saved everywhere|Sparat överallt)/).waitFor({ timeout: 8000 });
      await context.setOffline(true);
      await page.locator('.editor').pressSequentially('!');
      await page.locator('.send-pair button').first().click();
      await page.waitForSelector('.waiting-line');
    },
  },
  {
    name: 'new-version',
    at: '/',
    play: async ({ page }) => {
      await page.waitForSelector(row);
      await page.evaluate(() =>
        navigator.serviceWorker.dispatchEvent(
          new MessageEvent('message', { data: { kind: 'build', stamp: 'f'.repeat(16) } }),
        ),
      );
      await page.waitForSelector('.waiting-line');
    },
  },
  { name: 'empty', at: '/m/junk', play: ({ page }) => page.waitForSelector('.empty') },
  { name: 'search-begin', at: '/search', play: ({ page }) => page.waitForSelector('.search-begin') },
  { name: 'search', at: '/search?q=budget', play: ({ page }) => page.waitForSelector(row) },
  { name: 'nothing', at: '/search?q=xyzzy', play: ({ page }) => page.waitForSelector('.empty') },
  {
    name: 'drawer',
    at: '/',
    play: async ({ page }) => {
      await page.waitForSelector(row);
      await page
        .getByRole('button', { name: /^(?:More|Mer)$/ })
        .click({ timeout: 500 })
        .catch(() => {});
    },
  },
  {
    name: 'keys',
    at: '/',
    play: async ({ page }) => {
      await page.waitForSelector(row);
      await page.keyboard.press('?');
      await page.waitForSelector('dialog');
    },
  },
  { name: 'settings', at: '/settings', play: ({ page }) => page.waitForSelector('.settings-group') },
  { name: 'devices', at: '/settings/devices', play: ({ page }) => page.waitForSelector('.settings-group') },
  {
    name: 'mailboxes',
    at: '/settings/mailboxes',
    play: ({ page }) => page.waitForSelector('.settings-group'),
  },
  {
    name: 'rules',
    at: '/settings/rules',
    play: async ({ page }) => {
      const sees = /^(?:From|Från) news@garden/;
      await page.getByRole('button', { name: /^(?:New rule|Ny regel)/ }).waitFor();
      if ((await page.getByText(sees).count()) > 0) return;
      for (const [sender, mailbox] of [
        ['Räkenskapsavdelningen', 2],
        ['news@garden.example.com', 0],
      ] as const) {
        await page.getByRole('button', { name: /^(?:New rule|Ny regel)/ }).click();
        await page.locator('.rule-test .input').last().fill(sender);
        await page
          .locator('.rule-form select')
          .last()
          .selectOption({ index: mailbox + 1 });
        await page.locator('.rule-form .choice input').first().check();
        await page.locator('.rule-form [type=submit]').click();
        await page.locator('.rule').first().waitFor();
      }
    },
  },
  {
    name: 'rule-from-mail',
    at: '/',
    play: async ({ page }) => {
      await page.locator(row, { hasText: 'Olof' }).first().click();
      await page.locator('.card-side [popovertarget]').last().click();
      await page.getByRole('menuitem', { name: /^(?:Make a rule|Gör en regel)/ }).click();
      await page.locator('.rule-fits').waitFor();
    },
  },
  {
    name: 'mailing-list',
    at: '/search?q=sow',
    play: async ({ page }) => {
      const subject = 'What to sow in July';
      await page.waitForSelector('.row-link');
      if ((await page.locator(row, { hasText: subject }).count()) === 0)
        await house.deliver(
          {
            from: 'The Garden Letter <news@garden.example.com>',
            subject,
            text: 'Spinach, and a late row of beans.',
          },
          ['List-Unsubscribe: <mailto:off@garden.example.com>'],
        );
      await page.locator(row, { hasText: subject }).first().click();
      await page.waitForSelector('.list-line');
    },
  },
  {
    name: 'snooze',
    at: '/',
    play: async ({ page }) => {
      await page.locator('.row-pick').nth(5).click();
      await page.getByRole('button', { name: /^(?:Put off|Skjut upp)/ }).click();
      await page.waitForSelector('.snooze-time');
    },
  },
  {
    name: 'back-again',
    at: '/',
    play: async ({ page }) => {
      await page.waitForSelector(row);
      const witness = await house.witness();
      await witness.mailboxOpen('INBOX');
      const [found = 0] = (await witness.search({ subject: 'books' })) || [];
      await witness.messageFlagsAdd(String(found), ['$new']);
      await witness.messageFlagsRemove(String(found), ['\\Seen']);
      await witness.logout();
      await page.waitForSelector('.back-again');
    },
  },
  {
    name: 'move-to-new',
    at: '/',
    play: async ({ page }) => {
      await page.locator('.row-pick').nth(5).click();
      await page
        .getByRole('button', { name: /^(?:Move to|Flytta till)/ })
        .last()
        .click();
      await page.getByRole('searchbox', { name: /^(?:Move to|Flytta till)/ }).fill('Räk');
      await page.waitForSelector('.choices');
    },
  },
  { name: 'away', at: '/settings/away', play: ({ page }) => page.waitForSelector('.away') },
  { name: 'trash', at: '/m/trash', play: ({ page }) => page.waitForSelector('.trash-line') },
  {
    name: 'space',
    at: '/settings',
    play: async ({ page }) => {
      await throwAway();
      await page.goto(new URL('/settings/space', page.url()).href);
      await page.waitForSelector('.space-used');
    },
  },
  {
    name: 'space-below',
    at: '/settings/space',
    play: async ({ page }) => {
      await page.waitForSelector('.space-used');
      await page.locator('select').last().scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'deleted',
    at: '/settings/deleted',
    play: async ({ page }) => {
      await page.waitForSelector('.deleted-row');
      for (const at of [1, 2]) await page.locator('.deleted-pick input').nth(at).check();
    },
  },
  {
    name: 'moment',
    at: '/settings/deleted',
    play: async ({ page }) => {
      await page.waitForSelector('.moment');
      await page.locator('.moment .chip').last().click();
      await page.locator('.moment [type=submit]').click();
      await page.waitForSelector('dialog');
    },
  },
  {
    name: 'nearly-full',
    at: '/',
    play: async ({ page }) => {
      await fillTo(0.86);
      await page.waitForSelector('.space-line');
    },
  },
  {
    name: 'mail-waits',
    at: '/',
    play: async ({ page }) => {
      await fillTo(0.99);
      const big = { from: 'Anna Berg <anna.berg@example.org>', subject: 'Bilder', text: 'x'.repeat(2000) };
      await house.deliver(big);
      await page.getByText(/(?:is waiting|väntar), (?:and|och)/).waitFor();
    },
  },
  { name: 'password', at: '/settings/password', play: ({ page }) => page.waitForSelector('.settings-form') },
];

/** Some of it is not in the Trash any more, a mailbox with all that was in it, and something large is there. */
let isThrownAway = false;
async function throwAway(): Promise<void> {
  if (isThrownAway) return;
  isThrownAway = true;
  const witness = await house.witness();
  const from = 'Fotoklubben <bilder@fotoklubben.example.com>';
  for (const [at, subject] of ['Bilderna från fågelskådningen', 'Utställningen', 'Sommarlägret'].entries()) {
    const text = 'Jättestora bilder. '.repeat(40_000 * (4 - at));
    const date = new Date(Date.now() - (at * 400 + 20) * 86_400_000);
    await witness.append('INBOX', letterOctets({ from, subject, text, date }), ['\\Seen'], date);
  }
  await witness.mailboxCreate('Gamla lägenheten');
  for (const subject of ['Hyreskontrakt', 'Besiktning', 'Nycklar']) {
    const date = new Date(Date.now() - 40 * 86_400_000);
    const letter = { from: 'Landlord <rent@example.org>', subject, text: 'Se bilaga.', date };
    await witness.append('Gamla lägenheten', letterOctets(letter), ['\\Seen'], date);
    await witness.append('Räkningar/2026', letterOctets({ ...letter, subject: `${subject} 2026` }), [], date);
  }
  await witness.mailboxDelete('Gamla lägenheten');
  await witness.mailboxOpen('Räkningar/2026');
  await witness.messageDelete({ subject: '2026' });
  await witness.mailboxOpen('INBOX');
  await witness.messageDelete({ or: [{ subject: 'summer of 2019' }, { from: 'm.ali' }] });
  await witness.logout();
}

/** By a limit of so much more than there is. */
async function fillTo(part: number): Promise<void> {
  const { stdout } = await house.server.cli(['account', 'list', '--json']);
  const { usedBytes } = JSON.parse(stdout.trim().split('\n')[0] ?? '') as { readonly usedBytes: number };
  await house.server.cli(['account', 'quota', ANN, String(Math.ceil(usedBytes / part))]);
}

const VIEWS = [
  { name: 'phone-light-en', device: PHONE, locale: 'en-GB', scheme: 'light' },
  { name: 'phone-dark-sv', device: PHONE, locale: 'sv-SE', scheme: 'dark' },
  { name: 'computer-light-sv', device: COMPUTER, locale: 'sv-SE', scheme: 'light' },
  { name: 'computer-dark-en', device: COMPUTER, locale: 'en-GB', scheme: 'dark' },
] as const;

const [folder = 'pictures', wanted = ''] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const isAdministration = wanted.startsWith('admin');
const administered = isAdministration ? await openAdministeredHouse(120) : undefined;
if (administered !== undefined) await furnish(administered);
const house = administered?.house ?? (await openHouse());
const names: string[] = [];
try {
  for (const scene of isAdministration ? ADMIN_SCENES : [...SCENES, ...securityScenes(house)])
    for (const view of VIEWS) {
      const name = `${scene.name}-${view.name}`;
      if (!wanted.split(',').some((part) => name.includes(part))) continue;
      const visit = await house.visit({
        ...view,
        at: scene.at,
        isSignedIn: !('isSignedIn' in scene) || scene.isSignedIn,
        origin: 'origin' in scene ? (scene.origin as string) : house.origin,
      });
      await scene.play?.(visit).catch((error: unknown) => console.log(name, String(error).slice(0, 300)));
      await visit.page.waitForTimeout(350);
      await visit.page.screenshot({ path: join(folder, `${name}.png`) });
      if (visit.faults.length > 0) console.log(name, visit.faults);
      names.push(name);
      await visit.close();
    }
} finally {
  await (administered ?? house).close();
}
const pictures = names.map(
  (name) => `<figure><img src="${name}.png" loading="lazy"><figcaption>${name}</figcaption></figure>`,
);
const style =
  'body{display:flex;flex-wrap:wrap;gap:16px;font:14px sans-serif}figure{margin:0}img{max-height:600px;border:1px solid #ccc}';
writeFileSync(
  join(folder, 'all.html'),
  `<!doctype html><meta charset="utf-8"><style>${style}</style>${pictures.join('\n')}`,
);
