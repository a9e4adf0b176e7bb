/** The administration of each worker, as the one that speaks for all of them reaches it. */
import type { Admin } from '../../admin/admin.ts';
import { ControlClient } from '../../admin/control-client.ts';
import { unavailable } from '../../identity/handing-over.ts';
import type { RelayClient } from '../../net/relay-client.ts';
import { workerName } from './orders.ts';
import type { Part } from './part.ts';

/** The kind of relay connection: HTTP, as on the control socket. */
export const CONTROL_KIND = 'control';

export class Offices {
  readonly #part: Part;
  readonly #relay: RelayClient;
  readonly #local: Admin;
  readonly #clients = new Map<number, Promise<ControlClient | undefined>>();

  constructor(part: Part, relay: RelayClient, local: Admin) {
    this.#part = part;
    this.#relay = relay;
    this.#local = local;
  }

  /** Throws `unavailable` while that worker is gone. */
  async of(worker: number): Promise<Admin> {
    if (worker === this.#part.worker) return this.#local;
    const client = await this.clientOf(worker);
    if (client === undefined) throw unavailable();
    return client;
  }

  /** Of all, this one first. Throws `unavailable` while one of them is gone. */
  all(): Promise<readonly Admin[]> {
    return Promise.all([...this.#inOrder()].map((worker) => this.of(worker)));
  }

  async reachable(): Promise<readonly Admin[]> {
    const all = this.others().map((worker) => this.clientOf(worker));
    return [this.#local, ...(await Promise.all(all)).filter((one) => one !== undefined)];
  }

  others(): readonly number[] {
    return this.#inOrder().filter((worker) => worker !== this.#part.worker);
  }

  /** Undefined: it does not answer. */
  async clientOf(worker: number): Promise<ControlClient | undefined> {
    const known = this.#clients.get(worker);
    if (known !== undefined) return known;
    const dial = () => this.#relay.connect(workerName(worker), CONTROL_KIND);
    const connecting = ControlClient.over(dial).catch(() => undefined);
    this.#clients.set(worker, connecting);
    // A worker that was not there may be there the next time.
    if ((await connecting) === undefined) this.#clients.delete(worker);
    return connecting;
  }

  #inOrder(): readonly number[] {
    const { worker, workers } = this.#part;
    const all = Array.from({ length: workers }, (_, number) => number);
    return [worker, ...all.filter((number) => number !== worker)];
  }
}
