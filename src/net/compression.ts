/**
 * DEFLATE in both directions of a connection (RFC 4978 §4): raw, and flushed at the end of every batch, so that no answer waits
 * in a window for the next one.
 *
 * What comes in can be a thousand times as large as it was: the inflater is held back like a socket, and works on no more
 * than what is taken from it. What goes out needs 256 KB while it goes; a connection that is silent for a while gives
 * them back, since after a flush the next octet may begin anew, and the other side does not notice.
 */
import type { Socket } from 'node:net';
import { constants, createDeflateRaw, createInflateRaw, type DeflateRaw, type InflateRaw } from 'node:zlib';

/** Mail is half base64, of which more effort makes hardly less. */
const LEVEL = 3;
const SILENT_MS = 10_000;

interface InflatingOptions {
  readonly onBytes: (bytes: Buffer) => void;
  /** The other side has said everything. */
  readonly onEnd: () => void;
  readonly onFailure: (error: Error) => void;
}

/** Stands before the socket for whoever reads. */
export class Inflating {
  readonly #socket: Socket;
  readonly #inflate: InflateRaw;

  /** `unread`: what came behind the command that has begun this. */
  constructor(socket: Socket, unread: readonly Buffer[], { onBytes, onEnd, onFailure }: InflatingOptions) {
    this.#socket = socket;
    this.#inflate = createInflateRaw({
      flush: constants.Z_SYNC_FLUSH,
      // Nobody ends the stream of blocks before the connection.
      finishFlush: constants.Z_SYNC_FLUSH,
    });
    this.#inflate.on('data', onBytes).once('end', onEnd).on('error', onFailure);
    this.#inflate.on('drain', () => socket.resume());
    for (const bytes of unread) this.#write(bytes);
    socket.on('data', (bytes: Buffer) => this.#write(bytes));
    socket.once('end', () => this.#inflate.end());
    socket.once('close', () => this.#inflate.destroy());
    socket.resume();
  }

  isPaused(): boolean {
    return this.#inflate.isPaused();
  }

  pause(): void {
    this.#inflate.pause();
  }

  resume(): void {
    this.#inflate.resume();
  }

  #write(bytes: Buffer): void {
    if (bytes.length > 0 && !this.#inflate.write(bytes)) this.#socket.pause();
  }
}

/** Stands before the socket for whoever writes, who gives one batch after the other was taken. */
export class Deflating {
  readonly #socket: Socket;
  readonly #nowMs: () => number;
  #deflate: DeflateRaw | undefined;
  /** Of the batch that is under way, when it is all in the socket. */
  #taken: (() => void) | undefined;
  #isFlushed = true;
  #inSocket = 0;
  #lastMs = 0;

  constructor(socket: Socket, nowMs: () => number) {
    this.#socket = socket;
    this.#nowMs = nowMs;
    socket.once('close', () => this.#deflate?.destroy());
  }

  cork(): void {}

  uncork(): void {}

  /** `taken` when the socket has taken what became of it. */
  write(bytes: Buffer, taken?: () => void): void {
    this.#deflate ??= this.#begin();
    if (taken === undefined) {
      this.#deflate.write(bytes);
      return;
    }
    this.#taken = taken;
    this.#isFlushed = false;
    this.#deflate.write(bytes);
    this.#deflate.flush(constants.Z_SYNC_FLUSH, () => {
      this.#isFlushed = true;
      this.#settle();
    });
  }

  sweep(): void {
    if (this.#deflate === undefined || this.#taken !== undefined || this.#nowMs() - this.#lastMs < SILENT_MS)
      return;
    this.#deflate.close();
    this.#deflate = undefined;
  }

  #begin(): DeflateRaw {
    const deflate = createDeflateRaw({ level: LEVEL });
    deflate.on('data', (bytes: Buffer) => {
      this.#inSocket++;
      this.#socket.write(bytes, () => {
        this.#inSocket--;
        this.#settle();
      });
    });
    // After the end of the connection there is nobody to whom it would matter.
    deflate.on('error', () => {});
    return deflate;
  }

  #settle(): void {
    const taken = this.#taken;
    if (taken === undefined || !this.#isFlushed || this.#inSocket > 0) return;
    this.#taken = undefined;
    this.#lastMs = this.#nowMs();
    taken();
  }
}
