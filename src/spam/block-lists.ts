/**
 * What lists in the DNS say of the address that brings a message (RFC 5782): each that has it counts with its weight, those of good
 * senders against it. A list that does not answer says nothing, nor does one of which is not known whether it works; one that has 127.0.0.1 on it has everybody on it, and is
 * left out for an hour (§5). Each list is asked once for an address in a while, by the cache of the DNS.
 */
import { isPrivateAddress } from '../base/ip-address.ts';
import type { Log } from '../base/log.ts';
import type { Answer, Dns } from '../dns/answer.ts';
import { reversedLabels } from '../dns/reverse.ts';
import { type BlockList, isListed } from './block-list.ts';
import type { Opinion } from './opinion.ts';

export interface BlockListSettings {
  readonly lists: readonly BlockList[];
  /** From so many points on mail is set apart, or refused. 0: never. */
  readonly junkFrom: number;
  readonly rejectFrom: number;
}

export interface Listing {
  readonly points: number;
  readonly zones: readonly string[];
}

/** Until when it counts without being asked for again. */
interface Health {
  readonly untilMs: number;
  readonly isWhole: Promise<boolean>;
}

const NOWHERE: Listing = Object.freeze({ points: 0, zones: Object.freeze([]) });
const HEALTH_MS = 3_600_000;
/** RFC 5782 §5: never on a list that works. */
const NEVER_LISTED = '127.0.0.1';

export class BlockLists {
  readonly #settings: BlockListSettings;
  readonly #log: Log;
  readonly #nowMs: () => number;
  readonly #health = new Map<string, Health>();

  /** `nowMs` never goes back. */
  constructor(settings: BlockListSettings, log: Log, nowMs: () => number = () => performance.now()) {
    this.#settings = settings;
    this.#log = log;
    this.#nowMs = nowMs;
  }

  get isOn(): boolean {
    return this.#settings.lists.length > 0;
  }

  /** Never throws; takes as long as the DNS does. `dns` is the share of whoever sends. */
  async look(dns: Dns | undefined, address: string): Promise<Listing> {
    if (dns === undefined || !this.isOn || isPrivateAddress(address)) return NOWHERE;
    const labels = reversedLabels(address);
    const found = await Promise.all(
      this.#settings.lists.map(async (list) => {
        const answer = await dns.ask(`${labels}.${list.zone}`, 'A');
        return isListed(list, addressesIn(answer)) && (await this.#isWhole(dns, list)) ? [list] : [];
      }),
    );
    const lists = found.flat();
    return {
      points: lists.reduce((sum, { weight }) => sum + weight, 0),
      zones: [...new Set(lists.filter(({ weight }) => weight > 0).map(({ zone }) => zone))],
    };
  }

  opinionOn({ points, zones }: Listing): Opinion {
    const { junkFrom, rejectFrom } = this.#settings;
    if (zones.length === 0) return { action: 'accept' };
    const reason = `the address that sent it is on ${zones.join(' and ')}`;
    if (rejectFrom > 0 && points >= rejectFrom) return { action: 'reject', reason };
    return { action: junkFrom > 0 && points >= junkFrom ? 'junk' : 'accept', reason };
  }

  /** Asked only when it has somebody on it. Without an answer it is as it was the last time; never known, it is not believed. */
  #isWhole(dns: Dns, { zone }: BlockList): Promise<boolean> {
    const known = this.#health.get(zone);
    if (known !== undefined && known.untilMs > this.#nowMs()) return known.isWhole;
    const isWhole = dns.ask(`${reversedLabels(NEVER_LISTED)}.${zone}`, 'A').then((answer) => {
      if (answer.kind !== 'found' && answer.kind !== 'nodata' && answer.kind !== 'nxdomain') {
        // Whoever asked may have had too much asked; the next one asks anew.
        if (this.#health.get(zone)?.isWhole === isWhole) this.#restore(zone, known);
        return known?.isWhole ?? false;
      }
      const isBroken = answer.kind === 'found';
      if (isBroken) this.#log.warn({ zone }, 'a list of addresses has everybody on it and is left out');
      return !isBroken;
    });
    this.#health.set(zone, { untilMs: this.#nowMs() + HEALTH_MS, isWhole });
    return isWhole;
  }

  #restore(zone: string, known: Health | undefined): void {
    if (known === undefined) this.#health.delete(zone);
    else this.#health.set(zone, known);
  }
}

function addressesIn(answer: Answer<'A'>): readonly string[] {
  return answer.kind === 'found' ? answer.records : [];
}
