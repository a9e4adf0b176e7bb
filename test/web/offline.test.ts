/**
 * The webmail without a network: over a wire that is cut, loses answers and leads to another build. A second client over IMAP is
 * the witness. BREVDUVA_TEST_STORIES=1 plays all of them, at both sizes.
 */
import assert from 'node:assert/strict';
import { createECDH, randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { ImapFlow } from 'imapflow';
import type { Page } from 'playwright-core';
import { needs } from '../clients/program.ts';
import { seriousFaults } from './kit/axe.ts';
import { ANN, COMPUTER, type House, openHouse, PASSWORD, PHONE, type Visit } from './kit/house.ts';
import { letterOctets } from './kit/letters.ts';
import { openWire, type Wire } from './kit/wire.ts';

const PLAYS_ALL = process.env.BREVDUVA_TEST_STORIES === '1';
const ROW = '.row-link';
const WAIT = { timeout: 15_000 };
/** What a browser writes down by itself about requests that go nowhere. */
const NO_NETWORK = /Failed to load resource|ERR_|status of 50|The FetchEvent for/;

describe('offline', needs('chromium'), () => {
  let house: House;
  let witness: ImapFlow;
  before(async () => {
    house = await openHouse();
    witness = await house.witness();
  });
  after(async () => {
    await witness?.logout();
    await house?.close();
  });

  const rowOf = (page: Page, text: string) => page.locator('.row', { hasText: text });
  const append = (subject: string, mailbox = 'INBOX') =>
    witness.append(
      mailbox,
      letterOctets({ from: 'Eva <eva@example.org>', subject, text: 'A word.', date: new Date() }),
    );
  /** Numbers of those with this subject, and their flags. */
  const found = async (mailbox: string, subject: string) => {
    const lock = await witness.getMailboxLock(mailbox);
    try {
      const uids = (await witness.search({ header: { subject } }, { uid: true })) || [];
      const all = [];
      for (const uid of uids) all.push(await witness.fetchOne(String(uid), { flags: true }, { uid: true }));
      return all.map((one) => {
        assert.ok(typeof one === 'object');
        return { uid: one.uid, flags: one.flags ?? new Set<string>() };
      });
    } finally {
      lock.release();
    }
  };
  const count = async (mailbox: string, subject: string) => (await found(mailbox, subject)).length;
  const moveElsewhere = async (subject: string, from: string, to: string | undefined): Promise<void> => {
    const [one] = await found(from, subject);
    const lock = await witness.getMailboxLock(from);
    try {
      const uid = String(one?.uid);
      if (to === undefined) await witness.messageDelete(uid, { uid: true });
      else await witness.messageMove(uid, to, { uid: true });
    } finally {
      lock.release();
    }
  };

  function story(
    name: string,
    /** Where it is played in any case. */
    usual: 'phone' | 'computer' | 'on demand',
    play: (visit: Visit & { readonly wire: Wire }) => Promise<void>,
  ): void {
    for (const size of (['phone', 'computer'] as const).filter((one) => PLAYS_ALL || one === usual))
      test(`${name} (${size})`, async () => {
        const wire = await openWire(house.server.port('http'));
        const device = size === 'phone' ? PHONE : COMPUTER;
        const visit = await house.visit({ device, origin: wire.origin });
        try {
          await visit.page.locator(ROW).first().waitFor(WAIT);
          await isReady(visit.page);
          await play({ ...visit, wire });
          assert.deepEqual(
            visit.faults.filter((fault) => !NO_NETWORK.test(fault)),
            [],
          );
        } finally {
          await visit.close();
          await wire.close();
        }
      });
  }

  story(
    'a start without a network shows the last state; what is done then is done once there is one',
    'phone',
    async ({ page, context, wire }) => {
      const [archived, starred] = [1, 2].map((n) => `Offline ${n} ${Math.random()}`) as [string, string];
      for (const subject of [archived, starred]) await append(subject);
      for (const subject of [archived, starred]) await rowOf(page, subject).waitFor(WAIT);
      await rowOf(page, starred).locator(ROW).click();
      await page.locator('.reading h1').waitFor(WAIT);
      await readable(page, 'A word.');
      await page.goBack();
      await until(async () => (await found('INBOX', starred))[0]?.flags.has('\\Seen') === true, 'seen');
      await isKept(page, starred);
      wire.cut();
      await page.close();

      const cold = await context.newPage();
      await cold.goto(wire.origin);
      await rowOf(cold, archived).waitFor(WAIT);
      await cold.getByText(/^No connection\. .*Mail as of/).waitFor(WAIT);
      assert.deepEqual(await seriousFaults(cold), []);
      await rowOf(cold, starred).locator(ROW).click();
      await readable(cold, 'A word.');
      await cold.getByRole('button', { name: 'Star', exact: true }).first().click();
      assert.ok(await hasFrame(cold), 'the document for HTML mail is there too');
      await cold.goBack();
      await rowOf(cold, archived).locator('.row-pick').click();
      await cold.keyboard.press('e');
      await rowOf(cold, archived).waitFor({ state: 'detached', ...WAIT });
      await cold.getByText(/2 changes wait/).waitFor(WAIT);
      await cold.close();

      const again = await context.newPage();
      await again.goto(wire.origin);
      await rowOf(again, starred).locator('.row-star').waitFor(WAIT);
      assert.equal(await rowOf(again, archived).count(), 0);
      assert.equal(await count('INBOX', archived), 1);
      wire.mend();
      await until(async () => (await count('Archive', archived)) === 1, 'archived');
      await until(async () => (await found('INBOX', starred))[0]?.flags.has('\\Flagged') === true, 'starred');
      assert.equal(await count('INBOX', archived), 0);
      await again.locator('.waiting-line').waitFor({ state: 'detached', ...WAIT });
    },
  );

  story(
    'what is put off without a network is put off when there is one; what another device did with it stands',
    'computer',
    async ({ page, context, wire }) => {
      const [one, two] = [1, 2].map((n) => `Put off ${n} ${Math.random()}`) as [string, string];
      for (const subject of [one, two]) await append(subject);
      for (const subject of [one, two]) await rowOf(page, subject).waitFor(WAIT);
      const putOff = async (subject: string): Promise<void> => {
        await rowOf(page, subject).locator('.row-pick').click();
        await page.keyboard.press('b');
        await page.getByRole('button', { name: /^Tomorrow morning/ }).click();
        await rowOf(page, subject).waitFor({ state: 'detached', ...WAIT });
      };
      // The first of all makes the mailbox.
      await putOff(one);
      await until(async () => (await count('Snoozed', one)) === 1, 'put off');
      await page.getByRole('button', { name: 'Undo' }).click();
      await until(async () => (await count('INBOX', one)) === 1, 'taken back');
      await rowOf(page, one).waitFor(WAIT);
      wire.cut();
      await putOff(one);
      await putOff(two);
      await page.getByText(/2 changes wait/).waitFor(WAIT);
      await moveElsewhere(two, 'INBOX', 'Archive');
      await page.close();
      assert.deepEqual([await count('INBOX', one), await count('Snoozed', one)], [1, 0]);

      const again = await context.newPage();
      await again.goto(wire.origin);
      await again.getByText(/2 changes wait/).waitFor(WAIT);
      wire.mend();
      await again.getByText('A mail was moved elsewhere meanwhile, and stays there.').first().waitFor(WAIT);
      await until(async () => (await count('Snoozed', one)) === 1, 'put off');
      assert.deepEqual([await count('INBOX', one), await count('Archive', two)], [0, 1]);
      await again.getByRole('link', { name: /^Snoozed/ }).click();
      await rowOf(again, one).locator(ROW).click();
      await again.getByText(/^Comes back to the Inbox on/).waitFor(WAIT);
    },
  );

  story('an answer that was lost does not do it twice', 'on demand', async ({ page, wire }) => {
    const subject = `Lost ${Math.random()}`;
    await append(subject);
    await rowOf(page, subject).waitFor(WAIT);
    await rowOf(page, subject).locator('.row-pick').click();
    const lost = wire.loseAnswerTo('"Email/set"');
    await page.keyboard.press('e');
    await lost;
    wire.cut();
    await until(async () => (await count('Archive', subject)) === 1, 'archived');
    await moveElsewhere(subject, 'Archive', 'Räkningar');
    wire.mend();
    await page.getByText('A mail was moved elsewhere meanwhile, and stays there.').first().waitFor(WAIT);
    assert.deepEqual(
      await Promise.all(['INBOX', 'Archive'].map((mailbox) => count(mailbox, subject))),
      [0, 0],
    );
    assert.equal(await count('Räkningar', subject), 1);
  });

  story('what was deleted elsewhere meanwhile is told, once', 'on demand', async ({ page, wire }) => {
    const subject = `Gone ${Math.random()}`;
    await append(subject);
    await rowOf(page, subject).waitFor(WAIT);
    wire.cut();
    await rowOf(page, subject).locator('.row-pick').click();
    await page.keyboard.press('e');
    await page.getByText(/1 change waits/).waitFor(WAIT);
    await moveElsewhere(subject, 'INBOX', undefined);
    wire.mend();
    await page.getByText('A mail was deleted elsewhere meanwhile.').first().waitFor(WAIT);
    await page.locator('.waiting-line').waitFor({ state: 'detached', ...WAIT });
    assert.equal(await count('Archive', subject), 0);
  });

  story('of two tabs one sends, and both show it', 'on demand', async ({ page, context, wire }) => {
    const subject = `Two ${Math.random()}`;
    await append(subject);
    const other = await context.newPage();
    await other.goto(wire.origin);
    for (const tab of [page, other]) await rowOf(tab, subject).waitFor(WAIT);
    wire.cut();
    await rowOf(page, subject).locator('.row-pick').click();
    await page.keyboard.press('e');
    await rowOf(other, subject).waitFor({ state: 'detached', ...WAIT });
    const sets: string[] = [];
    for (const tab of [page, other])
      tab.on('request', (request) => {
        if (request.postData()?.includes('mailboxIds/')) sets.push(request.url());
      });
    wire.mend();
    await until(async () => (await count('Archive', subject)) === 1, 'archived');
    for (const tab of [page, other])
      await tab.locator('.waiting-line').waitFor({ state: 'detached', ...WAIT });
    assert.equal(sets.length, 1);
  });

  story(
    'a mail that is written and sent without a network goes once there is one, once',
    'computer',
    async ({ page, context, wire }) => {
      const subject = `Later ${Math.random()}`;
      await page.goto(`${wire.origin}/write?to=ann@example.org`);
      await page.getByLabel('Subject').fill(subject);
      await page.getByText(/^Saved everywhere/).waitFor(WAIT);
      wire.cut();
      await page.getByRole('textbox', { name: 'Text' }).click();
      await page.keyboard.type('Without a network.');
      await page.getByText('Offline: saved on this device').waitFor(WAIT);
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      await page.getByText('It is sent when there is a connection.').first().waitFor(WAIT);
      await page.getByText(`“${subject}” is sent when there is a connection.`).waitFor(WAIT);
      await page.getByRole('button', { name: 'Change' }).click();
      await page.getByRole('textbox', { name: 'Text' }).getByText('Without a network.').waitFor(WAIT);
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      await page.getByText(`“${subject}” is sent when there is a connection.`).waitFor(WAIT);
      await page.close();

      const again = await context.newPage();
      await again.goto(wire.origin);
      await again.getByText(`“${subject}” is sent when there is a connection.`).waitFor(WAIT);
      const lost = wire.loseAnswerTo('"EmailSubmission/set"');
      wire.mend();
      await lost;
      wire.cut();
      wire.mend();
      await until(async () => (await count('INBOX', subject)) === 1, 'arrived');
      await again.getByRole('button', { name: 'Change' }).waitFor({ state: 'detached', timeout: 30_000 });
      await until(async () => (await count('Drafts', subject)) === 0, 'no draft');
      assert.deepEqual(
        await Promise.all(['INBOX', 'Sent'].map((mailbox) => count(mailbox, subject))),
        [1, 1],
      );
    },
  );

  story('a draft outlives its session', 'on demand', async ({ page, context, wire }) => {
    await page.goto(`${wire.origin}/write?subject=Session`);
    await page.getByRole('textbox', { name: 'Text' }).click();
    const headers = { 'sec-fetch-site': 'same-origin' };
    const { devices } = await (await context.request.get(`${wire.origin}/web/devices`, { headers })).json();
    const { id } = devices.find((one: { isThis: boolean }) => one.isThis);
    await context.request.post(`${wire.origin}/web/devices/end`, { headers, data: { id } });
    await page.keyboard.type('Written after the end.');
    await page.locator('input[name=username]').fill(ANN);
    await page.locator('input[name=password]').fill(PASSWORD);
    await page.locator('button[type=submit]').click();
    await page.getByRole('textbox', { name: 'Text' }).getByText('Written after the end.').waitFor(WAIT);
    await page.getByText(/^Saved everywhere/).waitFor(WAIT);
    await until(async () => (await count('Drafts', 'Session')) === 1, 'a draft');
    await moveElsewhere('Session', 'Drafts', undefined);
  });

  story(
    'a draft of a page that was killed without a network comes to the account',
    'on demand',
    async ({ page, context, wire }) => {
      const subject = `Killed ${Math.random()}`;
      await page.goto(`${wire.origin}/write`);
      await page.getByRole('textbox', { name: 'Text' }).waitFor(WAIT);
      wire.cut();
      await page.getByLabel('Subject').fill(subject);
      await page.getByText('Offline: saved on this device').waitFor(WAIT);
      await page.close();
      const again = await context.newPage();
      await again.goto(`${wire.origin}/write`);
      await again.waitForFunction(
        (wanted) => [...document.querySelectorAll('input')].some(({ value }) => value === wanted),
        subject,
      );
      await again.close();
      wire.mend();
      const inbox = await context.newPage();
      await inbox.goto(wire.origin);
      await inbox.getByText('A draft that only this device had is in Drafts now.').first().waitFor(WAIT);
      await until(async () => (await count('Drafts', subject)) === 1, 'a draft');
    },
  );

  story('a push tells who wrote, with no page open; pressed, it opens the mail', 'phone', async (visit) => {
    const { page, context, wire } = visit;
    await context.grantPermissions(['notifications'], { origin: wire.origin });
    await page.goto(`${wire.origin}/settings`);
    await page.evaluate(standInForPushService, PUSH_KEYS);
    await page.getByRole('switch', { name: /^Notifications/ }).click();
    await page.getByRole('switch', { name: /^Notifications/, checked: true }).waitFor(WAIT);
    const subscriptions = async (): Promise<readonly { types: unknown }[]> => {
      const answer = await context.request.post(`${wire.origin}/jmap/api`, {
        headers: { 'sec-fetch-site': 'same-origin' },
        data: {
          using: ['urn:ietf:params:jmap:core'],
          methodCalls: [['PushSubscription/get', { ids: null }, 'c']],
        },
      });
      return (await answer.json()).methodResponses[0][1].list;
    };
    // The switch moves under the finger, before the server has it.
    await until(async () => (await subscriptions()).length > 0, 'a subscription');
    assert.deepEqual(
      (await subscriptions()).map(({ types }) => types),
      [['EmailDelivery']],
    );
    const subject = `Pushed ${Math.random()}`;
    await page.goto('about:blank');
    await append(subject);
    const push = await pushTo(page, wire.origin);
    await push({ '@type': 'StateChange', changed: {} });
    const [worker] = context.serviceWorkers();
    assert.ok(worker);
    const shown = () =>
      worker.evaluate(async () => {
        const { registration } = globalThis as unknown as ServiceWorkerGlobal;
        return (await registration.getNotifications()).map(({ title, body }) => `${title}: ${body}`);
      });
    await until(async () => (await shown()).length > 0, 'a notification');
    assert.deepEqual(await shown(), [`Eva: ${subject}\nA word.`]);
    await page.goto(`${wire.origin}/settings`);
    await page.getByRole('switch', { name: /^Notifications/ }).waitFor(WAIT);
    await worker.evaluate(async () => {
      const scope = globalThis as unknown as ServiceWorkerGlobal;
      const [notification] = await scope.registration.getNotifications();
      scope.dispatchEvent(new scope.NotificationEvent('notificationclick', { notification }));
    });
    await page.getByRole('heading', { level: 1, name: subject }).waitFor(WAIT);
    // Whoever leaves while a change waits is asked first.
    await until(async () => (await found('INBOX', subject))[0]?.flags.has('\\Seen') === true, 'seen');
    await page.goto(`${wire.origin}/settings`);
    await page.getByRole('button', { name: /^Sign out/ }).click();
    await page.locator('.sign-in').waitFor(WAIT);
    const left = await page.evaluate(async () => ({
      databases: (await indexedDB.databases()).length,
      caches: (await caches.keys()).length,
      workers: (await navigator.serviceWorker.getRegistrations()).length,
    }));
    assert.deepEqual(left, { databases: 0, caches: 0, workers: 0 });
  });

  story('a new build is offered, and there after a reload', 'computer', async ({ page, wire }) => {
    wire.upgrade('f'.repeat(16));
    wire.cut();
    wire.mend();
    await page.getByText('There is a new version of the webmail.').waitFor(WAIT);
    await page.getByRole('button', { name: 'Reload' }).click();
    await page.waitForFunction(() => document.documentElement.dataset.build === 'f'.repeat(16));
    await page.locator(ROW).first().waitFor(WAIT);
    assert.equal(await page.getByRole('button', { name: 'Reload' }).count(), 0);
  });
});

interface ServiceWorkerGlobal {
  readonly registration: { getNotifications(): Promise<readonly { title: string; body: string }[]> };
  readonly NotificationEvent: new (type: string, options: object) => Event;
  dispatchEvent(event: Event): void;
}

/** Of a browser; no push service of anybody is asked in a test. */
const PUSH_KEYS = {
  p256dh: createECDH('prime256v1').generateKeys().toString('base64url'),
  auth: randomBytes(16).toString('base64url'),
};

function standInForPushService(keys: typeof PUSH_KEYS): void {
  const subscription = {
    endpoint: 'https://push.invalid/1',
    toJSON: () => ({ endpoint: 'https://push.invalid/1', keys }),
    unsubscribe: async () => true,
  };
  PushManager.prototype.subscribe = async () => subscription as unknown as PushSubscription;
}

/** Gives the browser what a push service would, decrypted. */
async function pushTo(page: Page, origin: string): Promise<(message: object) => Promise<void>> {
  const session = await page.context().newCDPSession(page);
  const { promise, resolve } = Promise.withResolvers<string>();
  session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
    const found = registrations.find(({ scopeURL }) => scopeURL.startsWith(origin));
    if (found !== undefined) resolve(found.registrationId);
  });
  await session.send('ServiceWorker.enable');
  const registrationId = await promise;
  return async (message) => {
    const data = JSON.stringify(message);
    await session.send('ServiceWorker.deliverPushMessage', { origin, registrationId, data });
  };
}

