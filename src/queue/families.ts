/**
 * Which families of addresses mail leaves by. Large receivers refuse IPv6 from an address without a name of its own, and a server rarely
 * knows that its provider gave it none: so it is used only while its reverse name is seen to fit (`auto`).
 */
import { networkInterfaces } from 'node:os';
import { isPrivateAddress } from '../base/ip-address.ts';
import type { Dns } from '../dns/answer.ts';

export const IP_WISHES = ['auto', 'ipv4', 'ipv6', 'both'] as const;
export type IpWish = (typeof IP_WISHES)[number];

const LOOK_MS = 3600_000;

export class Families {
  readonly #dns: Dns;
  readonly #wish: IpWish;
  /** As of the last look; whoever has it sees the next one. */
  readonly uses: { ipv4: boolean; ipv6: boolean };
  #timer: NodeJS.Timeout | undefined;

  constructor(dns: Dns, wish: IpWish) {
    this.#dns = dns;
    this.#wish = wish;
    this.uses = { ipv4: wish !== 'ipv6', ipv6: wish === 'ipv6' || wish === 'both' };
  }

  start(): void {
    if (this.#wish !== 'auto') return;
    const look = (): void => {
      void this.#look().catch(() => {});
    };
    look();
    this.#timer = setInterval(look, LOOK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const own = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
    const addresses = own.filter(
      ({ family, internal, address }) => family === 'IPv6' && !internal && !isPrivateAddress(address),
    );
    const fits = await Promise.all(addresses.map(({ address }) => this.#hasName(address)));
    this.uses.ipv6 = fits.length > 0 && fits.every((it) => it);
  }

  /** A name that leads back to it. */
  async #hasName(address: string): Promise<boolean> {
    const reverse = await this.#dns.ask(reverseName(address), 'PTR');
    if (reverse.kind !== 'found') return false;
    for (const name of reverse.records.slice(0, 3)) {
      const forward = await this.#dns.ask(name, 'AAAA');
      if (
        forward.kind === 'found' &&
        forward.records.some((one) => reverseName(one) === reverseName(address))
      )
        return true;
    }
    return false;
  }
}

/** RFC 3596 §2.5. */
export function reverseName(address: string): string {
  const [head = '', tail] = (address.split('%', 1)[0] ?? '').split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  if (tail !== undefined) while (groups.length + after.length < 8) groups.push('0');
  const digits = [...groups, ...after].map((group) => group.padStart(4, '0')).join('');
  return `${[...digits].reverse().join('.')}.ip6.arpa`;
}
