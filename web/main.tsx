/**
 * Where the webmail begins in the browser: makes what lives as long as the page (who is signed in, language) and draws the
 * screen that fits.
 *
 * Where things go: a screen is a folder (`list/`, `read/`, `write/`, `search/`, `settings/`) with `.tsx` that draws and `.ts` that
 * decides, each of these with a test beside it. Its styles lie there too, with a line in `look/all.css`; its texts in
 * `text/en/` and `text/sv/`, with a line in `text/en.ts` and `text/sv.ts`; icons in `ui/icons.ts`; colours and sizes by the names in
 * `look/tokens.css`. What is not needed at once is loaded by `import()`.
 */
import { computed, signal } from '@preact/signals';
import { render } from 'preact';
import { Account } from './shell/account.ts';
import { type App, AppContext } from './shell/app.ts';
import { Screen } from './shell/screen.tsx';
import { languageOf, textsOf } from './text/language.ts';

async function main(): Promise<void> {
  const account = new Account((input, init) => fetch(input, init));
  const language = signal(languageOf(navigator.languages));
  const [loaded] = await Promise.all([textsOf(language.value), account.look()]);
  const texts = signal(loaded);
  document.documentElement.lang = language.value;
  const app: App = { language: computed(() => language.value), texts, account };
  const root = document.getElementById('app');
  if (root === null) throw new Error('the page has no place for the app');
  render(
    <AppContext.Provider value={app}>
      <Screen />
    </AppContext.Provider>,
    root,
  );
}

void main();
