/**
 * Two browsers and a mail program do whatever comes into their heads, all at the same mail. When all is quiet the three show the same in every
 * mailbox, read and starred alike, and `check` finds nothing. BREVDUVA_TEST_SEED repeats the choices, BREVDUVA_TEST_FUZZ multiplies them.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ImapFlow } from 'imapflow';
import type { Page } from 'playwright-core';
import { Random, seedOf } from '../crash/random.ts';
import { runs } from '../kit/runs.ts';
import { CHROMIUM, type House, openHouse, type Visit } from './kit/house.ts';
import { letterOctets } from './kit/letters.ts';

const SEED = seedOf('BREVDUVA_TEST_SEED');
const STEPS = runs(30);
/** As IMAP calls them, and as they stand in an address. */
const PLACES: Readonly<Record<string, string>> = {
  INBOX: '/m/inbox',
  Archive: '/m/archive',
  Trash: '/m/trash',
  Junk: '/m/junk',
};
const NAMES = Object.keys(PLACES);
const FIRST_MAILS = 30;
const PATIENCE_MS = 60_000;
/** By key: next, previous, archive, delete, junk, star, read, unread, select, undo, to the Inbox, to the Archive. */
const KEYS = ['j', 'j', 'k', 'e', '#', '!', 's', 'I', 'U', 'x', 'z', 'g i', 'g a'];

/** Subject, read, starred: by subject. */
type Shown = readonly string[];

describe(`a random walk of ${STEPS} steps from BREVDUVA_TEST_SEED=${SEED}`, {
  skip: CHROMIUM === undefined && 'no Chromium here',
}, () => {
  const random = new Random(SEED);
  let house: House;
  let imap: ImapFlow;
  let visits: readonly Visit[] = [];
  let made = 0;
  before(async () => {
    house = await openHouse([]);
    imap = await house.witness();
    for (let n = 0; n < FIRST_MAILS; n++) await append('INBOX');
    visits = [await house.visit(), await house.visit()];
    for (const { page } of visits) await page.locator('.row-link').first().waitFor();
  });
  after(async () => {
    for (const visit of visits) await visit.close();
    await imap.logout();
    await house.close();
  });

  const append = async (mailbox: string): Promise<void> => {
    const subject = `Mail ${String(++made).padStart(4, '0')}`;
    const letter = { from: `w${made}@example.com`, subject, text: 'A word.', date: new Date() };
    await imap.append(mailbox, letterOctets(letter), random.chance(0.5) ? ['\\Seen'] : []);
  };

  async function byProgram(): Promise<void> {
    const mailbox = random.pick(NAMES);
    if (random.chance(0.3)) return append(mailbox);
    const { exists } = await imap.mailboxOpen(mailbox);
    if (exists === 0) return;
    const number = String(random.integer(1, exists + 1));
    const flag = random.pick(['\\Seen', '\\Flagged']);
    const act = random.pick(['add', 'remove', 'move', 'move', 'delete'] as const);
    if (act === 'add') await imap.messageFlagsAdd(number, [flag]);
    else if (act === 'remove') await imap.messageFlagsRemove(number, [flag]);
    else if (act === 'move')
      await imap.messageMove(number, random.pick(NAMES.filter((one) => one !== mailbox)));
    else await imap.messageDelete(number);
    await imap.mailboxClose();
  }

  async function byBrowser(page: Page): Promise<void> {
    if (random.chance(0.1)) {
      await page.goto(house.origin + PLACES[random.pick(NAMES)]);
      return;
    }
    // What is destroyed for good is asked about; half of the time it is meant.
    const dialog = page.locator('dialog[open] .window-buttons button');
    if ((await dialog.count()) > 0)
      await dialog
        .nth(random.chance(0.5) ? 0 : 1)
        .click({ timeout: 2000 })
        .catch(() => {});
    for (const key of random.pick(KEYS).split(' ')) await page.keyboard.press(key);
  }

  async function shownBy(page: Page, mailbox: string): Promise<Shown> {
    await page.goto(house.origin + PLACES[mailbox]);
    await page.locator('.row-subject, .empty').first().waitFor();
    return rowsOf(page);
  }

  test('all show the same in the end', async () => {
    for (let n = 0; n < STEPS; n++) {
      const who = random.integer(0, 5);
      if (who < 2) await byProgram();
      else await byBrowser((visits[who % 2] as Visit).page);
    }
    const truth = await shownByProgram(imap);
    for (const [at, { page }] of visits.entries())
      for (const mailbox of NAMES) {
        const said = `${mailbox} in browser ${at}, seed ${SEED}`;
        await settled(async () =>
          assert.deepEqual(await shownBy(page, mailbox), (await shownByProgram(imap))[mailbox], said),
        );
      }
    assert.ok(Object.values(truth).flat().length > 0);
    const missing = /Failed to load resource/;
    for (const { faults } of visits)
      assert.deepEqual(
        faults.filter((fault) => !missing.test(fault)),
        [],
      );
    const { code, stdout } = await house.server.cli(['check']);
    assert.equal(code, 0, stdout);
  });
});

async function shownByProgram(imap: ImapFlow): Promise<Record<string, Shown>> {
  const all: Record<string, Shown> = {};
  for (const mailbox of NAMES) {
    const rows: string[] = [];
    const { exists } = await imap.mailboxOpen(mailbox);
    if (exists > 0)
      for await (const { envelope, flags } of imap.fetch('1:*', { envelope: true, flags: true }))
        rows.push(
          rowText(envelope?.subject ?? '', flags?.has('\\Seen') !== true, flags?.has('\\Flagged') === true),
        );
    await imap.mailboxClose();
    all[mailbox] = rows.sort();
  }
  return all;
}

/** All of them: the list is short enough to be in the page when the window is tall. */
async function rowsOf(page: Page): Promise<Shown> {
  const rows = new Set<string>();
  const list = page.locator('.list-scroll');
  for (;;) {
    const found = await page
      .locator('.row')
      .evaluateAll((elements) =>
        elements.map((row) => [
          row.querySelector('.row-subject')?.textContent ?? '',
          row.classList.contains('unread'),
          row.querySelector('.row-star') !== null,
        ]),
      );
    for (const [subject, isUnread, isStarred] of found)
      rows.add(rowText(String(subject), isUnread === true, isStarred === true));
    const isEnd =
      (await list.count()) === 0 ||
      (await list.evaluate((element) => {
        const isLast = element.scrollTop + element.clientHeight >= element.scrollHeight - 1;
        element.scrollTop += element.clientHeight / 2;
        return isLast;
      }));
    if (isEnd) return [...rows].sort();
    await page.waitForTimeout(150);
  }
}

function rowText(subject: string, isUnread: boolean, isStarred: boolean): string {
  return `${subject}${isUnread ? ' unread' : ''}${isStarred ? ' starred' : ''}`;
}

/** Until it is so, or the last word of why not. */
async function settled(look: () => Promise<void>): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (performance.now() > endMs) throw error;
    }
  }
}
