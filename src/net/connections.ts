/**
 * Who is connected, and how many there may be: one object for all listeners of a server, since an attacker who opens ten
 * ports is still one attacker.
 *
 * - In all there are `total` places. Each service has some of them to itself, whatever the others do: however many phones
 *   are connected, or strangers who hold IMAP connections open, mail still comes in.
 * - Of a service where people sign in, half of the places that it can have are for those who have. When the others are
 *   taken, a newcomer gets the place of the connection that has been trying to sign in for longest: strangers who fill
 *   the server push each other out.
 * - One address has so many. Loopback is exempt, since a proxy, a webmail or a test connects from there for many people, and so is a
 *   proxy of HTTP that is named in the configuration.
 *   An IPv6 peer is counted by its /64, the smallest block a customer gets; counting single addresses would count nothing.
 */
import { randomBytes } from 'node:crypto';
import { addressBlock, isLoopback } from '../base/ip-address.ts';
import { type Arrival, type ConnectionFacts, Guest, type Peer } from './guest.ts';

export type Refusal = 'server-full' | 'address-full';

/** How many connections another process has: of each service, and of each address that has changed. */
export interface Tally {
  readonly services: Readonly<Record<string, number>>;
  /** Of these, where people sign in, those who have not. */
  readonly strangers: Readonly<Record<string, number>>;
  readonly blocks: Readonly<Record<string, number>>;
  /** Blocks that are not named have none. */
  readonly isWhole: boolean;
}

export interface ServicePlaces {
  /** Places that no other service takes. */
  readonly reserved: number;
  /** People sign in to it. */
  readonly hasSignIn: boolean;
}

export interface ConnectionsOptions {
  readonly total: number;
  readonly perAddress: number;
  /** By name; a service that is not here has no places to itself and no sign-in. */
  readonly services?: Readonly<Record<string, ServicePlaces>>;
  readonly nowMs?: () => number;
}

const NO_PLACES: ServicePlaces = Object.freeze({ reserved: 0, hasSignIn: false });

/** Since the start: newcomers that were refused, and connections that lost their place to one. */
export interface RefusedCount {
  readonly service: string;
  readonly reason: Refusal | 'displaced';
  count: number;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #all = new Set<Guest>();
  readonly #perAddress = new Map<string, number>();
  readonly #perService = new Map<string, number>();
  /** Not signed in, where people sign in; the oldest first. */
  readonly #strangers = new Map<string, Set<Guest>>();
  /** No two starts of the server have the same ids, or the log would mix them up. */
  readonly #start = randomBytes(3).toString('hex');
  readonly #signedIn = new Map<string, number>();
  readonly #refused = new Map<string, RefusedCount>();
  #nextId = 1;
  /** Of other processes, by their names. */
  readonly #elsewhere = new Map<string, Elsewhere>();
  /** Addresses whose count is not told yet. */
  readonly #untold = new Set<string>();
  /** Somebody came or went: `takeTally` says who. */
  onCounted: () => void = () => {};
  /** A stranger at the process of this name is to make room for somebody here. */
  onWantsPlace: (name: string, service: string) => void = () => {};

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  get total(): number {
    return this.#all.size;
  }

