/**
 * The surrogate of a message for a client that reads only ASCII in headers (RFC 6856 §2.1, RFC 6855 §7): the same message
 * with its headers downgraded: its own, those of its parts and of messages inside (RFC 6857 §4.1). Signatures stay, whether
 * they still fit or not (§5).
 *
 * Of the two algorithms that RFC 6855 §7 names this is RFC 6857, which loses least, but for addresses: those are shown and
 * made invalid as RFC 6858 has it, since what a program could still do with them by halves (answer to a domain in A-labels,
 * skip a group without members) is worse than a person who sees why it cannot. And bodies stay octet for octet, those of
 * delivery status notifications, too (RFC 6857 §4.2).
 *
 * Promises: the same octets however the message is cut; memory as `header.ts` has it; nothing is parsed but headers.
 */
import type { PartOffsets } from '../part.ts';
import { isPlainHeader } from '../traits.ts';
import { HeaderDowngrader } from './header.ts';

export interface HeaderRange {
  readonly start: number;
  readonly end: number;
}

/** Where the headers of a message are, in their order; they do not overlap. */
export function headerRanges(root: PartOffsets): HeaderRange[] {
  const ranges: HeaderRange[] = [];
  const waiting: PartOffsets[] = [root];
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    const { headerStart: start, bodyStart: end, children } = part;
    if (end > start) ranges.push({ start, end });
    for (let i = children.length - 1; i >= 0; i--) waiting.push(children[i] as PartOffsets);
  }
  return ranges;
}

/** One whole header to ASCII. */
export function downgradeHeader(header: Buffer): Buffer {
  if (isPlainHeader(header)) return header;
  const out: Buffer[] = [];
  const downgrader = new HeaderDowngrader();
  downgrader.write(header, out);
  downgrader.end(out);
  return Buffer.concat(out);
}

export class Surrogate {
  readonly #headers: readonly HeaderRange[];
  #next = 0;
  /** Offset in the message of what comes next. */
  #at = 0;
  #header: HeaderDowngrader | undefined;

  constructor(headers: readonly HeaderRange[]) {
    this.#headers = headers;
  }

  /** Octets of the message in, octets of its surrogate out. */
  convert(piece: Buffer): Buffer[] {
    const out: Buffer[] = [];
    const end = this.#at + piece.length;
    for (let from = 0; from < piece.length; ) {
      const range = this.#headers[this.#next];
      const isInside = range !== undefined && range.start <= this.#at;
      const stop = Math.min(end, range === undefined ? end : isInside ? range.end : range.start);
      const bytes = piece.subarray(from, from + stop - this.#at);
      from += bytes.length;
      this.#at = stop;
      if (!isInside) out.push(bytes);
      else this.#convertHeader(bytes, range.end, out);
    }
    return out;
  }

  end(): Buffer[] {
    const out: Buffer[] = [];
    this.#header?.end(out);
    this.#header = undefined;
    return out;
  }

  #convertHeader(bytes: Buffer, headerEnd: number, out: Buffer[]): void {
    if (this.#header === undefined && this.#at === headerEnd) out.push(downgradeHeader(bytes));
    else {
      this.#header ??= new HeaderDowngrader();
      this.#header.write(bytes, out);
      if (this.#at === headerEnd) this.#header.end(out);
    }
    if (this.#at < headerEnd) return;
    this.#header = undefined;
    this.#next++;
  }
}
