/**
 * The text of a preview while it is read: what the writer says, and behind it what the writer quotes and signs with
 * (RFC 8970 §3.3). White space is one space, and characters that show nothing are gone: newsletters pad their first line
 * with hundreds of them.
 *
 * Promises: no more than is needed is kept; a preview has at most MAX_PREVIEW characters and never half of one.
 */
export type Place = 'own' | 'quoted' | 'signature';

/** RFC 8970 §3.3, and JMAP's preview property. */
export const MAX_PREVIEW = 256;
/** Kept of each place, in UTF-16 units: enough for as many characters. */
const ENOUGH = 2 * MAX_PREVIEW;
/** Controls, marks of direction, soft hyphens and fillers; joiners are parts of emoji and of Persian words. */
const UNSEEN =
  /(?:[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u115f\u1160\u17b4\u17b5\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb]|\u034f|[\u180b-\u180f])+/g;
const LOOSE_JOINERS = /(?<=^|\s)[\u200c\u200d]+|[\u200c\u200d]+(?=\s|$)/g;
const NEEDS_CLEANING = /[^\x21-\x7e\x80\xa1-\xac\xae-\u02ff ]| {2}/;

export class CollectedText {
  readonly #texts: Record<Place, string> = { own: '', quoted: '', signature: '' };

  /** There is as much of the writer's own text as a preview can have. */
  get isFull(): boolean {
    return this.#texts.own.length >= ENOUGH;
  }

  get isBlank(): boolean {
    return Object.values(this.#texts).every((text) => text.trim() === '');
  }

  add(place: Place, text: string): void {
    const before = this.#texts[place];
    if (before.length >= ENOUGH) return;
    const clean = NEEDS_CLEANING.test(text) ? cleaned(text) : text;
    const isDoubled = clean.startsWith(' ') && (before === '' || before.endsWith(' '));
    const more = isDoubled ? clean.slice(1) : clean;
    this.#texts[place] = before + more.slice(0, ENOUGH);
  }

  preview(): string {
    const { own, quoted, signature } = this.#texts;
    const all = cleaned([own, quoted, signature].join(' ')).trim();
    if (all.length <= MAX_PREVIEW) return all.toWellFormed();
    let end = 0;
    for (let count = 0; count < MAX_PREVIEW && end < all.length; count++)
      end += (all.codePointAt(end) as number) > 0xffff ? 2 : 1;
    return all.slice(0, end).trimEnd().toWellFormed();
  }
}

function cleaned(text: string): string {
  return text.replace(UNSEEN, '').replace(/\s+/g, ' ').replace(LOOSE_JOINERS, '').replace(/ {2,}/g, ' ');
}
