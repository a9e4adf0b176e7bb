/**
 * The reading half of a session: command lines, and the octets of messages with their end found and dots undone. Holds at
 * most a line and what one read has brought.
 */
import { CR, EMPTY, LF } from '../base/bytes.ts';
import type { Connection } from '../net/connection.ts';
import { DataDecoder } from './data-decoder.ts';

export type LineRead =
  | { readonly kind: 'line'; readonly bytes: Buffer }
  /** What follows cannot be told from the rest of the line. */
  | { readonly kind: 'too-long' }
  | { readonly kind: 'end' };

export interface DataRead {
  readonly bytes: Buffer;
  /** The message ends with these. */
  readonly isLast: boolean;
  /** The same as it came, dots, last line and all; for whoever passes it on. */
  readonly raw?: Buffer;
}

export class SmtpInput {
  readonly #stream: Pick<Connection, 'read'>;
  readonly #maxLineBytes: number;
  #pending: Buffer = EMPTY;
  #decoder = new DataDecoder();

  constructor(stream: Pick<Connection, 'read'>, maxLineBytes: number) {
    this.#stream = stream;
    this.#maxLineBytes = maxLineBytes;
  }

  /** A whole line has come already: reading it will not wait. */
  get hasLine(): boolean {
    return this.#pending.includes(LF);
  }

  /** Something has been read that was not asked for yet. */
  get hasBytes(): boolean {
    return this.#pending.length > 0;
  }

  /** Without its end. Throws ReadTimeout. */
  async line(): Promise<LineRead> {
    for (let searched = 0; ; ) {
      const lf = this.#pending.indexOf(LF, searched);
      if (lf > this.#maxLineBytes || (lf < 0 && this.#pending.length > this.#maxLineBytes)) {
        return { kind: 'too-long' };
      }
      if (lf >= 0) {
        const bytes = this.#pending.subarray(0, lf > 0 && this.#pending[lf - 1] === CR ? lf - 1 : lf);
        this.#pending = this.#pending.subarray(lf + 1);
        return { kind: 'line', bytes };
      }
      searched = this.#pending.length;
      const chunk = await this.#stream.read();
      if (chunk === undefined) return { kind: 'end' };
      this.#pending = searched === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    }
  }

  /** A message begins behind the last line. */
  beginData(): void {
    this.#decoder = new DataDecoder();
  }

  /** More of the message; undefined when the client went away before its end. Throws ReadTimeout. */
  async data({ keepsRaw = false } = {}): Promise<DataRead | undefined> {
    const chunk = this.#pending.length > 0 ? this.#pending : await this.#stream.read();
    this.#pending = EMPTY;
    if (chunk === undefined) return undefined;
    // The decoder moves the octets of what it is given.
    const came = keepsRaw ? Buffer.from(chunk) : undefined;
    const { bytes, rest } = this.#decoder.feed(chunk);
    if (rest !== undefined) this.#pending = rest;
    const isLast = rest !== undefined;
    if (came === undefined) return { bytes, isLast };
    return { bytes, isLast, raw: came.subarray(0, came.length - (rest?.length ?? 0)) };
  }

  /** Before a TLS handshake: what was read is dropped. */
  drop(): void {
    this.#pending = EMPTY;
  }
}
