/**
 * Connections that are open, and could take another message: for a moment, so many messages, so long. One that was opened for
 * less proof than is asked for is not used.
 */

import type { Counter } from '../feedback/observation.ts';
import { limitOf } from './client/limits.ts';
import { type Hop, type HopOptions, lookUp, openHop, Unreachable } from './hop.ts';
import type { Route, RouteHost } from './routes.ts';
import type { Smarthost } from './smarthosts.ts';
import type { OnTls } from './tls-outcome.ts';
import type { TlsDecision, TlsPolicies } from './tls-policy.ts';

export interface HopRequest {
  readonly route: Route;
  readonly host: RouteHost;
  readonly domain: string;
  readonly requiresTls: boolean;
  readonly isTlsOptional: boolean;
  /** Not one that has been used. */
  readonly isFresh: boolean;
}

interface Idle {
  readonly hop: Hop;
  readonly timer: NodeJS.Timeout;
}

const IDLE_MS = 5000;
const MOST_MS = 300_000;
const MOST_MESSAGES = 100;

export class HopPool {
  readonly #options: HopOptions;
  readonly #policies: TlsPolicies;
  readonly #counter: Pick<Counter, 'session'> | undefined;
  readonly #idle = new Map<string, Idle[]>();
  readonly #signedIn = new WeakMap<Hop, Smarthost>();
  #isClosed = false;

  constructor(options: HopOptions, policies: TlsPolicies, counter?: Pick<Counter, 'session'>) {
    this.#options = options;
    this.#policies = policies;
    this.#counter = counter;
  }

  /** Throws `Unreachable`. */
  async take({ isFresh, ...request }: HopRequest): Promise<Hop> {
    const { host, route } = request;
    const { smarthost } = route;
    const found = await lookUp(host, this.#rulesFor(smarthost));
    if (found.addresses.length === 0) {
      const { text, isForNow } = found.fault ?? { text: `${host.name} has no address`, isForNow: false };
      throw new Unreachable(isForNow ? '4.4.3' : '5.4.4', text, { isForEver: !isForNow });
    }
    const decision = await this.#policies.decide({ ...request, hasSecureAddresses: found.isSecure });
    const onTls = this.#observer(request, decision);
    if (decision.kind === 'barred') {
      const { fault, status, text, isForEver = false } = decision;
      if (fault !== undefined) onTls('', { type: fault, reason: '' });
      throw new Unreachable(status, text, { isForEver });
    }
    const { level, wouldVerify = false } = decision;
    const known = isFresh ? undefined : this.#reuse(keyOf(host, smarthost), (hop) => hop.satisfies(level));
    if (known !== undefined) return known;
    const opened = await openHop(host, found, { level, wouldVerify, onTls, smarthost }, this.#options);
    if (smarthost !== undefined) this.#signedIn.set(opened, smarthost);
    return opened;
  }

  /** Whoever names a smarthost knows where it is. */
  #rulesFor(smarthost: Smarthost | undefined): HopOptions {
    const { addresses } = this.#options;
    return smarthost === undefined
      ? this.#options
      : { ...this.#options, addresses: { ...addresses, allowsPrivate: true } };
  }

  /** Of sessions that are begun: one that is used again is none. */
  #observer({ domain, host }: Omit<HopRequest, 'isFresh'>, { applied: policy, fault }: TlsDecision): OnTls {
    const counter = this.#counter;
    if (counter === undefined || policy === undefined) return () => {};
    return (address, seen) => {
      const failure = seen ?? (fault && { type: fault, reason: '' });
      counter.session({ domain, policy, host: host.name, address, ...(failure && { failure }) });
    };
  }

  /** After a transaction, however it ended. */
  giveBack(hop: Hop): void {
    const { session, host } = hop;
    const most = Math.min(MOST_MESSAGES, limitOf(session, 'MAILMAX'));
    const isOld = performance.now() - session.openedMs > MOST_MS || session.messages >= most;
    if (this.#isClosed || isOld || !session.canBeReused) {
      session.close();
      return;
    }
    const key = keyOf(host, this.#signedIn.get(hop));
    const idle = this.#idle.get(key) ?? [];
    this.#idle.set(key, idle);
    const entry = { hop, timer: setTimeout(() => this.#drop(key, entry), IDLE_MS) };
    idle.push(entry);
  }

  close(): void {
    this.#isClosed = true;
    for (const [key, idle] of [...this.#idle]) for (const entry of [...idle]) this.#drop(key, entry);
  }

  #reuse(key: string, fits: (hop: Hop) => boolean): Hop | undefined {
    for (const entry of [...(this.#idle.get(key) ?? [])].reverse()) {
      if (!entry.hop.session.canBeReused) {
        this.#drop(key, entry);
        continue;
      }
      if (!fits(entry.hop)) continue;
      this.#forget(key, entry);
      return entry.hop;
    }
    return undefined;
  }

  #drop(key: string, entry: Idle): void {
    this.#forget(key, entry);
    entry.hop.session.close();
  }

  #forget(key: string, entry: Idle): void {
    clearTimeout(entry.timer);
    const left = (this.#idle.get(key) ?? []).filter((one) => one !== entry);
    if (left.length > 0) this.#idle.set(key, left);
    else this.#idle.delete(key);
  }
}

/** Who has signed in as somebody speaks for that one alone. */
function keyOf({ name, port }: RouteHost, smarthost: Smarthost | undefined): string {
  return `${name}:${port} ${smarthost === undefined ? '' : `smarthost ${smarthost.signIn?.user ?? ''}`}`;
}
