/**
 * What every part of the page can reach, made once in `main.tsx` and handed down by Preact's context: no module has a state
 * of its own. A component asks `useApp()`; below the sign-in also `useDesk()`, which has the mail.
 */
import type { ReadonlySignal, Signal } from '@preact/signals-core';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Texts } from '../text/en.ts';
import type { Formats } from '../text/format.ts';
import type { Language } from '../text/language.ts';
import type { KeptDraft } from '../write/local-drafts.ts';
import type { Account } from './account.ts';
import type { AppWorker } from './app-worker.ts';
import type { Desk } from './desk.ts';
import type { Device } from './device.ts';
import type { Notices } from './notices.ts';
import type { Preferences } from './preferences.ts';
import type { Router } from './router.ts';

export interface App {
  readonly language: ReadonlySignal<Language>;
  readonly texts: ReadonlySignal<Texts>;
  readonly formats: ReadonlySignal<Formats>;
  readonly account: Account;
  readonly router: Router;
  readonly notices: Notices;
  readonly preferences: Preferences;
  /** What this browser is: how wide, how it likes things. */
  readonly device: Device;
  readonly worker: AppWorker;
  /** Drafts that were left before they could be saved, by whose they are: signing in again brings them back. */
  readonly carried: {
    readonly of: (address: string) => Map<string, KeptDraft>;
    clear(): void;
    /** How many of them are mail that was to be sent. */
    readonly unsent: Signal<number>;
  };
}

export const AppContext = createContext<App | undefined>(undefined);
export const DeskContext = createContext<Desk | undefined>(undefined);

export function useApp(): App {
  return given(useContext(AppContext));
}

/** Only where somebody is signed in. */
export function useDesk(): Desk {
  return given(useContext(DeskContext));
}

/** The texts in the person's language; whoever asks is drawn anew when it changes. */
export function useTexts(): Texts {
  return useApp().texts.value;
}

function given<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('nothing of the kind is around this');
  return value;
}
