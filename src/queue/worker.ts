/**
 * The queue at work: what is due comes out of the store, stands in line, and is tried when its turn has come. It is woken by mail that
 * comes and by the clock, and never looks in vain. Rows are the only state: whatever it knows it can forget.
 *
 * Promises: a message is tried by one attempt at a time for each way; an attempt writes nothing before its outcome; a fault of ours
 * in one message is that message's alone, and after several of them it is held for a person.
 */
import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Log } from '../base/log.ts';
import type { Domain } from '../mailbox/domain.ts';
import type { OutgoingId } from '../mailbox/model/outgoing.ts';
import type { DuePlace } from '../mailbox/port/outgoing.ts';
import type { Destination, Job } from './destination.ts';
import type { Jobs } from './jobs.ts';
import { type Due, type Lines, LOCAL, REPORT } from './lines.ts';

export interface WorkerOptions {
  readonly domain: Domain;
  readonly log: Log;
  readonly jobs: Jobs;
  readonly lines: Lines;
  /** After each attempt, when what came of it is written down. */
  readonly onTried?: ((id: OutgoingId) => void) | undefined;
  /** Attempts at once. */
  readonly most: number;
}

const PAGE = 1000;
/** More stay in the store until some of these have gone. */
const MOST_IN_LINE = 200_000;
/** The longest that nothing is looked for: clocks are set, and rows can be written by others. */
const LOOK_MS = 600_000;
const SHORT_LOOK_MS = 60_000;
const TROUBLE_MS = 5000;
const CLAIMED_MS = 1000;
/** Until some of so many have gone. */
const FULL_MS = 1000;
/** An attempt takes less, whatever happens; in this process nobody else wants it but who takes mail back. */
const CLAIM_MS = 24 * 3600_000;

export class Worker {
  readonly #options: WorkerOptions;
  readonly #owner = `queue ${randomUUID()}`;
  readonly #running = new Set<Promise<void>>();
  readonly #placing = new Set<Promise<void>>();
  /** How many ways of a message are under way. */
  readonly #claims = new Map<OutgoingId, number>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #mustLookAgain = false;
  #place: DuePlace | undefined;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #timerMs = 0;
  #isStopped = false;
  isPaused = false;

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  get active(): number {
    return this.#running.size;
  }

  /** From the beginning of what is due, as after a start. */
  start(): void {
    this.#options.domain.turns.outbox.listen((ids) => this.hear(ids));
    this.look();
  }

