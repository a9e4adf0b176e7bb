/**
 * What systemd wants to hear of a service of `Type=notify` (sd_notify(3)): that it is ready, that it stops, and, when the unit
 * has `WatchdogSec=`, that it is alive. It is said by `systemd-notify`, since Node.js has no datagram sockets of the file
 * system; the unit therefore has `NotifyAccess=all`. Without a service manager nothing is said and nothing is started.
 */
import { spawn } from 'node:child_process';
import type { Log } from '../base/log.ts';

export class ServiceManager {
  readonly #env: NodeJS.ProcessEnv;
  readonly #log: Log;
  #timer: NodeJS.Timeout | undefined;

  constructor(env: NodeJS.ProcessEnv, log: Log) {
    this.#env = env;
    this.#log = log;
  }

  /** `isAlive` is asked before each sign of life; a server that is not gets none, and is restarted. */
  ready(status: string, isAlive: () => Promise<boolean>): void {
    void this.#say('READY=1', `STATUS=${status}`);
    const everyMs = this.#watchdogMs() / 2;
    if (everyMs === 0) return;
    this.#timer = setInterval(() => void this.#ping(isAlive), everyMs).unref();
  }

  stopping(): void {
    clearInterval(this.#timer);
    void this.#say('STOPPING=1', 'STATUS=finishing what is under way');
  }

  async #ping(isAlive: () => Promise<boolean>): Promise<void> {
    if (await isAlive()) await this.#say('WATCHDOG=1');
    else
      this.#log.error(
        {},
        'the store does not answer; the service manager is told nothing and will restart us',
      );
  }

  /** How long systemd waits for a sign of life; 0 when it does not. The launcher may be who it was told to watch. */
  #watchdogMs(): number {
    const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = this.#env;
    const isMeant = WATCHDOG_PID === undefined || [process.pid, process.ppid].includes(Number(WATCHDOG_PID));
    const ms = Number(WATCHDOG_USEC ?? 0) / 1000;
    return NOTIFY_SOCKET !== undefined && isMeant && Number.isFinite(ms) && ms > 0 ? ms : 0;
  }

  #say(...variables: readonly string[]): Promise<void> {
    if (!this.#env.NOTIFY_SOCKET) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const child = spawn('systemd-notify', variables, { stdio: 'ignore', env: this.#env });
    child.once('error', (err) => {
      this.#log.warn({ err }, 'the service manager cannot be told: is systemd-notify installed?');
      resolve();
    });
    child.once('exit', () => resolve());
    return promise;
  }
}
