/** Which language somebody reads, and its texts; Swedish is loaded when somebody wants it. */
import { en, type Texts } from './en.ts';

export const LANGUAGES = ['en', 'sv'] as const;
export type Language = (typeof LANGUAGES)[number];

/** The first of those the person prefers that there are texts in. */
export function languageOf(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    const found = LANGUAGES.find((language) => tag.toLowerCase().split('-')[0] === language);
    if (found !== undefined) return found;
  }
  return 'en';
}

export async function textsOf(language: Language): Promise<Texts> {
  return language === 'sv' ? (await import('./sv.ts')).sv : en;
}
