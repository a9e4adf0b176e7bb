/**
 * Keeps the beginnings of the first texts of a message while it passes by, for its preview.
 *
 * Promises: no more than MAX_TEXT_BYTES in all and MAX_TEXTS texts, whatever the message is, and of most messages no more than
 * the few kilobytes that a preview needs; the preview does not depend on how the message was cut.
 */
import { EMPTY } from '../base/bytes.ts';
import type { MimeFields } from './mime-fields.ts';
import { FIRST_BYTES, isPreviewable, previewIfFull, previewOf, type TextHead } from './preview.ts';
import type { TransferEncoding } from './transfer-encoding.ts';

/** Newsletters have a hundred kilobytes of styles before the first word. */
export const MAX_TEXT_BYTES = 128 * 1024;
const MAX_TEXTS = 4;

class Collected implements TextHead {
  readonly fields: MimeFields;
  readonly encoding: TransferEncoding;
  octets: Buffer = EMPTY;
  isCut = false;
  #held: Buffer = EMPTY;
  #size = 0;

  constructor(fields: MimeFields, encoding: TransferEncoding) {
    this.fields = fields;
    this.encoding = encoding;
  }

  get sizeBytes(): number {
    return this.#size;
  }

  /** Returns how many octets were kept. */
  add(bytes: Buffer, from: number, to: number, room: number): number {
    const count = Math.min(to - from, room);
    if (count < to - from) this.isCut = true;
    const wanted = this.#size + count;
    if (wanted > this.#held.length) {
      const grown = Buffer.allocUnsafe(Math.max(wanted, 2 * this.#held.length));
      this.#held.copy(grown, 0, 0, this.#size);
      this.#held = grown;
    }
    bytes.copy(this.#held, this.#size, from, from + count);
    this.#size = wanted;
    return count;
  }

  /** Of what has come so far, this much. */
  beginning(sizeBytes: number): TextHead {
    const { fields, encoding } = this;
    return { fields, encoding, octets: this.#held.subarray(0, sizeBytes), isCut: true };
  }

  /** The body has this many octets: what else was collected is the line end before a delimiter. */
  close(sizeBytes: number): void {
    this.octets = this.#held.subarray(0, Math.min(this.#size, sizeBytes));
  }
}

export class TextCollector {
  readonly #heads: Collected[] = [];
  #open: Collected | undefined;
  #roomBytes = MAX_TEXT_BYTES;
  /** Once it cannot become another. */
  #preview: string | undefined;

  /** Of what has come; called when the message has ended. */
  preview(): string {
    return this.#preview ?? previewOf(this.#heads);
  }

  /** The body of such a part begins. */
  begin(fields: MimeFields, encoding: TransferEncoding): void {
    if (this.#preview !== undefined || this.#heads.length >= MAX_TEXTS || this.#roomBytes === 0) return;
    if (!isPreviewable(fields)) return;
    this.#open = new Collected(fields, encoding);
    this.#heads.push(this.#open);
  }

  add(bytes: Buffer, from: number, to: number): void {
    const open = this.#open;
    if (open === undefined) return;
    // The first text is looked at when its beginning is there: of most it is enough.
    const isFirst = this.#heads.length === 1 && open.sizeBytes <= FIRST_BYTES;
    const until = isFirst ? Math.min(to, from + FIRST_BYTES + 1 - open.sizeBytes) : to;
    this.#roomBytes -= open.add(bytes, from, until, this.#roomBytes);
    if (!isFirst || open.sizeBytes <= FIRST_BYTES) return;
    this.#preview = previewIfFull(open.beginning(FIRST_BYTES));
    if (this.#preview !== undefined) this.#open = undefined;
    else this.#roomBytes -= open.add(bytes, until, to, this.#roomBytes);
  }

  /** The part whose body began last has so many octets. */
  end(sizeBytes: number): void {
    this.#open?.close(sizeBytes);
    this.#open = undefined;
  }
}
