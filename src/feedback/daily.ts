/**
 * Sends what was counted: of each domain and day that is over, once, to whoever the domain names. Off unless somebody has turned it on; then
 * by the one process that holds the postmaster's account, whose mail the reports are.
 *
 * Promises: a report that was sent is not sent again, but for a server that is killed at that moment; then it bears the same name, by
 * which it is known. What the DNS does not say now is asked for again in an hour, and given up when the ledger forgets it. One domain after
 * the other, each in turns of the event loop that are short.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Log } from '../base/log.ts';
import type { Dns } from '../dns/answer.ts';
import { type AggregateRow, aggregateXml } from './dmarc/aggregate.ts';
import { destinationsOf } from './dmarc/destinations.ts';
import { type Counted, type DayOfDomain, KINDS, type Kind, type Ledger } from './ledger.ts';
import { dmarcLetter, type Letter, tlsLetter } from './letter.ts';
import type { PublishedPolicy } from './observation.ts';
import { DAY_MS } from './tally.ts';
import { tlsDestinationsOf } from './tls/destinations.ts';
import { type TlsRow, tlsReportJson } from './tls/report.ts';

export interface DailyOptions {
  readonly ledger: Pick<Ledger, 'days' | 'due' | 'counted' | 'done' | 'forget'>;
  readonly log: Log;
  readonly dns: Dns;
  readonly nowMs: () => number;
  /** As we call ourselves: our host name. */
  readonly organization: string;
  readonly from: string;
  /** Whether it is this process's turn. */
  readonly isOurs: () => Promise<boolean>;
  /** Resolves when the message is in the queue. Must get through whatever TLS there is (RFC 8460 §5.3). */
  readonly send: (to: string, message: Buffer) => Promise<void>;
  /** True: it was taken. */
  readonly post: (url: string, packed: Buffer) => Promise<boolean>;
}

const LOOK_MS = 3600_000;
/** Everybody's day ends at the same moment, and nobody is to have all reports at once (RFC 8460 §5.1). */
const SPREAD_MS = 4 * 3600_000;
const PAGE = 50;
const WRITTEN_LATER = 'a report was sent, which is written down later';
const pack = promisify(gzip);

export class Daily {
  readonly #options: DailyOptions;
  readonly #delayMs: number;
  /** Of a kind and day that is due: domains that were told, which the ledger could not take at that moment. */
  readonly #unwritten = new Map<string, Set<string>>();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isStopped = false;

  /** `random` is from 0 to below 1. */
  constructor(options: DailyOptions, random: number = Math.random()) {
    this.#options = options;
    this.#delayMs = Math.floor(random * SPREAD_MS);
  }

  start(): void {
    this.#timer = setInterval(() => void this.run(), LOOK_MS).unref();
    void this.run();
  }

  /** What is under way ends with the domain at hand. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    await this.#running;
  }

  /** Never rejects. */
  run(): Promise<void> {
    this.#running ??= this.#run()
      .catch((err) => this.#options.log.warn({ err }, 'reports could not be sent to other domains'))
      .finally(() => {
        this.#running = undefined;
      });
    return this.#running;
  }

  async #run(): Promise<void> {
    const { ledger, nowMs, isOurs } = this.#options;
    if (!(await isOurs())) return;
    const today = Math.floor(nowMs() / DAY_MS);
    ledger.forget(today);
    const last = nowMs() % DAY_MS >= this.#delayMs ? today : today - 1;
    const due = KINDS.flatMap((kind) => ledger.days(kind, last).map((day) => ({ kind, day })));
    const names = new Set(due.map(({ kind, day }) => nameOf(kind, day)));
    for (const name of this.#unwritten.keys()) if (!names.has(name)) this.#unwritten.delete(name);
    for (const { kind, day } of due) await this.#runDay(kind, day);
  }

  async #runDay(kind: Kind, day: number): Promise<void> {
    const { ledger, log } = this.#options;
    const unwritten = this.#unwrittenOf(kind, day);
    let sent = 0;
    for (let after = ''; ; ) {
      const page = ledger.due(kind, day, after, PAGE);
      for (const one of page) {
        if (this.#isStopped) return;
        await nextTurn();
        const { domain } = one;
        // One domain's trouble is no other's.
        try {
          const told = unwritten.has(domain) ? 0 : await this.#tell(kind, one);
          if (told === undefined) continue;
          unwritten.add(domain);
          sent += told;
          ledger.done(kind, day, domain);
          unwritten.delete(domain);
        } catch (err) {
          const words = unwritten.has(domain) ? WRITTEN_LATER : 'a report could not be sent';
          log.warn({ err, kind, domain }, words);
        }
      }
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) break;
      after = last.domain;
    }
    if (sent > 0) log.info({ kind, sent }, 'reports were sent to other domains');
  }

