/**
 * Which families of addresses mail leaves by. Large receivers refuse IPv6 from an address without a name of its own, and a server rarely
 * knows that its provider gave it none: so it is used only while its reverse name is seen to fit (`auto`).
 */
import { networkInterfaces } from 'node:os';
import { isPrivateAddress } from '../base/ip-address.ts';
import type { Answer, Dns, RecordType } from '../dns/answer.ts';

export const IP_WISHES = ['auto', 'ipv4', 'ipv6', 'both'] as const;
export type IpWish = (typeof IP_WISHES)[number];

const LOOK_MS = 3600_000;

export class Families {
  readonly #dns: Dns;
  readonly #wish: IpWish;
  readonly #ownAddresses: () => readonly string[];
  /** As of the last look; whoever has it sees the next one. */
  readonly uses: { ipv4: boolean; ipv6: boolean };
  #timer: NodeJS.Timeout | undefined;

  /** `ownAddresses`: of IPv6, by which this machine is seen from outside. */
  constructor(dns: Dns, wish: IpWish, ownAddresses = publicAddresses) {
    this.#dns = dns;
    this.#wish = wish;
    this.#ownAddresses = ownAddresses;
    this.uses = { ipv4: wish !== 'ipv6', ipv6: wish === 'ipv6' || wish === 'both' };
  }

  start(): void {
    if (this.#wish !== 'auto') return;
    const look = (): void => {
      void this.look().catch(() => {});
    };
    look();
    this.#timer = setInterval(look, LOOK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** What the DNS cannot say stays as it was found last. */
  async look(): Promise<void> {
    const fits = await Promise.all(this.#ownAddresses().map((address) => this.#hasName(address)));
    if (fits.length === 0 || fits.includes(false)) this.uses.ipv6 = false;
    else if (!fits.includes(undefined)) this.uses.ipv6 = true;
  }

  /** A name that leads back to it; undefined: the DNS did not answer. */
  async #hasName(address: string): Promise<boolean | undefined> {
    const reverse = await this.#dns.ask(reverseName(address), 'PTR');
    if (reverse.kind !== 'found') return isAnswered(reverse) ? false : undefined;
    let isKnown = true;
    for (const name of reverse.records.slice(0, 3)) {
      const forward = await this.#dns.ask(name, 'AAAA');
      if (
        forward.kind === 'found' &&
        forward.records.some((one) => reverseName(one) === reverseName(address))
      )
        return true;
      isKnown &&= isAnswered(forward);
    }
    return isKnown ? false : undefined;
  }
}

const isAnswered = ({ kind }: Answer<RecordType>): boolean => kind !== 'servfail' && kind !== 'timeout';

function publicAddresses(): readonly string[] {
  const own = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  return own
    .filter(({ family, internal, address }) => family === 'IPv6' && !internal && !isPrivateAddress(address))
    .map(({ address }) => address);
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
