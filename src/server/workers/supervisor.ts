/**
 * The parent of several workers: it has no port and no mail. It starts them, passes on their log and their news, starts anew
 * whoever ends, and ends all of them together. A worker that ends costs its own accounts a moment, and nobody else anything.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RootLog } from '../../base/log.ts';
import type { ToSupervisor } from './orders.ts';
import { WRITER } from './part.ts';
import { WorkerProcess } from './worker-process.ts';

const RESTART_MS = [0, 1000, 2000, 4000, 8000, 16_000, 30_000] as const;
/** One that has run for so long may end again, and is back at once. */
const STABLE_MS = 60_000;
const ALIVE_EVERY_MS = 15_000;
/** A worker whose event loop has stood still for so long will not go on. */
const DEAD_AFTER_MS = 60_000;

export interface Ready {
  readonly listen: Readonly<Record<string, string>>;
  readonly accounts: number;
}

/** One worker, through all the processes that it has been. */
interface Place {
  readonly number: number;
  process: WorkerProcess | undefined;
  /** It has said so; from then on it answers within moments. */
  isReady: boolean;
  restarts: number;
}

export class Supervisor {
  readonly #log: RootLog;
  readonly #places: readonly Place[];
  readonly #watch: NodeJS.Timeout;
  #listen: Ready['listen'] | undefined;
  #isStopping = false;

  constructor(workers: number, log: RootLog) {
    this.#log = log;
    this.#places = Array.from({ length: workers }, (_, number) => ({
      number,
      process: undefined,
      restarts: 0,
      isReady: false,
    }));
    this.#watch = setInterval(() => this.#look(), ALIVE_EVERY_MS);
    this.#watch.unref();
  }

  /**
   * All of them are ready when it resolves. The first one opens the data folder as a whole and binds the ports. When one cannot
   * start, all end, and this gives the exit code: it has said why.
   */
  async start(): Promise<Ready | { readonly exitCode: number }> {
    const [first, ...others] = this.#places;
    const ready = await this.#launch(first as Place, true);
    if ('exitCode' in ready) return ready;
    this.#listen = ready.listen;
    const outcomes = await Promise.all(others.map((place) => this.#launch(place, false)));
    const failed = outcomes.find((outcome) => 'exitCode' in outcome);
    if (failed === undefined) return ready;
    await this.stop();
    return failed;
  }

  /** Each has its grace; resolves when all are gone. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#watch);
    const running = this.#places.flatMap(({ process }) => process ?? []);
    for (const process of running) process.send({ kind: 'stop' });
    await Promise.all(running.map(({ exited }) => exited));
  }

  kill(): void {
    this.#isStopping = true;
    for (const { process } of this.#places) process?.kill();
  }

  reload(): void {
    for (const { process } of this.#places) process?.send({ kind: 'reload' });
  }

  /** Ready, or ended before it was. */
  async #launch(place: Place, isFirst: boolean): Promise<Ready | { readonly exitCode: number }> {
    const { promise, resolve } = Promise.withResolvers<Ready>();
    const process = new WorkerProcess(place.number, {
      onLine: (line) => this.#log.pass(line),
      onMessage: (message) => {
        if (message.kind === 'ready') resolve(message);
        this.#obey(place.number, message);
      },
    });
    place.process = process;
    place.isReady = false;
    process.send({
      ...{ kind: 'begin', worker: place.number, workers: this.#places.length, isFirst },
      ...(this.#listen === undefined ? {} : { listen: this.#listen }),
    });
    const ended = process.exited.then(({ code }) => ({ exitCode: code ?? 1 }));
    const outcome = await Promise.race([promise, ended]);
    if (!('exitCode' in outcome)) {
      place.isReady = true;
      for (const other of this.#others(place.number)) other.send({ kind: 'newcomer', worker: place.number });
      void process.exited.then((exit) => this.#replace(place, exit));
    }
    return outcome;
  }

  #obey(from: number, message: ToSupervisor): void {
    if (message.kind !== 'news') return;
    for (const other of this.#others(from)) other.send({ kind: 'news', from, news: message.news });
  }

  #others(number: number): WorkerProcess[] {
    return this.#places.flatMap((place) => (place.number === number ? [] : (place.process ?? [])));
  }

  async #replace(
    place: Place,
    { code, signal }: { code: number | null; signal: string | null },
  ): Promise<void> {
    const since = place.process?.startedMs ?? 0;
    place.process = undefined;
    if (this.#isStopping) return;
    this.#log.error({ worker: place.number, code, signal }, 'a worker has ended; it is started anew');
    for (const other of this.#others(place.number)) other.send({ kind: 'gone', worker: place.number });
    if (performance.now() - since > STABLE_MS) place.restarts = 0;
    for (;;) {
      const pauseMs = RESTART_MS[Math.min(place.restarts++, RESTART_MS.length - 1)] as number;
      if (pauseMs > 0) await sleep(pauseMs);
      if (this.#isStopping) return;
      const outcome = await this.#launch(place, false);
      if (!('exitCode' in outcome)) {
        const isWriter = place.number === WRITER;
        this.#log.warn({ worker: place.number, isWriter }, 'a worker is back');
        return;
      }
      place.process = undefined;
      this.#log.error(
        { worker: place.number, code: outcome.exitCode },
        'a worker cannot start; it is tried again',
      );
    }
  }

  /** Who does not answer is ended, and comes back. */
  #look(): void {
    for (const { number, process, isReady } of this.#places) {
      // A database that is brought up to date at the start may take minutes of one turn.
      if (process === undefined || !isReady) continue;
      if (process.silentMs > DEAD_AFTER_MS) {
        this.#log.error({ worker: number }, 'a worker stands still; it is ended');
        process.kill();
      } else process.send({ kind: 'ask-alive' });
    }
  }
}
