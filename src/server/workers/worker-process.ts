/** A worker as its parent sees it: a process of the same program with the same arguments, told which worker it is. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { ToSupervisor, ToWorker } from './orders.ts';

/** In the environment of a worker. */
export const WORKER_ENV = 'BREVDUVA_WORKER';
/** A line of the log is bounded; what has no end is no line. */
const MAX_LINE_LENGTH = 256 * 1024;

export interface WorkerEvents {
  /** A whole line of its standard error, with its newline. */
  onLine(line: string): void;
  onMessage(message: ToSupervisor): void;
}

export class WorkerProcess {
  readonly startedMs = performance.now();
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  readonly #child: ChildProcess;
  readonly #events: WorkerEvents;
  #heardMs = performance.now();
  #line = '';

  constructor(number: number, events: WorkerEvents) {
    this.#events = events;
    const [, ...args] = process.argv;
    this.#child = spawn(process.execPath, [...process.execArgv, ...args], {
      // What the first one says to a person who tries the server goes where that person looks.
      stdio: ['ignore', number === 0 ? 'inherit' : 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, [WORKER_ENV]: String(number) },
    });
    const child = this.#child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    child.on('message', (message) => {
      this.#heardMs = performance.now();
      events.onMessage(message as ToSupervisor);
    });
    child.on('error', () => {});
    this.exited = new Promise((resolve) => {
      // Not before everything that it has said was read.
      child.once('close', (code, signal) => {
        if (this.#line !== '') this.#read('\n');
        resolve({ code, signal });
      });
    });
  }

  /** How long nothing was heard of it. */
  get silentMs(): number {
    return performance.now() - this.#heardMs;
  }

  send(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #read(text: string): void {
    const lines = (this.#line + text).split('\n');
    this.#line = lines.pop() ?? '';
    for (const line of lines) this.#events.onLine(`${line}\n`);
    if (this.#line.length < MAX_LINE_LENGTH) return;
    this.#events.onLine(`${this.#line}\n`);
    this.#line = '';
  }
}
