/**
 * Octets to command lines and back to reply lines. Pure: no socket, no session.
 *
 * A line ends with LF, with or without CR before it; other lines than the client's own idea of one there are not. A
 * line that is longer than allowed is a fault that ends the connection: what comes after its cut could be read as a
 * command that nobody gave (an endless line must not fill memory, and its tail must not be obeyed).
 */
import { CR, EMPTY, LF, SP } from '../base/bytes.ts';

/**
 * RFC 2449 §4 allows a command 255 octets and RFC 5034 §4 an AUTH line as many as a mechanism wants; names and
 * passwords of some kilobytes are in base64 before sign-in, after it no argument is longer than two numbers.
 */
export const LINE_BYTES_BEFORE_LOGIN = 12_288;
export const LINE_BYTES = 1024;

export type LineEvent = { readonly kind: 'line'; readonly bytes: Buffer } | { readonly kind: 'too-long' };

const TOO_LONG: LineEvent = Object.freeze({ kind: 'too-long' });

export class LineReader {
  #maxBytes: number;
  #bytes: Buffer = EMPTY;
  /** Where the search for a line end goes on: octets are looked at once, however they drip in. */
  #searched = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  setLimit(maxBytes: number): void {
    this.#maxBytes = maxBytes;
  }

  push(bytes: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
  }

  /** Undefined: no whole line is there yet. */
  take(): LineEvent | undefined {
    const lf = this.#bytes.indexOf(LF, this.#searched);
    const length = lf < 0 ? this.#bytes.length : lf;
    if (length > this.#maxBytes) return TOO_LONG;
    if (lf < 0) {
      this.#searched = length;
      return undefined;
    }
    const end = lf > 0 && this.#bytes[lf - 1] === CR ? lf - 1 : lf;
    const bytes = this.#bytes.subarray(0, end);
    this.#bytes = lf + 1 === this.#bytes.length ? EMPTY : this.#bytes.subarray(lf + 1);
    this.#searched = 0;
    return { kind: 'line', bytes };
  }

  /** What nobody has read yet: somebody else goes on from here. */
  takeUnread(): Buffer {
    const unread = this.#bytes;
    this.drop();
    return unread;
  }

  /** Before a TLS handshake: what came in plain text is not obeyed (RFC 2595 §4). */
  drop(): void {
    this.#bytes = EMPTY;
    this.#searched = 0;
  }
}

export interface CommandLine {
  /** In capitals. */
  readonly verb: string;
  /** All after the first blank, as it came: a password may contain blanks (RFC 1939 §7 PASS). */
  readonly argument: Buffer;
}

export function parseCommand(line: Buffer): CommandLine {
  const blank = line.indexOf(SP);
  const verb = line.toString('latin1', 0, Math.min(blank < 0 ? line.length : blank, 40));
  return { verb: verb.toUpperCase(), argument: blank < 0 ? EMPTY : line.subarray(blank + 1) };
}

/** The words of an argument that has no passwords in it; blanks at its end and doubled ones are forgiven. */
export function wordsOf(argument: Buffer): string[] {
  return argument
    .toString('latin1')
    .split(' ')
    .filter((word) => word !== '');
}

/** A count or message number: digits, no sign; undefined for all else. Too large is `MAX_SAFE_INTEGER`, which no mailbox has. */
export function parseNumber(word: string): number | undefined {
  if (!/^[0-9]{1,20}$/.test(word)) return undefined;
  return Math.min(Number(word), Number.MAX_SAFE_INTEGER);
}

/** RFC 5034 §4: `=` is an empty initial response. Undefined when it is not base64 as RFC 4648 §4 has it, whole and padded. */
export function parseBase64(text: string): Buffer | undefined {
  if (text === '=' || text === '') return EMPTY;
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  return Buffer.from(text, 'base64');
}
