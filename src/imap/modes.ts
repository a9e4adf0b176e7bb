import { type Comparator, USUAL_COMPARATOR } from './comparator.ts';
import type { Language } from './words/language.ts';

/**
 * What a client has switched on for the rest of its session, by ENABLE or by using it (RFC 5161, RFC 7162 §3.1,
 * RFC 9051 §6.3.1). A mode is never switched off again; a choice can be made anew. Only encoding (`wire/`) and untagged output (`updates.ts`,
 * the FETCH items) look at them.
 */
export class Modes {
  /** MODSEQ in every FETCH of flags, HIGHESTMODSEQ in SELECT. */
  condstore = false;
  /** VANISHED in the place of EXPUNGE. */
  qresync = false;
  /** UTF-8 in names and quoted strings. */
  utf8 = false;
  /** IMAP4rev2: no RECENT, ESEARCH for SEARCH, UTF-8 in names. */
  rev2 = false;
  /** No message numbers: UIDFETCH in the place of FETCH, VANISHED in that of EXPUNGE (RFC 9586). */
  uidOnly = false;
  /** Of the texts for people (RFC 5255 §3). */
  language: Language = 'i-default';
  /** By what texts are compared (RFC 5255 §4). */
  comparator: Comparator = USUAL_COMPARATOR;
  /** Words that ENABLE has answered; each is answered once (RFC 5161 §3.1). */
  readonly enabled = new Set<string>();

  get tellsVanished(): boolean {
    return this.qresync || this.uidOnly;
  }

  get isUtf8(): boolean {
    return this.utf8 || this.rev2;
  }
}
