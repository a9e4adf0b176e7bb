/** The texts of a language; Swedish is loaded when somebody wants it. */
import { en, type Texts } from './en.ts';
import type { Language } from './preferred.ts';

export { LANGUAGES, type Language, languageOf } from './preferred.ts';

export async function textsOf(language: Language): Promise<Texts> {
  return language === 'sv' ? (await import('./sv.ts')).sv : en;
}