/** The service worker has all that it needs, and this page. */
async function isReady(page: Page): Promise<void> {
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
}

/** The mail is among those that are kept. */
function isKept(page: Page, subject: string): Promise<void> {
  const look = () =>
    page.evaluate(
      (wanted) =>
        new Promise<boolean>((resolve) => {
          const opening = indexedDB.open('brevduva');
          opening.onsuccess = () => {
            const database = opening.result;
            const reading = database.transaction('facts').objectStore('facts').get('snapshot');
            reading.onsuccess = () => {
              database.close();
              resolve(JSON.stringify(reading.result ?? '').includes(wanted));
            };
          };
        }),
      subject,
    );
  return until(look, 'kept');
}

async function readable(page: Page, text: string): Promise<void> {
  await page.locator('.reading').getByText(text).first().waitFor(WAIT);
}

function hasFrame(page: Page): Promise<boolean> {
  return page.evaluate(
    () =>
      new Promise((resolve) => {
        const frame = document.createElement('iframe');
        frame.src = '/frame';
        frame.onload = () => {
          resolve(frame.contentDocument?.location.pathname === '/frame');
          frame.remove();
        };
        document.body.append(frame);
      }),
  );
}

async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
  const endMs = Date.now() + WAIT.timeout;
  while (!(await isSo())) {
    assert.ok(Date.now() < endMs, `waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
