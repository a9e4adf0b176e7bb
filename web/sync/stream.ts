/**
 * Hears of changes as they happen (RFC 8620 §7.3). Of all tabs one holds the stream, chosen by a lock that the browser takes from whoever
 * closes: a browser has only six connections to a server of HTTP/1.1. It tells the others by a channel. Where there are no
 * locks, each tab asks now and then while it is looked at.
 *
 * A stream that is silent for longer than its server promised is dead, whatever the browser says, and begun anew.
 */

export interface StreamParts {
  readonly eventSource: (url: string) => Pick<EventSource, 'addEventListener' | 'close' | 'readyState'>;
  /** Absent: every tab for itself. */
  readonly locks: Pick<LockManager, 'request'> | undefined;
  readonly channel: Pick<BroadcastChannel, 'postMessage' | 'addEventListener' | 'close'> | undefined;
  /** Calls again and again; returns what ends it. */
  readonly every: (ms: number, run: () => void) => () => void;
  readonly now: () => number;
}

export interface StreamOptions {
  /** The template of the session object. */
  readonly url: string;
  /** Something may have changed: ask for it. */
  readonly onChange: () => void;
  /** `isAgain`: the server was away, and may be another than before. */
  readonly onOpen?: (isAgain: boolean) => void;
  readonly parts: StreamParts;
}

const PING_SECONDS = 30;
const SILENCE_MS = 2.5 * PING_SECONDS * 1000;
const CHECK_MS = 15_000;
const POLL_MS = 60_000;
const LOCK = 'brevduva-stream';
/** `readyState` of a stream that is not tried again. */
const CLOSED = 2;

export class Stream {
  readonly #options: StreamOptions;
  readonly #ends: (() => void)[] = [];
  #source: ReturnType<StreamParts['eventSource']> | undefined;
  #heardMs = 0;
  #wasOpen = false;
  #isClosed = false;

  constructor(options: StreamOptions) {
    this.#options = options;
    const { parts, onChange } = options;
    const { locks, channel } = parts;
    if (locks === undefined || channel === undefined) {
      this.#ends.push(parts.every(POLL_MS, onChange));
      return;
    }
    channel.addEventListener('message', () => onChange());
    this.#ends.push(() => channel.close());
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    this.#ends.push(resolve);
    // Resolves when this tab no longer holds it; until then another waits.
    void locks.request(LOCK, async () => {
      if (this.#isClosed) return;
      this.#lead();
      await closed;
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#source?.close();
    for (const end of this.#ends.splice(0)) end();
  }

  /** Whether what is heard comes from here, and for how long nothing was. */
  #lead(): void {
    const { parts } = this.#options;
    this.#open();
    // What happened between the last leader's end and now was told to nobody.
    this.#tell();
    this.#ends.push(
      parts.every(CHECK_MS, () => {
        if (parts.now() - this.#heardMs < SILENCE_MS) return;
        this.#open();
        this.#tell();
      }),
    );
  }

  #open(): void {
    const { url, parts } = this.#options;
    this.#source?.close();
    this.#heardMs = parts.now();
    const filled = url
      .replace('{types}', 'Mailbox,Email,Thread,Identity,EmailSubmission,Quota')
      .replace('{closeafter}', 'no')
      .replace('{ping}', String(PING_SECONDS));
    const source = parts.eventSource(filled);
    this.#source = source;
    const heard = (): void => {
      this.#heardMs = parts.now();
    };
    source.addEventListener('open', () => {
      heard();
      this.#options.onOpen?.(this.#wasOpen);
      this.#wasOpen = true;
    });
    // A browser tries again by itself, but not after an answer that is no stream, as of a proxy without a server.
    source.addEventListener('error', () => {
      if (source.readyState === CLOSED) this.#heardMs = Number.NEGATIVE_INFINITY;
    });
    source.addEventListener('ping', heard);
    source.addEventListener('state', () => {
      heard();
      this.#tell();
    });
  }

  #tell(): void {
    this.#options.parts.channel?.postMessage('changed');
    this.#options.onChange();
  }
}

/** What browsers have. */
export function browserParts(): StreamParts {
  return {
    eventSource: (url) => new EventSource(url),
    locks: navigator.locks,
    channel: typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('brevduva'),
    every: (ms, run) => {
      const timer = setInterval(() => document.visibilityState === 'visible' && run(), ms);
      return () => clearInterval(timer);
    },
    now: () => performance.now(),
  };
}
