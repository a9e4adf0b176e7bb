/**
 * The languages of a session (RFC 5255 §3): English, in which everything is written, as `i-default` until somebody asks for another
 * (RFC 2277 §4.5), and Swedish.
 */
import { inSwedish, type Words } from './translated.ts';

/** In the order in which they are told. */
export const LANGUAGES = ['en', 'sv', 'i-default'] as const;
export type Language = (typeof LANGUAGES)[number];

export function languageNamed(name: string): Language {
  return LANGUAGES.find((language) => language === name) ?? 'i-default';
}

/** Undefined: as it is written. */
export function wordsIn(language: Language): Words | undefined {
  return language === 'sv' ? inSwedish : undefined;
}

/** Where other people's mailboxes are, in words for a person and in ASCII; undefined: as they are called. */
export function othersIn(language: Language): string | undefined {
  return language === 'sv' ? 'Andra personer' : undefined;
}

/**
 * The first of these ranges, in lower case, of which there is a language (RFC 4647 §3.4, lookup: `fr-ca` is `fr` too); undefined: none.
 * `preferred`: what `default` and `*` mean.
 */
export function languageFor(ranges: readonly string[], preferred: Language): Language | undefined {
  for (const range of ranges) {
    if (range === 'default' || range === '*') return preferred;
    const found = LANGUAGES.find((language) => range === language || range.startsWith(`${language}-`));
    if (found !== undefined) return found;
  }
  return undefined;
}
