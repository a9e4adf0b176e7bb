/**
 * Messages out of a folder of the old server: many small ones at a time, large ones piece by piece. A server that breaks the connection
 * over one message, hangs, or does not send it, costs that message alone; one that cannot be reached at all is waited for.
 */
import { SourceFailure } from './failure.ts';
import { type FetchedMessage, type ImapRemote, WHOLE_BYTES } from './imap-remote.ts';
import type { FolderWork } from './migration.ts';
import type { RemoteMessage } from './remote-message.ts';

const BATCH_MESSAGES = 128;
const BATCH_BYTES = 4 * 1024 * 1024;
/** Connections that may break over a batch, and over one message. */
const MOST_BROKEN = 2;
const PIECE_BYTES = 1024 * 1024;
const BEGINNING_BYTES = 256 * 1024;
/** So much more than announced may come. */
const MOST_BEYOND = 16 * 1024 * 1024;

export function isLarge({ sizeBytes }: RemoteMessage): boolean {
  return sizeBytes > WHOLE_BYTES;
}

/** In order: small ones together, large ones alone. */
export function* batchesOf(messages: readonly RemoteMessage[]): Generator<readonly RemoteMessage[]> {
  let batch: RemoteMessage[] = [];
  let bytes = 0;
  for (const message of messages) {
    const isFull = batch.length >= BATCH_MESSAGES || bytes + message.sizeBytes > BATCH_BYTES;
    if (batch.length > 0 && (isFull || isLarge(message))) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    if (isLarge(message)) {
      yield [message];
      continue;
    }
    batch.push(message);
    bytes += message.sizeBytes;
  }
  if (batch.length > 0) yield batch;
}

export class Fetching {
  readonly #work: FolderWork;
  readonly #uidValidity: number;

  constructor(work: FolderWork, uidValidity: number) {
    this.#work = work;
    this.#uidValidity = uidValidity;
  }

  /** Those that came; the others are refused, or have gone, and are counted. */
  async whole(batch: readonly RemoteMessage[]): Promise<readonly FetchedMessage[]> {
    const together = await this.#attempt(batch);
    const came = together instanceof SourceFailure ? [] : together;
    const uids = new Set(came.map(({ uid }) => uid));
    const missing = batch.filter(({ uid }) => !uids.has(uid));
    if (missing.length === 0) return came.toSorted((a, b) => a.uid - b.uid);
    const alone: FetchedMessage[] = [];
    for (const message of missing) {
      // Alone already, and it broke the connection as often as it may.
      const again =
        batch.length === 1 && together instanceof SourceFailure ? together : await this.#attempt([message]);
      if (again instanceof SourceFailure)
        this.refuse(message, `the old server cannot send it: ${again.message}`);
      else if (again[0] !== undefined) alone.push(again[0]);
      else await this.#explain(message);
    }
    return [...came, ...alone].sort((a, b) => a.uid - b.uid);
  }

  /** Throws SourceFailure when it does not come to its end. */
  async *pieces(message: RemoteMessage): AsyncGenerator<Buffer> {
    const { uid, sizeBytes } = message;
    for (let start = 0; ; ) {
      const from = start;
      const piece = await this.#ask((remote) => remote.piece(uid, from, PIECE_BYTES));
      if (piece === undefined) throw new SourceFailure('refused', 'it was deleted there while it was read');
      if (piece.length > 0) yield piece;
      await this.#work.pace.spend(piece.length);
      start += piece.length;
      if (piece.length < PIECE_BYTES) return;
      if (start > sizeBytes + MOST_BEYOND)
        throw new SourceFailure('refused', 'it is much larger than the old server says');
    }
  }

  /** Its header ends in it, unless it is very long. */
  async beginning({ uid }: RemoteMessage): Promise<Buffer> {
    const piece = await this.#ask((remote) => remote.piece(uid, 0, BEGINNING_BYTES));
    return piece ?? Buffer.alloc(0);
  }

  refuse({ uid, sizeBytes }: RemoteMessage, why: string): void {
    const { counts, path } = this.#work;
    counts.refused++;
    this.#work.onProblem({ where: `${path}, UID ${uid}`, why });
    this.#work.onMessages(1, sizeBytes);
  }

  /** The failure, when it is one that another message need not have. */
  async #attempt(batch: readonly RemoteMessage[]): Promise<readonly FetchedMessage[] | SourceFailure> {
    const uids = batch.map(({ uid }) => uid);
    const listed = new Map(batch.map((message) => [message.uid, message]));
    try {
      return await this.#ask(async (remote) => {
        const came: FetchedMessage[] = [];
        await remote.fetch(uids, async (message) => {
          // Its size was told when it was listed; what labels it has by now is of the next run.
          const { sizeBytes, labels } = listed.get(message.uid) ?? message;
          came.push({ ...message, sizeBytes, labels });
          await this.#work.pace.spend(message.bytes.length);
        });
        return came;
      });
    } catch (error) {
      if (error instanceof SourceFailure && (error.kind === 'lost' || error.kind === 'refused')) return error;
      throw error;
    }
  }

  /** It was not sent: deleted meanwhile, or a server that tells of messages it does not have. */
  async #explain(message: RemoteMessage): Promise<void> {
    const isThere = await this.#ask((remote) => remote.hasMessage(message.uid)).catch((error: unknown) => {
      if (error instanceof SourceFailure && error.kind === 'lost') return true;
      throw error;
    });
    if (isThere) {
      this.refuse(message, 'the old server tells of it and does not send it');
      return;
    }
    this.#work.counts.vanished++;
    this.#work.onMessages(1, message.sizeBytes);
  }

  #ask<T>(ask: (remote: ImapRemote) => Promise<T>): Promise<T> {
    const { line, path } = this.#work;
    return line.inFolder(
      path,
      async (remote, { uidValidity }) => {
        if (uidValidity === this.#uidValidity) return ask(remote);
        throw new SourceFailure('changed', 'its UIDVALIDITY has changed while it was read; run it again');
      },
      MOST_BROKEN,
    );
  }
}