  /** These came, or are to be tried now. */
  hear(ids: readonly OutgoingId[]): void {
    void this.#bring(ids).catch((err) => {
      this.#options.log.warn({ err }, 'outgoing mail cannot be read yet');
      this.#lookAnew(TROUBLE_MS);
    });
  }

  /** What is due later is found when it is; what is due by now may lie behind the place that was looked at last. */
  expect(id: OutgoingId, nextMs: number): void {
    const nowMs = this.#options.domain.clock.nowMs();
    if (nextMs <= nowMs) this.hear([id]);
    else this.#rest(nextMs - nowMs);
  }

  look(): void {
    if (this.#looking !== undefined) {
      this.#mustLookAgain = true;
      return;
    }
    if (this.#isStopped) return;
    this.#looking = this.#look()
      .catch((err) => {
        this.#options.log.warn({ err }, 'outgoing mail cannot be read yet');
        this.#lookAnew(TROUBLE_MS);
      })
      .finally(() => {
        this.#looking = undefined;
        if (this.#mustLookAgain) this.look();
        this.#mustLookAgain = false;
      });
  }

  /** All of what is under way comes to its end, or to that of the grace. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, graceMs);
    await Promise.race([promise, this.#ended()]);
    clearTimeout(timer);
  }

  /** Begins what may begin. */
  run(): void {
    const { lines, most, domain } = this.#options;
    if (this.#isStopped || this.isPaused) return;
    const nowMs = domain.clock.nowMs();
    let wakeMs = Number.POSITIVE_INFINITY;
    // Whoever has had a turn comes again behind the others.
    for (const destination of lines.waiting()) {
      if (this.#running.size >= most) return;
      if (destination.mayRun(nowMs)) {
        this.#begin(destination);
        lines.toTheEnd(destination);
      } else if (destination.restsUntilMs > nowMs) wakeMs = Math.min(wakeMs, destination.restsUntilMs);
    }
    if (wakeMs < Number.POSITIVE_INFINITY) this.#rest(wakeMs - nowMs);
  }

  #begin(destination: Destination): void {
    const job = destination.begin();
    if (job === undefined) return;
    job.isRunning = true;
    const running = this.#attempt(job, destination).finally(() => {
      this.#running.delete(running);
      destination.end();
      const next = this.#options.lines.end(job);
      if (next !== undefined) this.#stand(next);
      this.run();
    });
    this.#running.add(running);
  }

  async #attempt(job: Job, destination: Destination): Promise<void> {
    const { domain, jobs, log, onTried } = this.#options;
    const { outgoing: queue } = domain.store;
    try {
      const claimed = await queue.claim([job.outgoing], this.#owner, Date.now() + CLAIM_MS);
      // Somebody takes it back at this moment; if that fails, it is found again.
      if (claimed.length === 0) return this.#lookAnew(CLAIMED_MS);
      this.#claims.set(job.outgoing, (this.#claims.get(job.outgoing) ?? 0) + 1);
      try {
        const again = await jobs.run(job, destination);
        if (again.size > 0) this.#again(job, again, destination);
      } finally {
        this.#giveBack(job.outgoing);
        onTried?.(job.outgoing);
      }
    } catch (err) {
      // It is found again by the next process.
      if (this.#isStopped) return;
      log.error({ err, outgoing: job.outgoing }, 'an attempt to send mail failed');
      this.#lookAnew(TROUBLE_MS);
    }
  }

  #giveBack(id: OutgoingId): void {
    const left = (this.#claims.get(id) ?? 1) - 1;
    if (left > 0) this.#claims.set(id, left);
    else {
      this.#claims.delete(id);
      this.#options.domain.store.outgoing.giveBack([id], this.#owner);
    }
  }

  #again(job: Job, recipients: ReadonlySet<number>, destination: Destination): void {
    const { lines } = this.#options;
    const behind = lines.end(job);
    const all = new Set([...recipients, ...(behind?.recipients ?? [])]);
    const next = { ...job, recipients: all, isRunning: false };
    lines.replace(next);
    lines.stand(destination.key, next, true);
  }

  async #look(): Promise<void> {
    const { domain, lines } = this.#options;
    const nowMs = domain.clock.nowMs();
    // Now and then from the beginning, and often while there is little.
    if (
      nowMs - this.#lookedAtMs > (lines.size < PAGE ? SHORT_LOOK_MS : LOOK_MS) ||
      nowMs < this.#lookedAtMs
    ) {
      this.#place = undefined;
      this.#lookedAtMs = nowMs;
      lines.sweep(nowMs);
    }
    while (!this.#isStopped && lines.size < MOST_IN_LINE) {
      const page = await domain.store.outgoing.loadDue(nowMs, PAGE, this.#place);
      for (const due of page) this.#put(due);
      this.#place = page.at(-1) ?? this.#place;
      if (page.length < PAGE) break;
      this.run();
      await nextTurn();
    }
    this.run();
    // What is due by now would be looked for at once, and again.
    if (lines.size >= MOST_IN_LINE) return this.#rest(FULL_MS);
    const [next] = await domain.store.outgoing.loadDue(Number.POSITIVE_INFINITY, 1, this.#place);
    this.#rest(Math.min(SHORT_LOOK_MS, next === undefined ? SHORT_LOOK_MS : next.nextMs - nowMs));
  }

  async #bring(ids: readonly OutgoingId[]): Promise<void> {
    const { domain } = this.#options;
    const nowMs = domain.clock.nowMs();
    let nextMs = Number.POSITIVE_INFINITY;
    for (let at = 0; at < ids.length; at += 100) {
      for (const one of await domain.store.outgoing.load(ids.slice(at, at + 100))) {
        if (one === undefined) continue;
        for (const recipient of one.recipients) {
          if (recipient.nextMs === undefined) continue;
          if (recipient.nextMs <= nowMs)
            this.#put({ outgoing: one.row.id, priority: one.row.priority ?? 0, ...recipient });
          else nextMs = Math.min(nextMs, recipient.nextMs);
        }
      }
    }
    if (nextMs < Number.POSITIVE_INFINITY) this.#rest(nextMs - nowMs);
    this.run();
  }

  #put(due: Due): void {
    const job = this.#options.lines.put(due);
    if (job !== undefined) this.#stand(job);
  }

  /** Into the line of where it goes, which for domains is asked of the DNS. */
  #stand(job: Job): void {
    const { lines, jobs } = this.#options;
    if (job.way === LOCAL || job.way === REPORT) {
      lines.stand(job.way, job);
      return;
    }
    const key = jobs.keyOf(job);
    if (typeof key === 'string') {
      lines.stand(key, job);
      return;
    }
    const placing = key.then((found) => {
      lines.stand(found, job);
      this.run();
    });
    this.#placing.add(placing);
    void placing.finally(() => this.#placing.delete(placing));
  }

  /** At everything that is due, after so long. */
  #lookAnew(ms: number): void {
    this.#lookedAtMs = Number.NEGATIVE_INFINITY;
    this.#rest(ms);
  }

  /** Looks again after so long, or sooner. */
  #rest(ms: number): void {
    if (this.#isStopped) return;
    const untilMs = performance.now() + Math.max(5, Math.min(ms, LOOK_MS));
    if (this.#timer !== undefined && untilMs >= this.#timerMs) return;
    clearTimeout(this.#timer);
    this.#timerMs = untilMs;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.look();
    }, untilMs - performance.now());
    this.#timer.unref();
  }

  async #ended(): Promise<void> {
    await this.#looking;
    await Promise.all(this.#placing);
    while (this.#running.size > 0) await Promise.race(this.#running);
  }
}
