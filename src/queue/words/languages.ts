/** The languages of reports. */
import { EN } from './en.ts';
import { SV } from './sv.ts';
import type { Words } from './words.ts';

export const LANGUAGES = ['en', 'sv'] as const;
export type Language = (typeof LANGUAGES)[number];

export const WORDS: { readonly [L in Language]: Words } = Object.freeze({ en: EN, sv: SV });
