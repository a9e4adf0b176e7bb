/**
 * Uploads as files (decision 48): `uploads/a<account>/u<random>` in the data folder, `.part` while they come. A file is its own row:
 * its name, size and time are all there is to know, so there is nothing that could disagree with it after a crash.
 */
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { MailboxError } from '../../mailbox/model/errors.ts';
import type { AccountId } from '../../mailbox/model/model.ts';
import type { KeptUpload, UploadLimits, Uploads, UploadWriter } from '../../mailbox/port/uploads.ts';

const ID = /^u[0-9a-f]{32}$/;
const PART = '.part';
const SWEEP_MS = 60 * 60_000;

interface Piece {
  sizeBytes: number;
  readonly atMs: number;
  /** It is still coming. */
  isOpen: boolean;
}

type Pieces = Map<string, Piece>;

export class UploadFiles implements Uploads {
  readonly #directory: string;
  readonly #limits: UploadLimits;
  readonly #clock: Clock;
  #sweptMs = 0;
  /** Of accounts that have been asked for. */
  readonly #accounts = new Map<AccountId, Promise<Pieces>>();

  constructor(directory: string, limits: UploadLimits, clock: Clock) {
    this.#directory = directory;
    this.#limits = limits;
    this.#clock = clock;
  }

  async begin(account: AccountId, mostBytes: number): Promise<UploadWriter> {
    const pieces = await this.#piecesOf(account);
    this.#sweepNowAndThen();
    const gone = makeRoom(pieces, mostBytes, this.#limits, this.#clock.nowMs());
    const id = `u${randomBytes(16).toString('hex')}`;
    const piece: Piece = { sizeBytes: mostBytes, atMs: this.#clock.nowMs(), isOpen: true };
    pieces.set(id, piece);
    const path = this.#pathOf(account, id);
    try {
      for (const old of gone) await unlink(this.#pathOf(account, old)).catch(ignoreMissing);
      const file = await open(path + PART, 'wx', 0o600);
      return this.#writer({ file, path, id, piece, pieces, mostBytes });
    } catch (error) {
      pieces.delete(id);
      throw unavailable(error);
    }
  }

  async find(account: AccountId, id: string): Promise<KeptUpload | undefined> {
    if (!ID.test(id)) return undefined;
    const piece = (await this.#piecesOf(account)).get(id);
    if (piece === undefined || piece.isOpen || this.#isOld(piece)) return undefined;
    return kept(this.#pathOf(account, id), id, piece.sizeBytes);
  }

  /** Deletes what is too old, of all accounts. */
  async sweep(): Promise<void> {
    for (const name of await readdir(this.#directory).catch(noneOf)) {
      const account = Number(/^a(\d{1,10})$/.exec(name)?.[1]);
      if (Number.isNaN(account)) continue;
      const folder = join(this.#directory, name);
      for (const file of await readdir(folder).catch(noneOf)) {
        const path = join(folder, file);
        const facts = await stat(path).catch(() => undefined);
        if (facts === undefined || this.#clock.nowMs() - facts.mtimeMs <= this.#limits.mostMs) continue;
        await unlink(path).catch(ignoreMissing);
        (await this.#accounts.get(account as AccountId))?.delete(file);
      }
    }
  }

  #sweepNowAndThen(): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#sweptMs < SWEEP_MS) return;
    this.#sweptMs = nowMs;
    // What cannot be deleted now is looked at the next time.
    void this.sweep().catch(() => {});
  }

  #writer(upload: Upload & { readonly mostBytes: number }): UploadWriter {
    const { file, path, id, piece, pieces, mostBytes } = upload;
    let sizeBytes = 0;
    const abort = async (): Promise<void> => {
      if (!piece.isOpen || !pieces.delete(id)) return;
      await file.close().catch(() => {});
      await unlink(path + PART).catch(ignoreMissing);
    };
    return {
      async write(octets) {
        sizeBytes += octets.length;
        if (sizeBytes > mostBytes) throw new MailboxError('too-big', `at most ${mostBytes} octets`);
        // All of it: one call to the system may write less on a disk that is all but full.
        await file.writeFile(octets).catch(rethrow);
      },
      async finish() {
        try {
          await file.datasync();
          await file.close();
          await rename(path + PART, path);
        } catch (error) {
          throw unavailable(error);
        }
        piece.sizeBytes = sizeBytes;
        piece.isOpen = false;
        return kept(path, id, sizeBytes);
      },
      abort,
    };
  }

  #pathOf(account: AccountId, id: string): string {
    return join(this.#directory, `a${account}`, id);
  }

  #isOld({ atMs }: Piece): boolean {
    return this.#clock.nowMs() - atMs > this.#limits.mostMs;
  }

  #piecesOf(account: AccountId): Promise<Pieces> {
    const known = this.#accounts.get(account);
    if (known !== undefined) return known;
    const read = this.#read(account);
    this.#accounts.set(account, read);
    read.catch(() => this.#accounts.delete(account));
    return read;
  }

  /** What is half there is of a process that ended. */
  async #read(account: AccountId): Promise<Pieces> {
    const folder = join(this.#directory, `a${account}`);
    const pieces: Pieces = new Map();
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      for (const name of await readdir(folder)) {
        const path = join(folder, name);
        if (!ID.test(name)) await unlink(path).catch(ignoreMissing);
        else {
          const { size: sizeBytes, mtimeMs: atMs } = await stat(path);
          pieces.set(name, { sizeBytes, atMs, isOpen: false });
        }
      }
    } catch (error) {
      throw unavailable(error);
    }
    return new Map([...pieces].sort(([, a], [, b]) => a.atMs - b.atMs));
  }
}

interface Upload {
  readonly file: FileHandle;
  readonly path: string;
  readonly id: string;
  readonly piece: Piece;
  readonly pieces: Pieces;
}

/** Those that have to go, the oldest first. Throws MailboxError `limit`, and none goes then. */
function makeRoom(
  pieces: Pieces,
  bytes: number,
  { accountBytes, accountPieces, leastMs, mostMs }: UploadLimits,
  nowMs: number,
): readonly string[] {
  let used = bytes;
  for (const { sizeBytes } of pieces.values()) used += sizeBytes;
  let count = pieces.size + 1;
  const gone: string[] = [];
  for (const [id, { sizeBytes, atMs, isOpen }] of pieces) {
    const ageMs = nowMs - atMs;
    const isFull = used > accountBytes || count > accountPieces;
    if (isOpen || ageMs < (isFull ? leastMs : mostMs)) continue;
    gone.push(id);
    used -= sizeBytes;
    count--;
  }
  if (used > accountBytes || count > accountPieces)
    throw new MailboxError('limit', 'too much was uploaded and not used; try again in an hour');
  for (const id of gone) pieces.delete(id);
  return gone;
}

function kept(path: string, id: string, sizeBytes: number): KeptUpload {
  return {
    ...{ id, sizeBytes },
    open(start = 0, end = sizeBytes) {
      if (start >= end) return nothing();
      return createReadStream(path, { start, end: end - 1 }) as AsyncIterable<Buffer>;
    },
  };
}

async function* nothing(): AsyncGenerator<Buffer> {}

function unavailable(cause: unknown): MailboxError {
  if (cause instanceof MailboxError) return cause;
  return new MailboxError('unavailable', 'uploads cannot be kept at this moment; try again later', { cause });
}

function rethrow(cause: unknown): never {
  throw unavailable(cause);
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

function noneOf(): string[] {
  return [];
}
