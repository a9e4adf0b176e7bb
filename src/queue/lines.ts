/**
 * What is due, sorted into lines: one for each destination, one for people who are here, one for reports. Each recipient stands in one
 * line at most, whoever brings it: a look into the store, news of mail that came, or both.
 */
import type { OutgoingId, OutgoingRoute, RecipientState } from '../mailbox/model/outgoing.ts';
import { Destination, type DestinationLimits, type Job } from './destination.ts';

export interface Due {
  readonly outgoing: OutgoingId;
  readonly n: number;
  readonly state: RecipientState;
  readonly route: OutgoingRoute;
  readonly address: string;
  readonly priority: number;
}

interface Way {
  readonly name: string;
  readonly jobs: Map<OutgoingId, Job>;
}

export const LOCAL = 'local';
export const REPORT = 'report';

export class Lines {
  readonly #limits: DestinationLimits;
  readonly #destinations = new Map<string, Destination>();
  /** Those in whose line somebody stands, or stood a moment ago; whose turn it was is the last. */
  readonly #waiting = new Set<Destination>();
  /** By way and message: a hundred thousand jobs share the few names of where they go. */
  readonly #jobs = new Map<string, Way>();
  #size = 0;
  /** Of jobs that run: recipients that became due meanwhile. */
  readonly #behind = new Map<Job, Set<number>>();

  constructor(limits: DestinationLimits) {
    this.#limits = limits;
    this.#destinations.set(LOCAL, new Destination(LOCAL, { first: 8, most: 8 }));
    this.#destinations.set(REPORT, new Destination(REPORT, { first: 4, most: 4 }));
  }

  get size(): number {
    return this.#size;
  }

  destinations(): Iterable<Destination> {
    return this.#destinations.values();
  }

  find(key: string): Destination | undefined {
    return this.#destinations.get(key);
  }

  /** Into the line of this name, at its end or before everybody. */
  stand(key: string, job: Job, isFirst = false): void {
    let destination = this.#destinations.get(key);
    if (destination === undefined) {
      destination = new Destination(key, this.#limits);
      this.#destinations.set(key, destination);
    }
    destination.add(job, isFirst);
    this.#waiting.add(destination);
  }

  /** In whose line somebody stands. What is not begun meanwhile keeps its turn. */
  *waiting(): Generator<Destination> {
    for (const destination of this.#waiting) {
      if (destination.length > 0) yield destination;
      else this.#waiting.delete(destination);
    }
  }

  /** It was its turn. */
  toTheEnd(destination: Destination): void {
    this.#waiting.delete(destination);
    if (destination.length > 0) this.#waiting.add(destination);
  }

  /** The job that it belongs to when it is a new one, which has no line yet. */
  put(due: Due): Job | undefined {
    const { outgoing, priority, n } = due;
    const { name: way, jobs } = this.#wayNamed(wayOf(due));
    const known = jobs.get(outgoing);
    if (known === undefined) {
      const job = { outgoing, way, priority, recipients: new Set([n]), isRunning: false };
      jobs.set(outgoing, job);
      this.#size++;
      return job;
    }
    if (!known.isRunning) known.recipients.add(due.n);
    // Also one that is being tried: it may have its outcome, and be due again.
    else this.#behind.set(known, (this.#behind.get(known) ?? new Set()).add(due.n));
    return undefined;
  }

  /** In the place of the one of its message and way. */
  replace(job: Job): void {
    const { jobs } = this.#wayNamed(job.way);
    if (!jobs.has(job.outgoing)) this.#size++;
    jobs.set(job.outgoing, job);
  }

  /** Returns a job for those that became due while it ran. */
  end(job: Job): Job | undefined {
    this.#forget(job);
    const behind = this.#behind.get(job);
    this.#behind.delete(job);
    if (behind === undefined) return undefined;
    const next = { ...job, recipients: behind, isRunning: false };
    this.replace(next);
    return next;
  }

  #wayNamed(name: string): Way {
    const known = this.#jobs.get(name);
    if (known !== undefined) return known;
    const way = { name, jobs: new Map<OutgoingId, Job>() };
    this.#jobs.set(name, way);
    return way;
  }

  #forget(job: Job): void {
    const jobs = this.#jobs.get(job.way)?.jobs;
    if (jobs?.get(job.outgoing) !== job) return;
    jobs.delete(job.outgoing);
    this.#size--;
    if (jobs.size === 0) this.#jobs.delete(job.way);
  }

  /** Places that nobody goes to any more and that are not down are forgotten. */
  sweep(nowMs: number): void {
    for (const [key, destination] of this.#destinations) {
      const isKept =
        key === LOCAL || key === REPORT || !destination.isIdle || destination.restsUntilMs > nowMs;
      if (!isKept) this.#destinations.delete(key);
    }
  }
}

function wayOf({ state, route, address }: Due): string {
  if (state !== 'waiting') return REPORT;
  return route === 'remote' ? domainOf(address) : LOCAL;
}

/** Behind the last @, in letters of one case. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase();
}
