/**
 * What the browser runs of the webmail beside its pages: gives them their files without a network, and shows what is pushed.
 * `build.mjs` makes it anew with each build, so that a browser that looks sees that there is another.
 */
import { AppShell, type ShellBuild } from './app-shell.ts';
import type { WorkerScope } from './scope.ts';

/** Put here by `build.mjs`. */
declare const BUILD: ShellBuild;

const scope = globalThis as unknown as WorkerScope;
const shell = new AppShell({
  ...{ build: BUILD, caches: scope.caches, origin: scope.location.origin },
  fetch: (input, init) => scope.fetch(input, init),
  sleep: (ms) => new Promise((resolve) => void setTimeout(resolve, ms)),
});

scope.addEventListener('install', (event) => {
  // Pages of the build before go on: their files have other names.
  event.waitUntil(shell.install().then(() => scope.skipWaiting()));
});

scope.addEventListener('activate', (event) => {
  event.waitUntil(begin());
});

scope.addEventListener('fetch', (event) => {
  const answer = shell.answer(event.request);
  if (answer !== undefined) event.respondWith(answer);
});

async function begin(): Promise<void> {
  await shell.activate();
  await scope.clients.claim();
  const pages = await scope.clients.matchAll({ type: 'window', includeUncontrolled: true });
  for (const page of pages) page.postMessage({ kind: 'build', stamp: BUILD.stamp });
}
