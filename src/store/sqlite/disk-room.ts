/**
 * Room on the disk. Two things that a full disk must not take away: people can still delete mail, and the server can still
 * start.
 *
 * The guard refuses new mail while there is still room for everything else: below `minFreeBytes`, or 5 % of a smaller disk.
 * The reserve is a file that is given up when there is no room at all, because something else filled the disk, for a
 * start and for changes that bring no mail. It is made again when there is room.
 */

import { randomBytes } from 'node:crypto';
import { constants, existsSync, rmSync } from 'node:fs';
import { type FileHandle, open, rename, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreError } from '../../mailbox/port/store.ts';

export const MIN_FREE_BYTES = 1024 ** 3;
const MIN_FREE_PART = 0.05;
/** Room for a log that was not moved into the database yet, and for the database to take it. */
const RESERVE_BYTES = 16 * 1024 * 1024;
const MAX_RESERVE_PART = 0.1;
const BLOCK_BYTES = 1024 * 1024;
const LOOK_MS = 1000;

export interface DiskRoomOptions {
  /** On the file system that is looked at; holds the reserve. */
  readonly directory: string;
  /** 0: mail is refused only when the disk is full. */
  readonly minFreeBytes: number;
  /** Makes the reserve, where it is missing; one process of those that have a directory does. */
  readonly keepsReserve: boolean;
  /** The reserve was given up for the start: mail waits until it is back. */
  readonly isTight: boolean;
  readonly onChange: (isLow: boolean, freeBytes: number) => void;
  /** Once for each reason, until it is over. */
  readonly onTrouble: (error: Error) => void;
}

export class DiskRoom {
  readonly #options: DiskRoomOptions;
  readonly #reserve: string;
  readonly #timer: NodeJS.Timeout;
  #looking: Promise<void> | undefined;
  #freeBytes = Number.POSITIVE_INFINITY;
  #minFreeBytes = 0;
  #isLow = false;
  #isClosed = false;
  #looks = 0;
  /** What was said of it already, so that it is not said each second. */
  #trouble: string | undefined;

  private constructor(options: DiskRoomOptions) {
    this.#options = options;
    this.#reserve = reserveIn(options.directory);
    this.#isLow = options.isTight;
    this.#timer = setInterval(() => void this.look(), LOOK_MS);
    this.#timer.unref();
  }

  static async open(options: DiskRoomOptions): Promise<DiskRoom> {
    const room = new DiskRoom(options);
    await room.look();
    return room;
  }

  /** Why new mail of this size is refused, or undefined: there is room for it. */
  refusal(sizeBytes: number): StoreError | undefined {
    if (!this.#isLow && this.#freeBytes - sizeBytes >= this.#minFreeBytes) return undefined;
    const free = Math.max(0, Math.floor(this.#freeBytes / 1024 / 1024));
    return new StoreError(
      'full',
      `the disk of ${this.#options.directory} is almost full: ${free} MiB are free, ${Math.ceil(this.#minFreeBytes / 1024 / 1024)} MiB are kept for other work than new mail`,
    );
  }

  /** Mail of this size is on its way: until the next look it is counted here. */
  expect(sizeBytes: number): void {
    this.#freeBytes -= sizeBytes;
  }

  /** True when there was a reserve: try again, there is room now. New mail is refused until it is back. */
  giveUpReserve(): boolean {
    if (!giveUpReserve(this.#options.directory)) return false;
    this.#setLow(true);
    return true;
  }

  look(): Promise<void> {
    this.#looking ??= this.#look()
      .then(
        () => {
          this.#trouble = undefined;
        },
        (error: Error) => {
          if (error.message !== this.#trouble) this.#options.onTrouble(error);
          this.#trouble = error.message;
        },
      )
      .finally(() => {
        this.#looking = undefined;
      });
    return this.#looking;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { bavail, blocks, bsize } = await statfs(this.#options.directory);
    this.#freeBytes = bavail * bsize;
    this.#minFreeBytes = Math.min(this.#options.minFreeBytes, blocks * bsize * MIN_FREE_PART);
    const reserveBytes = Math.min(RESERVE_BYTES, Math.floor(blocks * bsize * MAX_RESERVE_PART));
    const hasReserve = existsSync(this.#reserve);
    // Not at once: a command that is over in a moment needs none.
    const wantsReserve = this.#options.keepsReserve && !hasReserve && ++this.#looks > 1;
    if (wantsReserve && this.#freeBytes > this.#minFreeBytes + reserveBytes && !this.#isClosed) {
      await makeReserve(this.#reserve, reserveBytes);
    }
    const isGivenUp = this.#isLow && !existsSync(this.#reserve);
    this.#setLow(isGivenUp || this.#freeBytes < this.#minFreeBytes);
  }

  #setLow(isLow: boolean): void {
    if (isLow === this.#isLow) return;
    this.#isLow = isLow;
    this.#options.onChange(isLow, this.#freeBytes);
  }
}

const reserveIn = (directory: string): string => join(directory, 'reserve');

/** False when there is none. */
export function giveUpReserve(directory: string): boolean {
  const path = reserveIn(directory);
  if (!existsSync(path)) return false;
  rmSync(path, { force: true });
  return true;
}

/** Octets that no file system makes smaller. Under its name only when it is whole. */
async function makeReserve(path: string, sizeBytes: number): Promise<void> {
  const unfinished = `${path}.new`;
  const block = randomBytes(BLOCK_BYTES);
  let file: FileHandle | undefined;
  try {
    file = await open(unfinished, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o600);
    for (let at = 0; at < sizeBytes; at += BLOCK_BYTES) {
      await file.write(block, 0, Math.min(BLOCK_BYTES, sizeBytes - at), at);
    }
    await file.sync();
    await file.close();
    await rename(unfinished, path);
  } catch (error) {
    await file?.close().catch(() => {});
    await rm(unfinished, { force: true });
    throw error;
  }
}
