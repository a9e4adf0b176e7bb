/**
 * What every part of the page can reach, made once in `main.tsx` and handed down by Preact's context: no module has a state
 * of its own. A component asks `useApp()`.
 */
import type { ReadonlySignal } from '@preact/signals-core';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Texts } from '../text/en.ts';
import type { Language } from '../text/language.ts';
import type { Account } from './account.ts';

export interface App {
  readonly language: ReadonlySignal<Language>;
  readonly texts: ReadonlySignal<Texts>;
  readonly account: Account;
}

export const AppContext = createContext<App | undefined>(undefined);

export function useApp(): App {
  const app = useContext(AppContext);
  if (app === undefined) throw new Error('no app around this');
  return app;
}

/** The texts in the person's language; whoever asks is drawn anew when it changes. */
export function useTexts(): Texts {
  return useApp().texts.value;
}
