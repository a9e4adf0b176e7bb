/** How a server of several workers is watched: their numbers added up, and the health of each. */
import type { HealthCheck, HealthReport, ListenerFacts, Samples, Watch } from '../../admin/admin.ts';
import type { Standstill } from '../../admin/event-loop.ts';
import { summed } from '../metrics.ts';
import type { Offices } from './offices.ts';
import type { Part } from './part.ts';

export class GatheredWatch implements Watch {
  readonly #part: Part;
  readonly #offices: Offices;
  readonly #own: Watch;

  constructor(part: Part, offices: Offices, own: Watch) {
    this.#part = part;
    this.#offices = offices;
    this.#own = own;
  }

  async metrics(): Promise<string> {
    const others = this.#offices.others().map(async (worker) => {
      const client = await this.#offices.clientOf(worker);
      return client?.samples().catch(() => undefined);
    });
    const all = await Promise.all([this.#own.samples(), ...others]);
    return summed(all.filter((samples) => samples !== undefined));
  }

  async standstillElsewhere(): Promise<Standstill> {
    const all = this.#offices.others().map(async (worker) => {
      const client = await this.#offices.clientOf(worker);
      return client?.longestStandstill().catch(() => undefined);
    });
    const longest = { wallMs: 0, cpuMs: 0 };
    for (const one of await Promise.all(all)) {
      longest.wallMs = Math.max(longest.wallMs, one?.wallMs ?? 0);
      longest.cpuMs = Math.max(longest.cpuMs, one?.cpuMs ?? 0);
    }
    return longest;
  }

  samples(): Promise<Samples> {
    return this.#own.samples();
  }

  /** All workers have the same ports, and this one the numbers besides. */
  listeners(): readonly ListenerFacts[] {
    return this.#own.listeners();
  }

  /** The disk and the certificate are everybody's; a store each worker has. */
  async health(): Promise<HealthReport> {
    const own = await this.#own.health();
    const others = await Promise.all(this.#offices.others().map((worker) => this.#storeOf(worker)));
    const named = own.checks.map((check) =>
      check.name === 'store' ? { ...check, name: `store of worker ${this.#part.worker}` } : check,
    );
    const checks = [...named, ...others];
    const worst = (['failing', 'warning'] as const).find((state) =>
      checks.some((one) => one.state === state),
    );
    return { state: worst ?? 'ok', checks };
  }

  async #storeOf(worker: number): Promise<HealthCheck> {
    const name = `store of worker ${worker}`;
    const client = await this.#offices.clientOf(worker);
    const report = await client?.health().catch(() => undefined);
    const store = report?.checks.find((check) => check.name === 'store');
    return store === undefined
      ? { name, state: 'failing', detail: 'the worker does not answer' }
      : { ...store, name };
  }
}
