/**
 * The text of a preview while it is read: what the writer says, and behind it what the writer quotes and signs with
 * (RFC 8970 §3.3). White space is one space, and characters that show nothing are gone: newsletters pad their first line
 * with hundreds of them.
 *
 * Promises: no more than is needed is kept; a preview has at most MAX_PREVIEW characters and never half of one.
 */
import { singleSpaced } from '../fold.ts';

export type Place = 'own' | 'quoted' | 'signature';

/** RFC 8970 §3.3, and JMAP's preview property. */
export const MAX_PREVIEW = 256;
/** Kept of each place, in UTF-16 units: enough for as many characters. */
const ENOUGH = 2 * MAX_PREVIEW;
/** What has come is cleaned whenever it is this long. */
const SOME = 2 * ENOUGH;
/** Controls, marks of direction, soft hyphens and fillers; joiners are parts of emoji and of Persian words. */
const UNSEEN =
  /(?:[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u115f\u1160\u17b4\u17b5\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb]|\u034f|[\u180b-\u180f])+/g;
const LOOSE_JOINERS = /(?<=^|\s)[\u200c\u200d]+|[\u200c\u200d]+(?=\s|$)/g;
const ONLY_SHOWN = /^[\t\n\r\x20-\x7e\xa1-\xac\xae-\u02ff]*$/;

/** What text of a message is given to, piece by piece. */
export interface TextSink {
  /** Nothing more is wanted. */
  readonly isFull: boolean;
  add(place: Place, text: string): void;
}

export class CollectedText implements TextSink {
  readonly #texts: Record<Place, string> = { own: '', quoted: '', signature: '' };
  readonly #isFull: Record<Place, boolean> = { own: false, quoted: false, signature: false };

  /** There is as much of the writer's own text as a preview can have. */
  get isFull(): boolean {
    return this.#isFull.own;
  }

  add(place: Place, text: string): void {
    for (let at = 0; at < text.length && !this.#isFull[place]; at += SOME) {
      const piece = text.length > SOME ? text.slice(at, at + SOME) : text;
      const all = this.#texts[place] + piece;
      const clean = all.length < SOME ? all : cleaned(all);
      this.#isFull[place] = all.length >= SOME && clean.length >= ENOUGH;
      this.#texts[place] = clean;
    }
  }

  preview(): string {
    const { own, quoted, signature } = this.#texts;
    const rest = quoted === '' && signature === '' ? '' : ` ${quoted} ${signature}`;
    const all = cleaned(own + rest).trim();
    if (all.length <= MAX_PREVIEW) return all.toWellFormed();
    let end = 0;
    for (let count = 0; count < MAX_PREVIEW && end < all.length; count++)
      end += (all.codePointAt(end) as number) > 0xffff ? 2 : 1;
    return all.slice(0, end).trimEnd().toWellFormed();
  }
}

function cleaned(text: string): string {
  if (ONLY_SHOWN.test(text)) return singleSpaced(text);
  const seen = text.replace(UNSEEN, '').replace(/\s+/g, ' ').replace(LOOSE_JOINERS, '');
  return seen.includes('  ') ? seen.replace(/ {2,}/g, ' ') : seen;
}