  /** Of each service: how many there are, and how many of them are signed in. */
  counts(): { readonly service: string; readonly open: number; readonly signedIn: number }[] {
    const names = new Set([...Object.keys(this.#options.services ?? {}), ...this.#perService.keys()]);
    return [...names].map((service) => ({
      service,
      open: this.count(service),
      signedIn: this.#signedIn.get(service) ?? 0,
    }));
  }

  refusals(): Iterable<Readonly<RefusedCount>> {
    return this.#refused.values();
  }

  count(service: string): number {
    return this.#perService.get(service) ?? 0;
  }

  /** What changed since the last call, for other processes. `isWhole`: all there is. */
  takeTally(isWhole = false): Tally {
    const services = Object.fromEntries(this.#perService);
    const blocks = isWhole ? [...this.#perAddress.keys()] : [...this.#untold];
    this.#untold.clear();
    const counts = blocks.map((block) => [block, this.#perAddress.get(block) ?? 0] as const);
    const strangers = Object.fromEntries([...this.#strangers].map(([service, all]) => [service, all.size]));
    return { services, strangers, blocks: Object.fromEntries(counts), isWhole };
  }

  /** What another process has; undefined: it is gone. */
  hear(name: string, tally: Tally | undefined): void {
    if (tally === undefined) {
      this.#elsewhere.delete(name);
      return;
    }
    const before = tally.isWhole ? undefined : this.#elsewhere.get(name)?.blocks;
    const blocks = before ?? new Map<string, number>();
    for (const [block, count] of Object.entries(tally.blocks)) {
      if (count > 0) blocks.set(block, count);
      else blocks.delete(block);
    }
    const { services, strangers } = tally;
    this.#elsewhere.set(name, { services: { ...services }, strangers: { ...strangers }, blocks });
  }

  #counted(block: string | undefined): void {
    if (block !== undefined) this.#untold.add(block);
    this.onCounted();
  }

  #countOf(block: string): number {
    let count = this.#perAddress.get(block) ?? 0;
    for (const { blocks } of this.#elsewhere.values()) count += blocks.get(block) ?? 0;
    return count;
  }

  #countEverywhere(service: string): number {
    let count = this.count(service);
    for (const { services } of this.#elsewhere.values()) count += services[service] ?? 0;
    return count;
  }

  /** All there are, in the order they came; not those that are served elsewhere, where they are listed too. */
  list(): ConnectionFacts[] {
    const here = [...this.#all].filter(({ isElsewhere }) => !isElsewhere);
    return here.map((guest) => guest.facts(this.#nowMs()));
  }

  /** Counts the newcomer in, or says why not. Who was counted in must `leave`. */
  enter(service: string, listener: string, peer: Peer): Guest | Refusal {
    const isOfMany = isLoopback(peer.remoteAddress) || peer.isOfMany === true;
    const block = isOfMany ? undefined : addressBlock(peer.remoteAddress);
    if (block !== undefined && this.#countOf(block) >= this.#options.perAddress) {
      return this.#refuse(service, 'address-full');
    }
    this.#displaceStranger(service);
    if (this.#countEverywhere(service) >= this.#mostOf(service)) return this.#refuse(service, 'server-full');
    const id = `${this.#start}-${(this.#nextId++).toString(36)}`;
    const guest: Guest = new Guest(
      { id, service, listener, sinceMs: this.#nowMs(), peer },
      {
        signedIn: () => this.#enteredAccount(guest),
        left: () => this.#leave(guest, block),
      },
    );
    this.#all.add(guest);
    add(this.#perService, service, 1);
    if (block !== undefined) add(this.#perAddress, block, 1);
    if (this.#placesOf(service).hasSignIn) {
      const strangers = this.#strangers.get(service) ?? new Set();
      this.#strangers.set(service, strangers.add(guest));
    }
    this.#counted(block);
    return guest;
  }

  /** One that another process has counted in and handed over. It is seen here, and counted there. */
  receive(arrival: Arrival, peer: Peer): Guest {
    const guest: Guest = new Guest(
      { ...arrival, peer, bytesBefore: { bytesIn: arrival.bytesIn, bytesOut: arrival.bytesOut } },
      { signedIn: () => {}, left: () => this.#all.delete(guest) },
    );
    guest.client = arrival.client;
    this.#all.add(guest);
    return guest;
  }

  /** How many the service can have now without taking what others have or is theirs. */
  #mostOf(service: string): number {
    let others = 0;
    const { services = {} } = this.#options;
    for (const name of new Set([...this.#perService.keys(), ...Object.keys(services)])) {
      if (name !== service) others += Math.max(this.#countEverywhere(name), this.#placesOf(name).reserved);
    }
    return this.#options.total - others;
  }

  /** The administrator's wish. False: nobody of this id is served here. */
  disconnect(id: string): boolean {
    for (const guest of this.#all) {
      if (guest.id !== id || guest.isElsewhere) continue;
      guest.sendAway();
      return true;
    }
    return false;
  }

  #displaceStranger(service: string): void {
    if (!this.#placesOf(service).hasSignIn) return;
    let count = this.#strangers.get(service)?.size ?? 0;
    for (const { strangers } of this.#elsewhere.values()) count += strangers[service] ?? 0;
    if (count < Math.ceil(this.#mostOf(service) / 2)) return;
    if (!this.displaceOldest(service)) this.#displaceElsewhere(service);
  }

  /** The stranger who has been here for longest; false when there is none. */
  displaceOldest(service: string): boolean {
    const strangers = this.#strangers.get(service);
    const [oldest] = strangers ?? [];
    if (oldest === undefined) return false;
    strangers?.delete(oldest);
    this.#refuse(service, 'displaced');
    oldest.displace();
    return true;
  }

  /** Where there are most of them. That it is done is taken for granted: the newcomer does not wait. */
  #displaceElsewhere(service: string): void {
    const most = [...this.#elsewhere].reduce<readonly [string, Elsewhere] | undefined>(
      (best, one) => ((one[1].strangers[service] ?? 0) > (best?.[1].strangers[service] ?? 0) ? one : best),
      undefined,
    );
    if (most === undefined) return;
    const [name, tally] = most;
    tally.strangers[service] = (tally.strangers[service] ?? 0) - 1;
    tally.services[service] = (tally.services[service] ?? 0) - 1;
    this.onWantsPlace(name, service);
  }

  #refuse<Reason extends RefusedCount['reason']>(service: string, reason: Reason): Reason {
    const key = `${service} ${reason}`;
    const refused = this.#refused.get(key) ?? { service, reason, count: 0 };
    refused.count++;
    this.#refused.set(key, refused);
    return reason;
  }

  #enteredAccount(guest: Guest): void {
    this.#strangers.get(guest.service)?.delete(guest);
    add(this.#signedIn, guest.service, 1);
    this.#counted(undefined);
  }

  #leave(guest: Guest, block: string | undefined): void {
    if (!this.#all.delete(guest)) return;
    if (guest.account !== undefined) add(this.#signedIn, guest.service, -1);
    this.#strangers.get(guest.service)?.delete(guest);
    add(this.#perService, guest.service, -1);
    if (block !== undefined) add(this.#perAddress, block, -1);
    this.#counted(block);
  }

  #placesOf(service: string): ServicePlaces {
    return this.#options.services?.[service] ?? NO_PLACES;
  }

  #nowMs(): number {
    return (this.#options.nowMs ?? Date.now)();
  }
}

interface Elsewhere {
  readonly services: Record<string, number>;
  readonly strangers: Record<string, number>;
  readonly blocks: Map<string, number>;
}

function add(counts: Map<string, number>, key: string, delta: number): void {
  const count = (counts.get(key) ?? 0) + delta;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
