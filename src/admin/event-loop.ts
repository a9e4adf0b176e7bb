/**
 * How long the event loop stood still: what one client's command costs everybody else. Measured only while somebody asks,
 * since the measurement is a timer that never sleeps.
 *
 * Two figures of the same turns of the loop: the time that passed, and the processor time that this thread used. On a
 * machine that has other things to do the first says how it felt, the second whose fault it was.
 */
const RESOLUTION_MS = 1;
/** Nobody has asked for so long: stop measuring. */
const FORGET_MS = 10 * 60_000;

export interface Standstill {
  readonly wallMs: number;
  readonly cpuMs: number;
}

export class EventLoopWatch {
  #timer: NodeJS.Timeout | undefined;
  #forget: NodeJS.Timeout | undefined;
  #longest = { wallMs: 0, cpuMs: 0 };

  /** The longest standstills since the last call; none at the first, which starts the measurement. */
  takeLongest(): Standstill {
    clearTimeout(this.#forget);
    this.#forget = setTimeout(() => this.stop(), FORGET_MS);
    this.#forget.unref();
    if (this.#timer === undefined) this.#start();
    const longest = this.#longest;
    this.#longest = { wallMs: 0, cpuMs: 0 };
    return longest;
  }

  stop(): void {
    clearTimeout(this.#forget);
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #start(): void {
    let wall = performance.now();
    let cpu = cpuMs();
    this.#timer = setInterval(() => {
      const [nowWall, nowCpu] = [performance.now(), cpuMs()];
      this.#longest.wallMs = Math.max(this.#longest.wallMs, nowWall - wall - RESOLUTION_MS);
      this.#longest.cpuMs = Math.max(this.#longest.cpuMs, nowCpu - cpu);
      wall = nowWall;
      cpu = nowCpu;
    }, RESOLUTION_MS);
    this.#timer.unref();
  }
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
