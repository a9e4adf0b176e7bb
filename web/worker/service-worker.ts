/**
 * What the browser runs of the webmail beside its pages: gives them their files without a network, and shows what is pushed.
 * `build.mjs` makes it anew with each build, so that a browser that looks sees that there is another.
 */

import { Kept, keptFact } from '../keep/database.ts';
import type { SessionFacts } from '../shell/account.ts';
import { worker as english } from '../text/en/worker.ts';
import { languageOf } from '../text/preferred.ts';
import { worker as swedish } from '../text/sv/worker.ts';
import { AppShell, type ShellBuild } from './app-shell.ts';
import { Pushed } from './pushed.ts';
import type { WorkerScope } from './scope.ts';

/** Put here by `build.mjs`. */
declare const BUILD: ShellBuild & { readonly icon: string; readonly badge: string };

const scope = globalThis as unknown as WorkerScope;
const shell = new AppShell({
  ...{ build: BUILD, caches: scope.caches, origin: scope.location.origin },
  fetch: (input, init) => scope.fetch(input, init),
  sleep: (ms) => new Promise((resolve) => void setTimeout(resolve, ms)),
});

const pushed = new Pushed({
  ...{ scope, told: { read: readTold, write: writeTold }, nowMs: () => Date.now() },
  pictures: { icon: BUILD.icon, badge: BUILD.badge },
  words: async () => ((await language()) === 'sv' ? swedish : english),
  end: async () => {
    await (await scope.registration.pushManager.getSubscription())?.unsubscribe();
  },
});

scope.addEventListener('push', (event) => {
  event.waitUntil(pushed.take(event.data?.json()));
});

scope.addEventListener('notificationclick', (event) => {
  event.waitUntil(pushed.open(event));
});

scope.addEventListener('install', (event) => {
  // Pages of the build before go on: their files have other names.
  event.waitUntil(install());
});

scope.addEventListener('activate', (event) => {
  event.waitUntil(begin());
});

scope.addEventListener('fetch', (event) => {
  const answer = shell.answer(event.request);
  if (answer !== undefined) event.respondWith(answer);
});

scope.addEventListener('message', (event) => {
  const { kind, language } = (event.data ?? {}) as Readonly<Record<string, unknown>>;
  // Without a network now it is done at another time.
  if (kind === 'texts') event.waitUntil(shell.keepTexts(String(language)).catch(() => undefined));
});

async function language(): Promise<string> {
  const session = await keptFact<SessionFacts>(scope.indexedDB, 'session').catch(() => undefined);
  return String(session?.preferences.language ?? languageOf(scope.navigator.languages));
}

async function install(): Promise<void> {
  await shell.install(await language());
  await scope.skipWaiting();
}

async function begin(): Promise<void> {
  await shell.activate();
  await scope.clients.claim();
  const pages = await scope.clients.matchAll({ type: 'window', includeUncontrolled: true });
  for (const page of pages) page.postMessage({ kind: 'build', stamp: BUILD.stamp });
}

async function readTold(): Promise<readonly string[]> {
  return (await keptFact<readonly string[]>(scope.indexedDB, 'told').catch(() => undefined)) ?? [];
}

async function writeTold(ids: readonly string[]): Promise<void> {
  const owner = await keptFact<string>(scope.indexedDB, 'owner').catch(() => undefined);
  if (owner === undefined) return;
  const kept = await Kept.join(scope.indexedDB, owner);
  await kept.put('facts', ids, 'told').catch(() => undefined);
  kept.close();
}
