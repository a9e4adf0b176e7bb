/**
 * The reading half of a session: command lines, and the octets of messages with their end found and dots undone, or counted
 * beforehand (RFC 3030). Holds at most a line and what one read has brought.
 */
import { CR, EMPTY, LF } from '../base/bytes.ts';
import type { Connection } from '../net/connection.ts';
import { DataDecoder } from './data-decoder.ts';

export type LineRead =
  /** Without its end, which was a bare LF or CRLF. */
  | { readonly kind: 'line'; readonly bytes: Buffer; readonly isBare: boolean }
  /** What follows cannot be told from the rest of the line. */
  | { readonly kind: 'too-long' }
  | { readonly kind: 'end' };

export interface DataRead {
  readonly bytes: Buffer;
  /** The message ends with these. */
  readonly isLast: boolean;
}

/** What is read past of a line that is too long. */
const MAX_SKIPPED = 64 * 1024;

export class SmtpInput {
  readonly #stream: Pick<Connection, 'read'>;
  #pending: Buffer = EMPTY;
  /** Of a read that nobody has waited for to its end. */
  #reading: Promise<Buffer | undefined> | undefined;
  #decoder = new DataDecoder();

  constructor(stream: Pick<Connection, 'read'>) {
    this.#stream = stream;
  }

  /** A whole line has come already: reading it will not wait. */
  get hasLine(): boolean {
    return this.#pending.includes(LF);
  }

  /** Something has been read that was not asked for yet. */
  get hasBytes(): boolean {
    return this.#pending.length > 0;
  }

  /** Something comes within this time, or the client goes away. */
  async speaksWithin(ms: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<false>();
    const timer = setTimeout(() => resolve(false), ms);
    this.#reading ??= this.#stream.read();
    // Whoever reads next hears of it.
    this.#reading.catch(() => {});
    try {
      return await Promise.race([this.#reading.then(() => true), promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Throws ReadTimeout. */
  async line(maxBytes: number): Promise<LineRead> {
    for (let searched = 0; ; ) {
      const lf = this.#pending.indexOf(LF, searched);
      if (lf > maxBytes || (lf < 0 && this.#pending.length > maxBytes)) return { kind: 'too-long' };
      if (lf >= 0) {
        const isBare = lf === 0 || this.#pending[lf - 1] !== CR;
        const bytes = this.#pending.subarray(0, isBare ? lf : lf - 1);
        this.#pending = this.#pending.subarray(lf + 1);
        return { kind: 'line', bytes, isBare };
      }
      searched = this.#pending.length;
      const chunk = await this.#read();
      if (chunk === undefined) return { kind: 'end' };
      this.#pending = searched === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    }
  }

  /** The rest of a line that is too long; false when it does not end soon. Throws ReadTimeout. */
  async skipLine(): Promise<boolean> {
    for (let skipped = 0; skipped <= MAX_SKIPPED; ) {
      const lf = this.#pending.indexOf(LF);
      if (lf >= 0) {
        this.#pending = this.#pending.subarray(lf + 1);
        return true;
      }
      skipped += this.#pending.length;
      const chunk = await this.#read();
      if (chunk === undefined) return false;
      this.#pending = chunk;
    }
    return false;
  }

  /** A message begins behind the last line. */
  beginData(): void {
    this.#decoder = new DataDecoder();
  }

  /** More of the message; undefined when the client went away before its end. Throws ReadTimeout. */
  async data(): Promise<DataRead | undefined> {
    const chunk = this.#pending.length > 0 ? this.#pending : await this.#read();
    this.#pending = EMPTY;
    if (chunk === undefined) return undefined;
    const { bytes, rest } = this.#decoder.feed(chunk);
    if (rest !== undefined) this.#pending = rest;
    return { bytes, isLast: rest !== undefined };
  }

  /** Octets as they come, at most so many, at least one; undefined when the client went away. Throws ReadTimeout. */
  async octets(most: number): Promise<Buffer | undefined> {
    const chunk = this.#pending.length > 0 ? this.#pending : await this.#read();
    if (chunk === undefined) return undefined;
    this.#pending = chunk.subarray(most);
    return chunk.subarray(0, most);
  }

  /** Before a TLS handshake: what was read is dropped. */
  drop(): void {
    this.#pending = EMPTY;
  }

  takeUnread(): Buffer {
    const unread = this.#pending;
    this.#pending = EMPTY;
    return unread;
  }

  #read(): Promise<Buffer | undefined> {
    const reading = this.#reading ?? this.#stream.read();
    this.#reading = undefined;
    return reading;
  }
}
