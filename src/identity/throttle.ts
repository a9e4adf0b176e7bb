/**
 * How guessing is slowed down without locking anybody out who has done nothing wrong.
 *
 * Failures are counted in leaky buckets: for an account from one network, for a network, for the larger network around
 * it, and for an account from everywhere. The first three refuse when they are full, and one more attempt fits whenever
 * a drop has leaked out; the last only makes strangers wait, because an attacker with many addresses must not be able to
 * keep the owner out. A network from which an account has signed in is known to it: what others in that network do
 * with other accounts does not concern it there. Loopback is where a webmail or a proxy signs people in, so its limits
 * are wider. Codes of six digits are the exception: of an account whose password somebody has, wrong ones are counted from
 * everywhere and refused.
 *
 * An attempt is charged when it begins and the charge is taken back when it succeeds: a hundred guesses at the same
 * moment count like a hundred after each other.
 */
import { isIPv6 } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { addressBlock, isLoopback } from '../base/ip-address.ts';
import { LruMap } from '../base/lru.ts';

interface Bucket {
  level: number;
  atMs: number;
}

interface Limit {
  readonly size: number;
  /** One failure is forgiven per this time. */
  readonly leakMs: number;
}

const LIMITS = {
  pair: { size: 10, leakMs: 60_000 },
  knownPair: { size: 20, leakMs: 60_000 },
  /** All of a network that one account is at home in: the /48 of a mobile operator has 65,536 customers. */
  knownWide: { size: 90, leakMs: 10_000 },
  block: { size: 30, leakMs: 30_000 },
  wide: { size: 90, leakMs: 10_000 },
  loopbackPair: { size: 30, leakMs: 20_000 },
  loopback: { size: 1000, leakMs: 1000 },
  account: { size: 20, leakMs: 60_000 },
  /** Of one account from everywhere: a million codes of which three are good, and whoever guesses has the password. */
  code: { size: 20, leakMs: 300_000 },
} as const satisfies Record<string, Limit>;

const CODES = 'codes of ';

/** Under which name wrong codes of six digits count, apart from wrong passwords. */
export function codesOf(address: string): string {
  return CODES + address;
}

/** Keys that nobody can guess either. */
export function passkeysOf(address: string): string {
  return `passkeys of ${address}`;
}

/** And codes that nobody can guess. */
export function writtenCodesOf(address: string): string {
  return `written codes of ${address}`;
}

const MAX_REPLY_DELAY_MS = 15_000;
const MAX_STRANGER_WAIT_MS = 10_000;
const STRANGER_STEP_MS = 250;
const KNOWN_FOR_MS = 30 * 86_400_000;
/** About ten megabytes when all are full. */
const MAX_ENTRIES = 20_000;

export interface Attempt {
  /** To wait before the password is looked at. */
  readonly waitMs: number;
  /** To wait before the answer, should it be no. */
  readonly replyDelayMs: number;
  /** The password was right: the charge is taken back and the network is known from now on. */
  succeeded(): void;
  /** The password was right a moment ago: as `succeeded`, but failures before it stay, or an owner who signs in for every
   * request would forgive whoever guesses beside him. */
  recognised(): void;
  /** The password was wrong: the charge stays, and the other doors charge it as well. */
  failed(): void;
  /** It could not be judged, or was judged before. */
  cancelled(): void;
}

/** What happened at another door: a wrong password, or a right one, by which somebody is known in a network. */
export interface ThrottleNews {
  readonly what: 'failed' | 'succeeded';
  readonly address: string;
  readonly remote: string;
}

export class Throttle {
  readonly #clock: Clock;
  readonly #failDelayMs: number;
  readonly #buckets = new LruMap<string, Bucket>(4 * MAX_ENTRIES);
  readonly #known = new LruMap<string, number>(MAX_ENTRIES);
  /** For the other doors. */
  onNews: (news: ThrottleNews) => void = () => {};

  constructor(clock: Clock, failDelayMs: number) {
    this.#clock = clock;
    this.#failDelayMs = failDelayMs;
  }

