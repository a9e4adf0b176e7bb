/**
 * What is searched most, of whole mailboxes in memory: the folded fields of `mail/search-text.ts`, one after the other, so that looking
 * for a word in a hundred thousand messages is looking for it in one stretch of octets.
 *
 * Kept for mailboxes that were searched, no more than a limit in all; forgotten when a mailbox was not searched for a while. It
 * is never wrong, only incomplete: the texts of an email do not change, and what is not here is looked at where it is stored.
 */
import type { MailboxState } from './mailbox.ts';

const FIRST_BYTES = 256 * 1024;

/** Of one mailbox, by the numbers of its emails. */
export class SearchTexts {
  #octets: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #emails = new Uint32Array(1024);
  /** Of each text, and where the last one ends. */
  #starts = new Uint32Array(1024);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get sizeBytes(): number {
    return this.#octets.length + this.#emails.byteLength + this.#starts.byteLength;
  }

  /** One after the other, as `textAt` gives them. */
  get octets(): Buffer {
    return this.#octets.subarray(0, this.#starts[this.#count]);
  }

  get lastEmail(): number {
    return this.#count === 0 ? 0 : (this.#emails[this.#count - 1] as number);
  }

  /** An email above all that are here; without a text it cannot be told what is in it. */
  add(email: number, text: Buffer | undefined): void {
    const start = this.#starts[this.#count] as number;
    const end = start + (text?.length ?? 0);
    if (end > this.#octets.length)
      this.#octets = grown(this.#octets, Math.max(end, this.#octets.length * 1.5));
    if (this.#count + 1 >= this.#emails.length) {
      this.#emails = twice(this.#emails);
      this.#starts = twice(this.#starts);
    }
    text?.copy(this.#octets, start);
    this.#emails[this.#count++] = email;
    this.#starts[this.#count] = end;
  }

  /** Empty when nothing is known of that email's fields. */
  textAt(index: number): Buffer {
    return this.#octets.subarray(this.#starts[index], this.#starts[index + 1]);
  }

  isKnown(index: number): boolean {
    return (this.#starts[index] as number) < (this.#starts[index + 1] as number);
  }

  /** Of an email, or -1. Emails in the order of their messages mostly stand one after the other: `near` is looked at first. */
  indexOf(email: number, near: number): number {
    if (this.#emails[near] === email && near < this.#count) return near;
    const index = lowerBound(this.#emails, this.#count, email);
    return index < this.#count && this.#emails[index] === email ? index : -1;
  }

  /** Of the text in which this octet is. */
  indexAt(offset: number): number {
    return lowerBound(this.#starts, this.#count + 1, offset + 1) - 1;
  }

  /** Where the text behind the one at `index` begins. */
  endAt(index: number): number {
    return this.#starts[index + 1] as number;
  }
}

interface Kept {
  readonly texts: SearchTexts;
  lastUsedMs: number;
}

export class SearchTextCache {
  readonly #kept = new Map<MailboxState, Kept>();
  /** Messages of those whose texts alone are beyond the limit. */
  readonly #tooLarge = new WeakMap<MailboxState, number>();
  /** One search loads a mailbox, and others wait for it. */
  readonly #loading = new Map<MailboxState, Promise<unknown>>();
  maxBytes: number;
  /** Of fewer it is not worth it. */
  leastMessages = 500;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get(mailbox: MailboxState, nowMs: number): SearchTexts | undefined {
    const kept = this.#kept.get(mailbox);
    if (kept === undefined) return undefined;
    kept.lastUsedMs = nowMs;
    return kept.texts;
  }

  /** Others go when there is no room, those that were not used for longest first. */
  keep(mailbox: MailboxState, texts: SearchTexts, nowMs: number): void {
    this.#kept.set(mailbox, { texts, lastUsedMs: nowMs });
    const byUse = [...this.#kept].sort(([, a], [, b]) => a.lastUsedMs - b.lastUsedMs);
    let bytes = byUse.reduce((sum, [, kept]) => sum + kept.texts.sizeBytes, 0);
    for (const [other, kept] of byUse) {
      if (bytes <= this.maxBytes) return;
      bytes -= kept.texts.sizeBytes;
      this.#kept.delete(other);
    }
  }

  /** As it was when somebody tried, unless it has fewer messages since. */
  isTooLarge(mailbox: MailboxState): boolean {
    return mailbox.exists >= (this.#tooLarge.get(mailbox) ?? Infinity);
  }

  noteTooLarge(mailbox: MailboxState): void {
    this.#tooLarge.set(mailbox, mailbox.exists);
    this.drop(mailbox);
  }

  /** When nobody else loads this mailbox, or no more. */
  async alone<T>(mailbox: MailboxState, run: () => Promise<T>): Promise<T> {
    for (let other = this.#loading.get(mailbox); other !== undefined; other = this.#loading.get(mailbox))
      await other.catch(() => {});
    const loading = run();
    this.#loading.set(mailbox, loading);
    try {
      return await loading;
    } finally {
      this.#loading.delete(mailbox);
    }
  }

  drop(mailbox: MailboxState): void {
    this.#kept.delete(mailbox);
  }

  dropUnused(beforeMs: number): void {
    for (const [mailbox, { lastUsedMs }] of this.#kept) if (lastUsedMs < beforeMs) this.#kept.delete(mailbox);
  }
}

function grown(octets: Buffer, sizeBytes: number): Buffer {
  const out = Buffer.allocUnsafeSlow(Math.ceil(sizeBytes));
  octets.copy(out);
  return out;
}

function twice(numbers: Uint32Array): Uint32Array<ArrayBuffer> {
  const out = new Uint32Array(numbers.length * 2);
  out.set(numbers);
  return out;
}

/** The first of the ascending numbers that is not below. */
function lowerBound(numbers: Uint32Array, count: number, wanted: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] as number) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
