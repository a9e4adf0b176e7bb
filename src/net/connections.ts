/**
 * Who is connected, and how many there may be: one object for all listeners of a server, since an attacker who opens ten
 * ports is still one attacker.
 *
 * - In all there are `total` places. Each service has some of them to itself, whatever the others do: however many phones
 *   are connected, or strangers who hold IMAP connections open, mail still comes in.
 * - Of a service where people sign in, half of the places that it can have are for those who have. When the others are
 *   taken, a newcomer gets the place of the connection that has been trying to sign in for longest: strangers who fill
 *   the server push each other out.
 * - One address has so many. Loopback is exempt, since a proxy, a webmail or a test connects from there for many people.
 *   An IPv6 peer is counted by its /64, the smallest block a customer gets; counting single addresses would count nothing.
 */
import { randomBytes } from 'node:crypto';
import { addressBlock, isLoopback } from '../base/ip-address.ts';

export type Refusal = 'server-full' | 'address-full';

/** How many connections another process has: of each service, and of each address that has changed. */
export interface Tally {
  readonly services: Readonly<Record<string, number>>;
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

/** A connection as administrators see it. */
export interface ConnectionFacts {
  readonly id: string;
  /** `imap`, `pop3`, `lmtp`. */
  readonly service: string;
  /** The port it came in by: `imaps`. */
  readonly listener: string;
  readonly remote: string;
  readonly sinceMs: number;
  readonly idleMs: number;
  /** `TLSv1.3`, absent in the clear. */
  readonly tls?: string;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Who is signed in, and how. */
  readonly account?: string;
  readonly mechanism?: string;
  /** What the client says it is. */
  readonly client?: string;
}

/** The part of a stream that is asked about its connection. */
export interface Peer {
  readonly remoteAddress: string;
  readonly tlsVersion: string | undefined;
  readonly idleMs: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  destroy(reason?: Error): void;
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
    return { services, blocks: Object.fromEntries(counts), isWhole };
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
    this.#elsewhere.set(name, { services: tally.services, blocks });
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
    const block = isLoopback(peer.remoteAddress) ? undefined : addressBlock(peer.remoteAddress);
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
    this.#counted(block);
    if (this.#placesOf(service).hasSignIn) {
      const strangers = this.#strangers.get(service) ?? new Set();
      this.#strangers.set(service, strangers.add(guest));
    }
    return guest;
  }

  /** One that another process has counted in and handed over. It is seen here, and counted there. */
  receive(arrival: Arrival, peer: Peer): Guest {
    const guest: Guest = new Guest(
      { ...arrival, peer },
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

  #displaceStranger(service: string): void {
    const strangers = this.#strangers.get(service);
    if (strangers === undefined || strangers.size < Math.ceil(this.#mostOf(service) / 2)) return;
    const [oldest] = strangers;
    if (oldest === undefined) return;
    strangers.delete(oldest);
    this.#refuse(service, 'displaced');
    oldest.displace();
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
  readonly services: Readonly<Record<string, number>>;
  readonly blocks: Map<string, number>;
}

/** Of a connection that comes from another process. */
export interface Arrival {
  readonly id: string;
  readonly service: string;
  readonly listener: string;
  readonly sinceMs: number;
  readonly client?: string;
}

interface Beginning extends Omit<Arrival, 'client'> {
  readonly peer: Peer;
}

interface Steps {
  readonly signedIn: () => void;
  readonly left: () => void;
}

/** A connection that was counted in: which it is, whose it has become, and why it ended. */
export class Guest {
  readonly id: string;
  readonly service: string;
  readonly listener: string;
  readonly sinceMs: number;
  /** What the client says it is (RFC 2971); a session that knows sets it. */
  client: string | undefined;
  readonly #peer: Peer;
  readonly #steps: Steps;
  #account: string | undefined;
  #mechanism: string | undefined;
  #end: string | undefined;
  #isElsewhere = false;

  constructor({ id, service, listener, sinceMs, peer }: Beginning, steps: Steps) {
    this.id = id;
    this.service = service;
    this.listener = listener;
    this.sinceMs = sinceMs;
    this.#peer = peer;
    this.#steps = steps;
  }

  get remote(): string {
    return this.#peer.remoteAddress;
  }

  /** `TLSv1.3`, undefined in the clear. */
  get tls(): string | undefined {
    return this.#peer.tlsVersion;
  }

  get account(): string | undefined {
    return this.#account;
  }

  /** Why it ended, when somebody has said so. */
  get end(): string | undefined {
    return this.#end;
  }

  /** Another process serves it, and this one passes octets. */
  get isElsewhere(): boolean {
    return this.#isElsewhere;
  }

  /** For the process that it goes to. */
  arrival(): Arrival {
    const { id, service, listener, sinceMs, client } = this;
    return { id, service, listener, sinceMs, ...(client === undefined ? {} : { client }) };
  }

  handedOver(): void {
    this.#isElsewhere = true;
  }

  signedIn(account: string, mechanism: string): void {
    const isFirst = this.#account === undefined;
    this.#account = account;
    this.#mechanism = mechanism;
    if (isFirst) this.#steps.signedIn();
  }

  /** The first reason is the one that counts. */
  endsBecause(reason: string): void {
    this.#end ??= reason;
  }

  displace(): void {
    this.endsBecause('displaced by a newcomer before it signed in');
    this.#peer.destroy();
    this.leave();
  }

  leave(): void {
    this.#steps.left();
  }

  facts(nowMs: number): ConnectionFacts {
    const { id, service, listener, remote, sinceMs, tls, account, client } = this;
    const { idleMs, bytesRead: bytesIn, bytesWritten: bytesOut } = this.#peer;
    const mechanism = this.#mechanism;
    return {
      ...{ id, service, listener, remote, sinceMs, bytesIn, bytesOut },
      idleMs: Math.round(Math.min(idleMs, nowMs - sinceMs)),
      ...(tls === undefined ? {} : { tls }),
      ...(account === undefined ? {} : { account }),
      ...(mechanism === undefined ? {} : { mechanism }),
      ...(client === undefined ? {} : { client }),
    };
  }
}

function add(counts: Map<string, number>, key: string, delta: number): void {
  const count = (counts.get(key) ?? 0) + delta;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
