/** The texts of a language, of which each is loaded when somebody reads it. */
import type { Texts } from './en.ts';
import { LANGUAGES, type Language } from './preferred.ts';

export { LANGUAGES, type Language, languageOf } from './preferred.ts';

export interface Said<T> {
  readonly language: Language;
  readonly texts: T;
}

export async function textsOf(language: Language): Promise<Texts> {
  return language === 'sv' ? (await import('./sv.ts')).sv : (await import('./en.ts')).en;
}

/** In the language that is wanted; without a network, in one that is there. */
export async function saidIn<T>(
  wanted: Language,
  load: (language: Language) => Promise<T>,
): Promise<Said<T>> {
  let fault: unknown;
  for (const language of new Set([wanted, ...LANGUAGES])) {
    try {
      return { language, texts: await load(language) };
    } catch (error) {
      fault ??= error;
    }
  }
  throw fault;
}
