/**
 * When the process ends, and what signals mean to it.
 *
 * - SIGTERM and SIGINT stop in order. A second one ends at once, but not one that comes with the first: Ctrl-C reaches the
 *   whole group, and npm passes it on again.
 * - SIGHUP reads logs, certificates and configuration anew. When it came because the terminal is gone, it is the end: whoever
 *   closes the window of `npm start` wants no server left behind.
 * - Whoever was started by a launcher or by npm ends with it, even when that one had no chance to say so.
 */
import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { Log } from '../base/log.ts';

/** Everything that was acknowledged is stored, and the next start takes up the rest. */
const END_MS = 9500;
/** One key press, several signals. */
const SAME_SIGNAL_MS = 1000;
const PARENT_LOOK_MS = 500;

export interface Running {
  stop(): Promise<void>;
  reload(): Promise<void>;
}

/** From the start on, so that no signal of the first second is taken the way Node.js would take it. */
export class Signals {
  readonly #log: Log;
  readonly #terminal = new Terminal();
  #running: Running | undefined;
  #stoppingSince: number | undefined;
  #wantsReload = false;

  constructor(log: Log) {
    this.#log = log;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.#onStop(signal));
    process.on('SIGHUP', () => {
      if (this.#terminal.isGone()) this.#onStop('SIGHUP');
      else this.#onReload();
    });
  }

  /** What came before is done now. */
  obey(running: Running): void {
    this.#running = running;
    if (this.#wantsReload) this.#onReload();
  }

  #onReload(): void {
    this.#wantsReload = this.#running === undefined;
    this.#running?.reload().catch((err) => this.#log.error({ err }, 'not everything was read anew'));
  }

  #onStop(signal: NodeJS.Signals): void {
    if (this.#stoppingSince !== undefined) {
      if (performance.now() - this.#stoppingSince > SAME_SIGNAL_MS) process.exit(1);
      return;
    }
    this.#stoppingSince = performance.now();
    this.#log.info({ signal }, 'stopping');
    stopWithinGrace(() => this.#stopInOrder(signal), this.#log);
  }

  async #stopInOrder(signal: NodeJS.Signals): Promise<void> {
    // Nobody is connected before the start is over.
    await this.#running?.stop();
    this.#log.info({ signal }, 'stopped');
  }
}

/** Ends the process, in order as far as there is time for it. */
export function stopWithinGrace(stop: () => Promise<void>, log: Log): void {
  setTimeout(() => {
    log.warn({}, 'not everything ended in time; the next start takes it up');
    process.exit(0);
  }, END_MS).unref();
  stop().then(
    () => process.exit(0),
    (err) => {
      log.error({ err }, 'could not stop in order');
      process.exit(1);
    },
  );
}

/** The terminal that the process was started on and writes to. After `nohup` or under a supervisor there is none. */
class Terminal {
  readonly #isOnIt = [0, 1, 2].some((fd) => isatty(fd)) && canOpenTerminal();

  isGone(): boolean {
    return this.#isOnIt && !canOpenTerminal();
  }
}

/** The kernel takes the terminal away from all its processes before it sends them SIGHUP. */
function canOpenTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

/**
 * A process whose parent is gone has another one. Only for parents that stand for the person who started us: the launcher
 * of an older Node.js, which names itself, and `npm start`.
 */
export function endWithParent(): void {
  const { BREVDUVA_LAUNCHER: launcher, npm_lifecycle_event: script, npm_package_name: name } = process.env;
  delete process.env.BREVDUVA_LAUNCHER;
  const isNpmStart = script === 'start' && name === 'brevduva';
  if (launcher === undefined && !isNpmStart) return;
  const parent = launcher === undefined ? process.ppid : Number(launcher);
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, PARENT_LOOK_MS).unref();
}

/** Whoever read our output may go away; that is no reason to end. What Node.js warns of belongs into the log. */
export function outliveReaders(log: Log): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  process.removeAllListeners('warning');
  process.on('warning', (err) => log.warn({ err }, 'a warning of Node.js'));
}

export function endOnSurprise(log: Log): void {
  process.on('uncaughtException', (err, origin) => {
    log.error({ err, origin }, 'something nobody foresaw; ending, to be started again');
    process.exit(1);
  });
}
