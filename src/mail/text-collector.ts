/**
 * Keeps the beginnings of the first texts of a message while it passes by, for its preview.
 *
 * Promises: no more than MAX_TEXT_BYTES in all and MAX_TEXTS texts, whatever the message is; which octets are kept does not
 * depend on how the message was cut.
 */
import { EMPTY } from '../base/bytes.ts';
import type { MimeFields } from './mime-fields.ts';
import { isPreviewable, type TextHead } from './preview.ts';
import type { TransferEncoding } from './transfer-encoding.ts';

/** Newsletters have a hundred kilobytes of styles before the first word. */
export const MAX_TEXT_BYTES = 128 * 1024;
const MAX_TEXTS = 4;
const FIRST_ROOM = 4 * 1024;

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

  /** Returns how many octets were kept. */
  add(bytes: Buffer, from: number, to: number, room: number): number {
    const count = Math.min(to - from, room);
    if (count < to - from) this.isCut = true;
    const wanted = this.#size + count;
    if (wanted > this.#held.length) {
      const grown = Buffer.allocUnsafe(Math.max(wanted, 2 * this.#held.length, FIRST_ROOM));
      this.#held.copy(grown, 0, 0, this.#size);
      this.#held = grown;
    }
    bytes.copy(this.#held, this.#size, from, from + count);
    this.#size = wanted;
    return count;
  }

  /** The body has this many octets: what else was collected is the line end before a delimiter. */
  close(sizeBytes: number): void {
    this.octets = this.#held.subarray(0, Math.min(this.#size, sizeBytes));
  }
}

export class TextCollector {
  readonly heads: readonly TextHead[];
  readonly #heads: Collected[] = [];
  #open: Collected | undefined;
  #roomBytes = MAX_TEXT_BYTES;

  constructor() {
    this.heads = this.#heads;
  }

  /** The body of such a part begins. */
  begin(fields: MimeFields, encoding: TransferEncoding): void {
    if (this.#heads.length >= MAX_TEXTS || this.#roomBytes === 0 || !isPreviewable(fields)) return;
    this.#open = new Collected(fields, encoding);
    this.#heads.push(this.#open);
  }

  add(bytes: Buffer, from: number, to: number): void {
    if (this.#open !== undefined) this.#roomBytes -= this.#open.add(bytes, from, to, this.#roomBytes);
  }

  /** The part whose body began last has so many octets. */
  end(sizeBytes: number): void {
    this.#open?.close(sizeBytes);
    this.#open = undefined;
  }
}
