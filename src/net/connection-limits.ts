import { addressBlock, isLoopback } from '../base/ip-address.ts';

/**
 * How many connections there may be, in all and from one address. One object serves all listeners of a server: an
 * attacker who opens ten ports is still one attacker. Loopback is exempt from the second limit, since a proxy, a webmail or
 * a test connects from there for many people. An IPv6 peer is counted by its /64, the smallest block a customer gets;
 * counting single addresses would count nothing.
 */
export type Refusal = 'server-full' | 'address-full';

export class ConnectionLimits {
  readonly #maxTotal: number;
  readonly #maxPerAddress: number;
  readonly #perAddress = new Map<string, number>();
  #total = 0;

  constructor(limits: { readonly total: number; readonly perAddress: number }) {
    this.#maxTotal = limits.total;
    this.#maxPerAddress = limits.perAddress;
  }

  get total(): number {
    return this.#total;
  }

  /** Counts the newcomer in, or says why not. Whoever was counted in must `leave` exactly once. */
  enter(address: string): Refusal | undefined {
    if (this.#total >= this.#maxTotal) return 'server-full';
    if (!isLoopback(address)) {
      const block = addressBlock(address);
      const count = this.#perAddress.get(block) ?? 0;
      if (count >= this.#maxPerAddress) return 'address-full';
      this.#perAddress.set(block, count + 1);
    }
    this.#total++;
    return undefined;
  }

  leave(address: string): void {
    this.#total--;
    if (isLoopback(address)) return;
    const block = addressBlock(address);
    const count = (this.#perAddress.get(block) ?? 1) - 1;
    if (count > 0) this.#perAddress.set(block, count);
    else this.#perAddress.delete(block);
  }
}
