/**
 * The stored envelope of one message as searches ask it: what is in a field, and when it was sent.
 *
 * Promises: each field is read and folded once, however many tests there are; most envelopes that do not have a needle are not
 * taken apart at all. Damaged ones have nothing to find.
 */
import { type EnvelopeField, EnvelopeReader } from '../../mail/envelope-reader.ts';
import { foldFieldText, type TextCollation } from '../../mail/fold.ts';
import type { Needle } from './needle.ts';

const SECONDS_PER_DAY = 86_400;

export class StoredEnvelope {
  readonly #text: string;
  readonly #collation: TextCollation;
  #lower: string | undefined;
  #fields: Map<EnvelopeField, string | undefined> | undefined;

  constructor(bytes: Buffer | undefined, collation: TextCollation) {
    this.#text = bytes?.toString('latin1') ?? '';
    this.#collation = collation;
  }

  /** The day of the Date field, in its own time zone; undefined when it cannot be read. */
  sentDay(): number | undefined {
    const date = new EnvelopeReader(this.#text).sentDate();
    if (date === undefined) return undefined;
    return Date.UTC(date.localYear, date.localMonth - 1, date.localDay) / 1000 / SECONDS_PER_DAY;
  }

  has(field: EnvelopeField, needle: Needle): boolean {
    if (this.#fields?.has(field) !== true && this.#cannotContain(needle.text)) return false;
    const text = this.#folded(field);
    return text !== undefined && needle.isIn(text);
  }

  #folded(field: EnvelopeField): string | undefined {
    this.#fields ??= new Map();
    if (this.#fields.has(field)) return this.#fields.get(field);
    const text = new EnvelopeReader(this.#text).text(field);
    const folded = text === undefined ? undefined : foldFieldText(text, this.#collation);
    this.#fields.set(field, folded);
    return folded;
  }

  /** True when one look at the whole envelope, without taking it apart, shows that the needle is not in it. */
  #cannotContain(needle: string): boolean {
    // An encoded word may say anything, and an 8-bit octet may be part of a letter that folds to a plain one.
    if (this.#text.includes('=?') || this.#text.includes('{')) return false;
    const stretch = plainStretch(needle);
    if (stretch === '') return false;
    this.#lower ??= this.#text.toLowerCase();
    return !this.#lower.includes(stretch);
  }
}

/** Longest stretch of the needle that no spelling of an envelope breaks up. */
function plainStretch(needle: string): string {
  let best = '';
  let start = 0;
  for (let i = 0; i <= needle.length; i++) {
    const c = i < needle.length ? needle.charCodeAt(i) : 0;
    const isPlain = (c >= 0x61 && c <= 0x7a) || (c >= 0x30 && c <= 0x39);
    if (isPlain) continue;
    if (i - start > best.length) best = needle.slice(start, i);
    start = i + 1;
  }
  return best;
}
