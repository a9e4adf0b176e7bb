/** Packing of all shards that are here: now and then by itself, and when somebody asks. */
import {
  NO_PACKING,
  NOTHING_PACKED,
  type Packing,
  type PackingReport,
  type PackingStatus,
  sumOfReports,
  sumOfStatus,
} from '../../../mailbox/port/packing.ts';
import type { PackSurvey } from './pack-work.ts';
import type { Packer } from './packer.ts';

const HOUR_MS = 3600_000;
/** A start has other things to do. */
const FIRST_MS = 10 * 60_000;

export interface PackingOptions {
  /** Mail that is older is packed; undefined: none, and packs that are there are looked after. */
  readonly ageMs: number | undefined;
  readonly onDone: (report: PackingReport) => void;
  readonly onTrouble: (error: Error) => void;
}

export class ShardPacking implements Packing {
  readonly #packers: readonly Packer[];
  readonly #options: PackingOptions;
  readonly #first: NodeJS.Timeout;
  readonly #hourly: NodeJS.Timeout;
  #running: Promise<void> | undefined;
  #isStopped = false;

  constructor(packers: readonly Packer[], options: PackingOptions) {
    this.#packers = packers;
    this.#options = options;
    const pass = (): void => {
      this.#running ??= this.#passAll().finally(() => {
        this.#running = undefined;
      });
    };
    this.#first = setTimeout(pass, FIRST_MS).unref();
    this.#hourly = setInterval(pass, HOUR_MS).unref();
  }

  async compact(): Promise<PackingReport> {
    let sum: PackingReport = NOTHING_PACKED;
    for (const packer of this.#packers)
      sum = sumOfReports(sum, await packer.pass({ ageMs: 0, isGentle: false }));
    return sum;
  }

  async status(): Promise<PackingStatus> {
    let sum: PackingStatus | undefined;
    for (const packer of this.#packers) {
      const { packs, ...amounts } = await packer.survey(this.#options.ageMs);
      const of = (pick: (pack: PackSurvey) => number) => packs.reduce((all, pack) => all + pick(pack), 0);
      const one = {
        afterMs: this.#options.ageMs,
        packs: packs.length,
        packBytes: of(({ fileBytes }) => fileBytes),
        deadBytes: of(({ fileBytes, deadShare }) => Math.round(fileBytes * deadShare)),
        packed: amounts.packed,
        unpacked: amounts.unpacked,
        due: amounts.due,
      };
      sum = sum === undefined ? one : sumOfStatus(sum, one);
    }
    return sum ?? NO_PACKING.status();
  }

  /** Before the shards are closed. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#first);
    clearInterval(this.#hourly);
    await Promise.all(this.#packers.map((packer) => packer.close()));
    await this.#running;
  }

  async #passAll(): Promise<void> {
    const { ageMs, onDone, onTrouble } = this.#options;
    for (const packer of this.#packers) {
      if (this.#isStopped) return;
      try {
        const report = await packer.pass({ ageMs, isGentle: true });
        if (report.blobs > 0 || report.removed > 0) onDone(report);
      } catch (error) {
        if (!this.#isStopped) onTrouble(error as Error);
      }
    }
  }
}
