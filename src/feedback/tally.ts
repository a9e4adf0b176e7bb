/**
 * Counts what is seen, in memory, and writes it into the ledger every few seconds, so that a flood of messages is a few rows and no
 * message waits. What the ledger does not take now is written the next time; of more than fits in memory it is said how much was lost.
 */
import type { Log } from '../base/log.ts';
import type { Count, Kind, Ledger } from './ledger.ts';
import type { Counter, DmarcObservation, TlsObservation } from './observation.ts';

export interface TallyOptions {
  readonly ledger: Pick<Ledger, 'add'>;
  readonly log: Log;
  readonly nowMs: () => number;
}

export const DAY_MS = 86_400_000;
const WRITE_MS = 5000;
const MAX_WAITING = 5000;
/** One transaction, a few milliseconds. */
const SLICE = 200;
/** Of a text that a stranger has written. */
const MAX_TEXT = 255;
/** Signatures of one message. */
const MAX_SIGNATURES = 10;

export class Tally implements Counter {
  readonly #options: TallyOptions;
  readonly #waiting = new Map<string, Count>();
  #lost = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: TallyOptions) {
    this.#options = options;
  }

  message({ domain, published, ...seen }: DmarcObservation): void {
    const dkim = seen.dkim.slice(0, MAX_SIGNATURES).map((one) => shortened(one));
    const row = { ...shortened(seen), dkim, spf: shortened(seen.spf) };
    this.#count('dmarc', domain, row, published);
  }

  session({ domain, ...seen }: TlsObservation): void {
    // Of what went well nobody asks with which server.
    const { failure, policy } = seen;
    this.#count(
      'tls',
      domain,
      failure === undefined ? { policy } : { ...seen, failure: shortened(failure) },
      {},
    );
  }

  /** All of it, at the end of the process. */
  flush(): void {
    clearTimeout(this.#timer);
    while (this.#waiting.size > 0 && this.#writeSome());
  }

  #count(kind: Kind, domain: string, row: object, about: object): void {
    const day = Math.floor(this.#options.nowMs() / DAY_MS);
    const text = JSON.stringify(row);
    const key = `${kind} ${day} ${domain} ${text}`;
    const known = this.#waiting.get(key);
    if (known === undefined && this.#waiting.size >= MAX_WAITING) {
      this.#lost++;
      return;
    }
    const count = (known?.count ?? 0) + 1;
    this.#waiting.set(key, { kind, day, domain, row: text, about: JSON.stringify(about), count });
    this.#timer ??= setTimeout(() => this.#write(), WRITE_MS).unref();
  }

  /** A slice in a turn of the event loop. */
  #write(): void {
    this.#timer = undefined;
    const isTaken = this.#writeSome();
    if (this.#lost > 0)
      this.#options.log.warn({ lost: this.#lost }, 'not everything was counted for reports to others');
    this.#lost = 0;
    if (this.#waiting.size === 0) return;
    if (isTaken) setImmediate(() => this.#write());
    else this.#timer ??= setTimeout(() => this.#write(), WRITE_MS).unref();
  }

  /** False: the ledger does not take it now. */
  #writeSome(): boolean {
    const { ledger, log } = this.#options;
    const some = [...this.#waiting].slice(0, SLICE);
    try {
      ledger.add(some.map(([, count]) => count));
    } catch (err) {
      log.debug({ err, waiting: this.#waiting.size }, 'counts for reports are written later');
      return false;
    }
    for (const [key] of some) this.#waiting.delete(key);
    return true;
  }
}

function shortened<T extends object>(value: T): T {
  const cut = Object.entries(value).map(([key, one]) => [
    key,
    typeof one === 'string' ? one.slice(0, MAX_TEXT) : one,
  ]);
  return Object.fromEntries(cut) as T;
}
