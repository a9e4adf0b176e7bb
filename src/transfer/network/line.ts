/**
 * The connection of one account to the old server, made again when it breaks: what is asked is asked anew, in the folder it was about,
 * as long as there is patience. So whoever asks must be able to be asked twice.
 */
import { SourceFailure } from './failure.ts';
import type { ImapRemote, OpenFolder } from './imap-remote.ts';
import type { Patience } from './patience.ts';

export interface LineOptions {
  connect(): Promise<ImapRemote>;
  readonly patience: Patience;
}

export class Line {
  readonly #options: LineOptions;
  #remote: ImapRemote | undefined;
  #open: { readonly path: string; readonly folder: OpenFolder } | undefined;

  constructor(options: LineOptions) {
    this.#options = options;
  }

  /** Throws SourceFailure. */
  async ask<T>(ask: (remote: ImapRemote) => Promise<T>): Promise<T> {
    return this.#trying(async () => ask(await this.#connected()));
  }

  /** Of the same server by another way, with the same patience. */
  async elsewhere<T>(ask: () => Promise<T>): Promise<T> {
    return this.#trying(ask);
  }

  /** With the folder open. Over `most` connections that break while it is asked the failure is the caller's. */
  async inFolder<T>(
    path: string,
    ask: (remote: ImapRemote, folder: OpenFolder) => Promise<T>,
    most = Number.POSITIVE_INFINITY,
  ): Promise<T> {
    let broken = 0;
    return this.#trying(async () => {
      const remote = await this.#connected();
      const folder = await this.#opened(remote, path);
      try {
        return await ask(remote, folder);
      } catch (error) {
        if (error instanceof SourceFailure && error.kind === 'lost' && ++broken >= most)
          throw new Hopeless(error);
        throw error;
      }
    });
  }

  close(): void {
    this.#remote?.close();
    this.#remote = undefined;
    this.#open = undefined;
  }

  async #trying<T>(ask: () => Promise<T>): Promise<T> {
    const { patience } = this.#options;
    for (;;) {
      try {
        const result = await ask();
        patience.worked();
        return result;
      } catch (error) {
        if (error instanceof Hopeless) {
          this.close();
          throw error.failure;
        }
        if (!(error instanceof SourceFailure)) throw error;
        if (error.kind === 'lost' || error.kind === 'busy') this.close();
        await patience.pause(error);
      }
    }
  }

  async #connected(): Promise<ImapRemote> {
    this.#remote ??= await this.#options.connect();
    return this.#remote;
  }

  async #opened(remote: ImapRemote, path: string): Promise<OpenFolder> {
    if (this.#open?.path === path) return this.#open.folder;
    this.#open = undefined;
    const folder = await remote.open(path);
    this.#open = { path, folder };
    return folder;
  }
}

/** No pause helps any more. */
class Hopeless extends Error {
  readonly failure: SourceFailure;

  constructor(failure: SourceFailure) {
    super(failure.message);
    this.failure = failure;
  }
}