  #unwrittenOf(kind: Kind, day: number): Set<string> {
    const name = nameOf(kind, day);
    const known = this.#unwritten.get(name) ?? new Set();
    this.#unwritten.set(name, known);
    return known;
  }

  /** How many were sent; undefined: not now. */
  async #tell(kind: Kind, one: DayOfDomain): Promise<number | undefined> {
    return kind === 'dmarc' ? this.#tellDmarc(one) : this.#tellTls(one);
  }

  async #tellDmarc({ day, domain, about }: DayOfDomain): Promise<number | undefined> {
    const { ledger, dns, send } = this.#options;
    const found = await destinationsOf(dns, domain);
    if (found.kind === 'unknown') return undefined;
    if (found.destinations.length === 0) return 0;
    const base = this.#baseOf(day, domain);
    const published = JSON.parse(about) as PublishedPolicy;
    const rows = read<AggregateRow>(ledger.counted('dmarc', day, domain));
    const packed = await pack(aggregateXml({ ...base, published, rows }));
    const fit = found.destinations.filter(({ mostBytes }) => packed.length <= mostBytes);
    if (fit.length === 0) return 0;
    return this.#toEach(domain, fit, async ({ address }) => {
      await send(address, dmarcLetter(this.#letter(base, address, packed)));
      return true;
    });
  }

  async #tellTls({ day, domain }: DayOfDomain): Promise<number | undefined> {
    const { ledger, dns, send, post } = this.#options;
    const destinations = await tlsDestinationsOf(dns, domain);
    if (destinations === undefined) return undefined;
    if (destinations.length === 0) return 0;
    const base = this.#baseOf(day, domain);
    const rows = read<TlsRow>(ledger.counted('tls', day, domain));
    const packed = await pack(tlsReportJson({ ...base, rows }));
    return this.#toEach(domain, destinations, async (to) => {
      if (to.kind === 'web') return post(to.url, packed);
      await send(to.address, tlsLetter(this.#letter(base, to.address, packed)));
      return true;
    });
  }

  /** Undefined: nobody has it, so in an hour again. Who has it gets it no second time because another could not get it. */
  async #toEach<T>(
    domain: string,
    destinations: readonly T[],
    send: (to: T) => Promise<boolean>,
  ): Promise<number | undefined> {
    let sent = 0;
    for (const to of destinations) {
      try {
        if (await send(to)) sent++;
      } catch (err) {
        this.#options.log.warn({ err, domain }, 'a report could not be sent to one who wants it');
      }
    }
    return sent === 0 ? undefined : sent;
  }

  #baseOf(day: number, domain: string) {
    const { organization, from: email } = this.#options;
    const [beginMs, endMs] = [day * DAY_MS, (day + 1) * DAY_MS];
    return { organization, email, domain, beginMs, endMs, reportId: `${day}.${domain}@${organization}` };
  }

  #letter(
    base: Pick<Letter, 'domain' | 'reportId' | 'beginMs' | 'endMs'>,
    to: string,
    packed: Buffer,
  ): Letter {
    const { organization: submitter, from, nowMs } = this.#options;
    const { domain, reportId, beginMs, endMs } = base;
    return { ...{ domain, reportId, beginMs, endMs }, from, to, submitter, nowMs: nowMs(), packed };
  }
}

function nameOf(kind: Kind, day: number): string {
  return `${kind} ${day}`;
}

function read<T>(counted: readonly Counted[]): readonly T[] {
  return counted.map(({ row, count }) => ({ ...(JSON.parse(row) as object), count }) as T);
}
