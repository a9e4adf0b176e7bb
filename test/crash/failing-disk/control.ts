/** Orders to `shim.c`, through the file that it has mapped. */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { constants } from 'node:os';

const PATH_AT = 8 * 4;
const BYTES = PATH_AT + 96;
const KINDS = ['', 'create', 'write', 'truncate', 'sync', 'unlink'] as const;
const ALL_KINDS = 0b111110;
const SYNC = 1 << 4;

export interface Order {
  /** The call that fails, counted from 1. */
  readonly at: number;
  /** It alone, or all from it on. */
  readonly times: number;
  readonly error: 'EIO' | 'ENOSPC';
  /** Of a failing write, from 0 to 1. */
  readonly part: number;
  /** A full disk syncs what it has. */
  readonly hasSyncs: boolean;
}

export interface Told {
  readonly calls: number;
  readonly failed: number;
  /** What failed first: `write .../meta.db-wal`. */
  readonly what: string;
}

export class DiskControl {
  readonly #fd: number;

  constructor(path: string) {
    this.#fd = openSync(path, 'r+');
  }

  static makeFile(path: string): void {
    const fd = openSync(path, 'w');
    writeSync(fd, Buffer.alloc(BYTES));
    closeSync(fd);
  }

  order({ at, times, error, part, hasSyncs }: Order): void {
    const orders = Buffer.alloc(BYTES);
    orders.writeInt32LE(at, 4);
    orders.writeInt32LE(times, 8);
    orders.writeInt32LE(constants.errno[error], 12);
    orders.writeInt32LE(Math.floor(part * 256), 16);
    // The kinds last: with them it begins to count.
    writeSync(this.#fd, orders, 0, BYTES, 0);
    orders.writeInt32LE(hasSyncs ? ALL_KINDS : ALL_KINDS & ~SYNC, 0);
    writeSync(this.#fd, orders, 0, 4, 0);
  }

  /** Ends the orders, and tells what has come of them. */
  end(): Told {
    writeSync(this.#fd, Buffer.alloc(4), 0, 4, 0);
    const told = Buffer.alloc(BYTES);
    readSync(this.#fd, told, 0, BYTES, 0);
    const path = told.toString('latin1', PATH_AT).split('\0', 1)[0] ?? '';
    const kind = KINDS[told.readInt32LE(28)] ?? '';
    return { calls: told.readInt32LE(20), failed: told.readInt32LE(24), what: `${kind} ${path}` };
  }
}
