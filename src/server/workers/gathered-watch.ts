/** How a server of several workers is watched: their numbers added up, and the health of each. */
import type { HealthCheck, HealthReport, ListenerFacts, Samples, Watch } from '../../admin/admin.ts';
import type { Standstill } from '../../admin/event-loop.ts';
import { summed } from '../metrics.ts';
import type { Offices } from './offices.ts';

export class GatheredWatch implements Watch {
  readonly #offices: Offices;
  readonly #own: Watch;

  constructor(offices: Offices, own: Watch) {
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

  /** The disk and the certificate are everybody's; a store each worker has, and the worst of them is told. */
  async health(): Promise<HealthReport> {
    const own = await this.#own.health();
    const others = await Promise.all(this.#offices.others().map((worker) => this.#storeOf(worker)));
    const failing = others.find(({ state }) => state !== 'ok');
    const checks = own.checks.map((check) =>
      check.name === 'store' && check.state === 'ok' ? (failing ?? check) : check,
    );
    const worst = (['failing', 'warning'] as const).find((state) =>
      checks.some((one) => one.state === state),
    );
    return { state: worst ?? 'ok', checks };
  }

  async #storeOf(worker: number): Promise<HealthCheck> {
    const client = await this.#offices.clientOf(worker);
    const report = await client?.health().catch(() => undefined);
    const store = report?.checks.find((check) => check.name === 'store');
    if (store === undefined)
      return { name: 'store', state: 'failing', detail: `worker ${worker} does not answer` };
    return { ...store, detail: `worker ${worker}: ${store.detail}` };
  }
}
