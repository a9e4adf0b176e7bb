/**
 * How large the header of a message may be that others bring: 1 MiB in all, 128 KiB a field. What people read of a
 * message (senders, subjects, recipients) is read from its header again and again; one of 100 MB would cost whoever
 * fetches a subject as much as all the mail of a day. Mail that is moved in or uploaded by its owner is not judged.
 *
 * `HeaderBounds` looks at the octets as they come. The headers of parts (an attached message has one of its own) are known
 * when the message has been analysed, and have the same bound in all.
 */
import { CR, LF } from '../base/bytes.ts';
import { decodeParts } from '../mail/part-codec.ts';
import { MailboxError } from '../mailbox/model/errors.ts';

export const MAX_HEADER_BYTES = 1024 * 1024;
/** With the lines that continue it. */
export const MAX_FIELD_BYTES = 128 * 1024;

const BLANK = 0x20;
const TAB = 0x09;

export class HeaderBounds {
  #isOver = false;
  #headerBytes = 0;
  #fieldBytes = 0;
  #lineBytes = 0;
  /** The line so far is nothing, or a CR. */
  #isEmptyLine = true;

  /** Throws MailboxError `too-big`. */
  look(chunk: Buffer): void {
    for (let at = 0; !this.#isOver && at < chunk.length; ) {
      if (this.#lineBytes === 0) this.#beginLine(chunk[at] as number);
      const lf = chunk.indexOf(LF, at);
      const end = lf < 0 ? chunk.length : lf + 1;
      this.#take(chunk, at, end, lf >= 0);
      at = end;
    }
  }

  /** A line that begins with white space continues the field before it (RFC 5322 §2.2.3). */
  #beginLine(first: number): void {
    if (first !== BLANK && first !== TAB) this.#fieldBytes = 0;
    this.#isEmptyLine = true;
  }

  #take(chunk: Buffer, from: number, to: number, isLineEnd: boolean): void {
    const size = to - from;
    this.#headerBytes += size;
    this.#fieldBytes += size;
    this.#lineBytes += size;
    if (this.#headerBytes > MAX_HEADER_BYTES) tooBig('the header', MAX_HEADER_BYTES);
    if (this.#fieldBytes > MAX_FIELD_BYTES) tooBig('a field of the header', MAX_FIELD_BYTES);
    const textEnd = isLineEnd ? to - 1 : to;
    if (textEnd > from && !(this.#lineBytes - size === 0 && textEnd - from === 1 && chunk[from] === CR)) {
      this.#isEmptyLine = false;
    }
    if (!isLineEnd) return;
    this.#isOver = this.#isEmptyLine;
    this.#lineBytes = 0;
  }
}

/** Of a message that has come whole, `parts` as its facts have them. Throws MailboxError `too-big`. */
export function checkPartHeaders(sizeBytes: number, parts: Buffer): void {
  if (sizeBytes <= MAX_HEADER_BYTES) return;
  const open = [decodeParts(parts)];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    if (part.bodyStart - part.headerStart > MAX_HEADER_BYTES)
      tooBig('the header of a part', MAX_HEADER_BYTES);
    open.push(...part.children);
  }
}

function tooBig(what: string, limit: number): never {
  throw new MailboxError('too-big', `${what} has more than ${limit} octets`);
}
