/**
 * When news go out that nobody has asked for: at once, and what follows on their heels in one piece. A thousand deliveries are
 * not a thousand lines to every phone, and Thunderbird overlooks an EXISTS right behind another.
 */
import type { Clock } from '../base/clock.ts';

const GATHER_MS = 50;

export class Pace {
  readonly #clock: Pick<Clock, 'nowMs'>;
  #quietUntilMs = 0;

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock;
  }

  /** How long what is new has to wait; 0 when it may go. */
  get waitMs(): number {
    // A clock that was set back must not silence the line.
    return Math.max(0, Math.min(this.#quietUntilMs - this.#clock.nowMs(), GATHER_MS));
  }

  told(): void {
    this.#quietUntilMs = this.#clock.nowMs() + GATHER_MS;
  }
}