  /** Whether an attempt would be refused now. Charges nothing and remembers nothing. */
  isShut(address: string, remoteAddress: string): boolean {
    const charges = chargesOf(address, remoteAddress, this.isKnown(address, remoteAddress));
    return charges.some(({ key, limit }) => this.#level(key, limit) + 1 > limit.size);
  }

  /** When the next attempt would be let in; 0: now, as far as nobody else is tried meanwhile. */
  shutForMs(address: string, remoteAddress: string): number {
    const charges = chargesOf(address, remoteAddress, this.isKnown(address, remoteAddress));
    const waits = charges.map(({ key, limit }) => (this.#level(key, limit) + 1 - limit.size) * limit.leakMs);
    return Math.max(0, ...waits);
  }

  /** Charges an attempt; undefined when it is refused. */
  begin(address: string, remoteAddress: string): Attempt | undefined {
    if (this.isShut(address, remoteAddress)) return undefined;
    const isKnown = this.isKnown(address, remoteAddress);
    const charges = chargesOf(address, remoteAddress, isKnown);
    const buckets = charges.map(({ key, limit }) => ({ bucket: this.#bucket(key, limit), limit }));
    const account = this.#bucket(`account ${address}`, LIMITS.account);
    const waitMs = isKnown ? 0 : Math.min(excess(account) * STRANGER_STEP_MS, MAX_STRANGER_WAIT_MS);
    if (!isKnown) buckets.push({ bucket: account, limit: LIMITS.account });
    for (const { bucket, limit } of buckets) bucket.level = Math.min(bucket.level + 1, 4 * limit.size);
    let isRefunded = false;
    const refund = (): void => {
      if (isRefunded) return;
      isRefunded = true;
      for (const { bucket } of buckets) bucket.level = Math.max(0, bucket.level - 1);
    };
    const pair = (buckets[0] as { bucket: Bucket }).bucket;
    return {
      waitMs,
      replyDelayMs: this.#replyDelay(pair.level),
      succeeded: () => {
        refund();
        pair.level = 0;
        this.remember(address, remoteAddress);
        this.onNews({ what: 'succeeded', address, remote: remoteAddress });
      },
      recognised: () => {
        refund();
        this.remember(address, remoteAddress);
      },
      failed: () => {
        if (!isRefunded) this.onNews({ what: 'failed', address, remote: remoteAddress });
      },
      cancelled: refund,
    };
  }

  /** Of another door: it counts as if it had happened here. */
  hear({ what, address, remote }: ThrottleNews): void {
    if (what === 'succeeded') this.remember(address, remote);
    const isKnown = this.isKnown(address, remote);
    const charges = chargesOf(address, remote, isKnown);
    if (what === 'succeeded') {
      const [pair] = charges;
      if (pair !== undefined) this.#bucket(pair.key, pair.limit).level = 0;
      return;
    }
    if (!isKnown) charges.push({ key: `account ${address}`, limit: LIMITS.account });
    for (const { key, limit } of charges) {
      const bucket = this.#bucket(key, limit);
      bucket.level = Math.min(bucket.level + 1, 4 * limit.size);
    }
  }

  /** How long the answer waits to an attempt that is not charged: one that is refused, or was wrong before. */
  replyDelayMs(address: string, remoteAddress: string): number {
    const [pair] = chargesOf(address, remoteAddress, true);
    return this.#replyDelay(pair === undefined ? 1 : this.#level(pair.key, pair.limit));
  }

  isKnown(address: string, remoteAddress: string): boolean {
    const seenMs = this.#known.get(`${address} ${networkOf(remoteAddress)}`);
    return seenMs !== undefined && this.#clock.nowMs() - seenMs < KNOWN_FOR_MS;
  }

  remember(address: string, remoteAddress: string): void {
    this.#known.set(`${address} ${networkOf(remoteAddress)}`, this.#clock.nowMs());
  }

  #replyDelay(level: number): number {
    const doublings = Math.min(Math.max(Math.ceil(level) - 1, 0), 20);
    return Math.min(this.#failDelayMs * 2 ** doublings, Math.max(MAX_REPLY_DELAY_MS, this.#failDelayMs));
  }

  /** As of now. Makes no bucket: strangers who are refused must not push others out of the memory. */
  #level(key: string, limit: Limit): number {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return 0;
    return Math.max(0, bucket.level - Math.max(0, this.#clock.nowMs() - bucket.atMs) / limit.leakMs);
  }

  /** With its level as of now. */
  #bucket(key: string, limit: Limit): Bucket {
    const bucket = this.#buckets.get(key) ?? { level: 0, atMs: 0 };
    bucket.level = this.#level(key, limit);
    bucket.atMs = this.#clock.nowMs();
    this.#buckets.set(key, bucket);
    return bucket;
  }
}

interface Charge {
  readonly key: string;
  readonly limit: Limit;
}

/** The account's own from there first. */
function chargesOf(address: string, remoteAddress: string, isKnown: boolean): Charge[] {
  const charges = networkChargesOf(address, remoteAddress, isKnown);
  return address.startsWith(CODES) ? [...charges, { key: `all ${address}`, limit: LIMITS.code }] : charges;
}

function networkChargesOf(address: string, remoteAddress: string, isKnown: boolean): Charge[] {
  if (isLoopback(remoteAddress)) {
    const pair = { key: `pair ${address} loopback`, limit: LIMITS.loopbackPair };
    return isKnown ? [pair] : [pair, { key: 'block loopback', limit: LIMITS.loopback }];
  }
  const block = addressBlock(remoteAddress);
  const pairLimit = isKnown ? LIMITS.knownPair : LIMITS.pair;
  const pair = { key: `pair ${address} ${block}`, limit: pairLimit };
  const wide = networkOf(remoteAddress);
  if (isKnown) return [pair, { key: `known ${address} ${wide}`, limit: LIMITS.knownWide }];
  return [pair, { key: `block ${block}`, limit: LIMITS.block }, { key: `wide ${wide}`, limit: LIMITS.wide }];
}

function excess(account: Bucket): number {
  return Math.max(0, account.level - LIMITS.account.size);
}

/** The /24 of an IPv4 address, the /48 of an IPv6 one: what one customer may have, or one office. */
export function networkOf(address: string): string {
  if (isLoopback(address)) return 'loopback';
  const block = addressBlock(address);
  if (isIPv6(address)) return `${block.split(':', 3).join(':')}::/48`;
  return `${block.slice(0, block.lastIndexOf('.'))}.0/24`;
}
