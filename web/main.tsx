/**
 * Where the webmail begins in the browser: makes what lives as long as the page (`shell/app.ts`) and draws the screen that fits.
 *
 * Where things go: a screen is a folder (`list/`, `read/`, `write/`, `search/`, `settings/`) with `.tsx` that draws and `.ts` that
 * decides, each of these with a test beside it. Its styles lie there too, with a line in `look/all.css`; its texts in
 * `text/en/` and `text/sv/`, with a line in `text/en.ts` and `text/sv.ts`; icons in `ui/icons.ts`; colours and sizes by the names in
 * `look/tokens.css`. What is not needed at once is loaded by `import()`.
 */
import { computed, effect, signal } from '@preact/signals';
import { render } from 'preact';
import { Account } from './shell/account.ts';
import { type App, AppContext } from './shell/app.ts';
import { AppWorker, workerUrl } from './shell/app-worker.ts';
import { browserStorage, browserWindow, Device } from './shell/device.ts';
import { Notices } from './shell/notices.ts';
import { placeOf } from './shell/places.ts';
import { Preferences } from './shell/preferences.ts';
import { Router } from './shell/router.ts';
import { forgetKept, Screen } from './shell/screen.tsx';
import { followKeyboard } from './shell/viewport.ts';
import { whenGone } from './shell/whose.ts';
import { formatsOf } from './text/format.ts';
import { languageOf, saidIn, textsOf } from './text/language.ts';
import type { KeptDraft } from './write/local-drafts.ts';

const HOUR_MS = 3_600_000;

async function main(): Promise<void> {
  const account = new Account(
    (input, init) => fetch(input, init),
    async () => (await import('./keep/database.ts')).keptFact(indexedDB, 'session'),
  );
  const preferences = new Preferences({ write: (kept) => account.keep(kept) });
  effect(() => {
    const now = account.now.value;
    if (now.state === 'in') preferences.load(now.session.preferences);
  });
  const browser = languageOf(navigator.languages);
  // While it is asked who is signed in.
  void saidIn(browser, textsOf).catch(() => undefined);
  await account.look();
  const said = signal(await saidIn(preferences.choices.peek().language ?? browser, textsOf));
  const language = computed(() => said.value.language);
  const router = new Router(window);
  const app: App = {
    ...{ account, preferences, language },
    texts: computed(() => said.value.texts),
    formats: computed(() =>
      formatsOf(language.value === 'en' ? englishOf(navigator.languages) : language.value),
    ),
    router,
    device: new Device(browserWindow()),
    carried: carriedDrafts(),
    worker: new AppWorker({
      container: navigator.serviceWorker,
      url: workerUrl(),
      stamp: document.documentElement.dataset.build ?? '',
      reload: () => location.reload(),
      page: async () => (await fetch('/', { cache: 'no-store' })).text(),
      storage: browserStorage('sessionStorage'),
      open: (path) => router.go(placeOf(new URL(path, location.origin))),
      nowMs: () => Date.now(),
    }),
    notices: new Notices({
      set: (run, ms) => setTimeout(run, ms),
      clear: (timer) => clearTimeout(timer as number | undefined),
    }),
  };
  effect(() => {
    const wanted = preferences.choices.value.language ?? browser;
    void saidIn(wanted, textsOf).then((found) => {
      if (found.language !== language.peek()) said.value = found;
      document.documentElement.lang = found.language;
    });
  });
  followKeyboard(window);
  followBuilds(app);
  forgetWhenGone(account);
  const root = document.getElementById('app');
  if (root === null) throw new Error('the page has no place for the app');
  // Where doubtful links of mails lead: a page of its own, for which nobody need be signed in.
  const Page = location.pathname === '/leave' ? (await import('./read/leave.tsx')).Leave : Screen;
  render(
    <AppContext.Provider value={app}>
      <Page />
    </AppContext.Provider>,
    root,
  );
}

function carriedDrafts(): App['carried'] {
  const all = new Map<string, Map<string, KeptDraft>>();
  const unsent = signal(0);
  return {
    unsent,
    of: (address) => {
      const known = all.get(address) ?? new Map<string, KeptDraft>();
      if (known.size === 0) unsent.value = 0;
      // Whoever else signs in gets nothing of the one before.
      all.clear();
      all.set(address, known);
      return known;
    },
    clear: () => {
      all.clear();
      unsent.value = 0;
    },
  };
}

/** Who is not signed in has nothing left here, also in a browser that does not do as it is told (Clear-Site-Data). */
function forgetWhenGone(account: Account): void {
  whenGone(account.now, ({ state }) => {
    browserStorage()?.clear();
    // Whoever else is in has opened it as theirs, and so emptied it, or forgets it themselves.
    if (state === 'out') forgetKept();
  });
}

/** Signing out takes the service worker away with everything else. */
function followBuilds({ account, worker, language }: App): void {
  effect(() => {
    const read = language.value;
    if (account.now.value.state === 'in') void worker.register().then(() => worker.keepTexts(read));
  });
  setInterval(() => void worker.check(), HOUR_MS);
}

/** The English that the person reads writes dates as they are used to. */
function englishOf(preferred: readonly string[]): string {
  return preferred.find((tag) => tag.toLowerCase().startsWith('en')) ?? 'en';
}

// `early.ts` begins again.
main().catch(() => dispatchEvent(new Event('again')));
