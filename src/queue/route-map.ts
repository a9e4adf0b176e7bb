/**
 * Domains and where their mail goes, for a moment: a thousand messages that are due together ask once. The DNS has its own memory, and an
 * attempt asks again.
 */
import { LruMap } from '../base/lru.ts';
import { type Routing, type RoutingOptions, routeTo } from './routes.ts';

const KEPT_MS = 30_000;
const MOST_DOMAINS = 20_000;

interface Known {
  readonly key: string;
  readonly untilMs: number;
}

export class RouteMap {
  readonly #options: RoutingOptions;
  readonly #known = new LruMap<string, Known>(MOST_DOMAINS);
  readonly #asking = new Map<string, Promise<string>>();

  constructor(options: RoutingOptions) {
    this.#options = options;
  }

  /** Where mail goes depends on who sends it. */
  get asksForSender(): boolean {
    return this.#options.smarthosts?.asksForSender === true;
  }

  routeTo(domain: string, senderDomain?: string): Promise<Routing> {
    return routeTo(domain, this.#options, senderDomain);
  }

  /** Of what has no route, a name of its own. Never rejects. */
  keyOf(domain: string, senderDomain = ''): string | Promise<string> {
    const pair = `${domain} ${senderDomain}`;
    const known = this.#known.get(pair);
    if (known !== undefined && known.untilMs > performance.now()) return known.key;
    let asking = this.#asking.get(pair);
    if (asking === undefined) {
      asking = this.#ask(pair, domain, senderDomain).finally(() => this.#asking.delete(pair));
      this.#asking.set(pair, asking);
    }
    return asking;
  }

  async #ask(pair: string, domain: string, senderDomain: string): Promise<string> {
    const otherwise = `no route: ${domain}`;
    const routing = await this.routeTo(domain, senderDomain).catch(() => undefined);
    const key = routing?.kind === 'route' ? routing.route.key : otherwise;
    this.#known.set(pair, { key, untilMs: performance.now() + KEPT_MS });
    return key;
  }
}
