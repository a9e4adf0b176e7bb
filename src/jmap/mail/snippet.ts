/**
 * Hits of a search shown in their text (RFC 8621 §5): between `<mark>` and `</mark>`, in text that is safe to be shown as HTML.
 *
 * Compared as searches compare (`mail/fold.ts`): without case and by normal form, so that what is marked is what was found. A letter with
 * its accents is marked whole or not at all. Hits that overlap are one.
 */
import { foldText } from '../../mail/fold.ts';

export interface Hit {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

/** RFC 8621 §5. */
export const MOST_SNIPPET_BYTES = 255;
/** Characters of the text before the first hit. */
const BEFORE = 50;
const LONGEST_TEXT = 256 * 1024;
const MOST_HITS = 1000;
const OPEN = '<mark>';
const CLOSE = '</mark>';
const MORE = '…';

/** Ascending, apart. `words` as they were typed. */
export function hitsIn(text: string, words: readonly string[]): readonly Hit[] {
  const folded = new FoldedText(text.slice(0, LONGEST_TEXT));
  const found: Hit[] = [];
  for (const word of new Set(words.map((one) => foldText(one)))) {
    if (word === '') continue;
    let at = folded.text.indexOf(word);
    for (; at >= 0 && found.length < MOST_HITS; at = folded.text.indexOf(word, at + word.length))
      found.push(folded.hitAt(at, at + word.length));
  }
  found.sort((a, b) => a.start - b.start || a.end - b.end);
  const apart: { start: number; end: number }[] = [];
  for (const { start, end } of found) {
    const last = apart.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else apart.push({ start, end });
  }
  return apart;
}

/** All of it. */
export function markedText(text: string, hits: readonly Hit[]): string {
  let out = '';
  let from = 0;
  for (const { start, end } of hits) {
    out += `${escaped(text.slice(from, start))}${OPEN}${escaped(text.slice(start, end))}${CLOSE}`;
    from = end;
  }
  return out + escaped(text.slice(from));
}

/** From shortly before the first hit on, in so many octets at most; there is one. */
export function markedSnippet(text: string, hits: readonly Hit[], mostBytes = MOST_SNIPPET_BYTES): string {
  const start = beginning(text, hits[0]?.start ?? 0);
  let out = start > 0 ? MORE : '';
  let left = mostBytes - Buffer.byteLength(out) - Buffer.byteLength(MORE);
  let at = start;
  for (const hit of hits) {
    at = add(text, at, hit.start);
    if (at < hit.start || left <= OPEN.length + CLOSE.length) break;
    left -= OPEN.length + CLOSE.length;
    const before = out;
    out += OPEN;
    at = add(text, at, hit.end);
    out = at === hit.start ? before : out + CLOSE;
    if (at < hit.end) break;
  }
  if (at === (hits.at(-1)?.end ?? at)) at = add(text, at, text.length);
  return at < text.length ? out + MORE : out;

  /** As much as there is room for; returns how far it came. */
  function add(all: string, from: number, to: number): number {
    let end = from;
    while (end < to) {
      const character = String.fromCodePoint(all.codePointAt(end) as number);
      const shown = escaped(character);
      const bytes = Buffer.byteLength(shown);
      if (bytes > left) return end;
      left -= bytes;
      out += shown;
      end += character.length;
    }
    return end;
  }
}

/** At the beginning of a word, where there is one near. */
function beginning(text: string, hit: number): number {
  if (hit <= BEFORE) return 0;
  const from = hit - BEFORE;
  const space = text.indexOf(' ', from);
  if (space >= 0 && space < hit) return space + 1;
  // Not within a pair.
  return (text.charCodeAt(from) & 0xfc00) === 0xdc00 ? from + 1 : from;
}

function escaped(text: string): string {
  return text.replace(/[&<>]/g, (sign) => (sign === '&' ? '&amp;' : sign === '<' ? '&lt;' : '&gt;'));
}

/** A text as it is compared, and where in the text each character of that comes from. */
class FoldedText {
  readonly text: string;
  readonly #whole: string;
  /** Of each folded character, where the letter with its accents begins that it comes from; undefined when both are alike. */
  readonly #starts: number[] | undefined;

  constructor(text: string) {
    this.#whole = text;
    const folded = foldText(text);
    if (folded.length === text.length && /^[\0-\u02ff]*$/.test(text)) {
      this.text = folded;
      return;
    }
    this.#starts = [];
    let out = '';
    for (const { 0: letter, index } of text.matchAll(/\P{M}\p{M}*|\p{M}+/gu)) {
      const one = foldText(letter);
      for (let i = 0; i < one.length; i++) this.#starts.push(index);
      out += one;
    }
    this.text = out;
  }

  /** Whole letters. */
  hitAt(from: number, to: number): Hit {
    if (this.#starts === undefined) return { start: from, end: to };
    const start = this.#starts[from] as number;
    const last = this.#starts[to - 1] as number;
    let next = to;
    while (next < this.#starts.length && this.#starts[next] === last) next++;
    return { start, end: this.#starts[next] ?? this.#whole.length };
  }
}
