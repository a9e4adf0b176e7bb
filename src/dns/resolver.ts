/**
 * Asks the servers of the system and passes on what they say. It is no resolver from the root: the servers it asks are,
 * and validate for it. Questions that are asked at once are asked once; answers are kept (`cache.ts`).
 *
 * One deadline holds for a question with all its tries and aliases. A server that says nothing or nothing useful is left
 * for the next one, round after round, each with twice the patience; the one that answered last is asked first.
 */
import type { Clock } from '../base/clock.ts';
import { GateFull, Semaphore } from '../base/gate.ts';
import type { Answer, Dns, RecordType, Unanswered } from './answer.ts';
import { DnsCache } from './cache.ts';
import { type Exchanged, exchange, type ServerAddress } from './exchange.ts';
import { judge, type Question, type Verdict } from './message.ts';
import { canonicalName, nameFault } from './name.ts';

export interface ResolverOptions {
  readonly servers: readonly ServerAddress[];
  /** For one question, with everything it takes. */
  readonly timeoutMs?: number;
  /** How long the first try waits. */
  readonly tryMs?: number;
  /** Of the cache: milliseconds that never go back. */
  readonly clock?: Clock;
}

const TIMEOUT_MS = 10_000;
const TRY_MS = 2000;
const ROUNDS = 3;
const MAX_LINKS = 10;
/** Each holds a socket. */
const MAX_AT_ONCE = 100;
const MAX_WAITING = 10_000;
const MONOTONIC: Clock = { nowMs: () => performance.now() };
/** From a server that does not know EDNS(0) (RFC 6891 §7): FORMERR, NOTIMP. */
const WITHOUT_EDNS = [1, 4];

type Judged = Exclude<Verdict, { readonly kind: 'error' }> & { readonly sizeBytes: number };

export class Resolver implements Dns {
  readonly #servers: readonly ServerAddress[];
  readonly #timeoutMs: number;
  readonly #tryMs: number;
  readonly #cache: DnsCache;
  readonly #asking = new Map<string, Promise<Answer<RecordType>>>();
  readonly #gate = new Semaphore(MAX_AT_ONCE, MAX_WAITING);
  #first = 0;

  constructor({ servers, timeoutMs = TIMEOUT_MS, tryMs = TRY_MS, clock = MONOTONIC }: ResolverOptions) {
    this.#servers = servers;
    this.#timeoutMs = timeoutMs;
    this.#tryMs = tryMs;
    this.#cache = new DnsCache(clock);
  }

  async ask<T extends RecordType>(name: string, type: T): Promise<Answer<T>> {
    const question = { name: canonicalName(name), type };
    const fault = nameFault(question.name);
    if (fault !== undefined) return { kind: 'unusable', detail: fault };
    const key = `${type} ${question.name}`;
    const known = this.#cache.find(key) ?? (await this.#askOnce(key, question));
    // What is kept under the name of a type was read as that type.
    return known as Answer<T>;
  }

  #askOnce(key: string, question: Question): Promise<Answer<RecordType>> {
    const running = this.#asking.get(key);
    if (running !== undefined) return running;
    const untilMs = performance.now() + this.#timeoutMs;
    const asking = this.#gate
      .run(() => this.#follow(key, question, untilMs))
      .catch((error: unknown): Unanswered => {
        if (error instanceof GateFull) return { kind: 'busy', detail: 'too many questions at once' };
        throw error;
      })
      .finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }

  /** Servers follow aliases themselves; what they leave at one is asked for here. */
  async #follow(key: string, { name, type }: Question, untilMs: number): Promise<Answer<RecordType>> {
    let wanted = name;
    let isSecure = true;
    let ttlSeconds = Number.POSITIVE_INFINITY;
    for (let links = 0; links <= MAX_LINKS; ) {
      const said = await this.#askServers({ name: wanted, type }, untilMs);
      if (said.kind === 'circle') break;
      if (said.kind !== 'alias' && said.kind !== 'answer') return said;
      ttlSeconds = Math.min(ttlSeconds, said.ttlSeconds);
      if (said.kind === 'answer') {
        const answer = { ...said.answer, isSecure: isSecure && said.answer.isSecure };
        this.#cache.keep(key, answer, { ttlSeconds, sizeBytes: said.sizeBytes });
        return answer;
      }
      isSecure &&= said.isSecure;
      wanted = said.target;
      links += said.links;
    }
    return {
      kind: 'unusable',
      detail: `the aliases of ${name} lead in a circle, or are more than ${MAX_LINKS}`,
    };
  }

  async #askServers(question: Question, untilMs: number): Promise<Judged | Unanswered> {
    const failures = new Set<string>();
    const first = this.#first;
    let hasRefusal = false;
    for (let round = 0; round < ROUNDS; round++) {
      const tryMs = this.#tryMs * 2 ** round;
      for (let i = 0; i < this.#servers.length; i++) {
        if (performance.now() >= untilMs) break;
        const at = (first + i) % this.#servers.length;
        const server = this.#servers[at] as ServerAddress;
        const said = await ask(server, question, Math.min(untilMs, performance.now() + tryMs));
        if (said.kind === 'answer' || said.kind === 'alias' || said.kind === 'circle') {
          this.#first = at;
          return said;
        }
        hasRefusal ||= said.kind === 'error';
        failures.add(`${server.host}: ${said.kind === 'error' ? said.name : said.why}`);
      }
      // They have answered; asking them again at once would get the same.
      if (hasRefusal) break;
    }
    return { kind: hasRefusal ? 'servfail' : 'timeout', detail: [...failures].join('; ') || 'no time left' };
  }
}

type Said =
  | Judged
  | { readonly kind: 'error'; readonly name: string }
  | { readonly kind: 'silent'; readonly why: string };

async function ask(server: ServerAddress, question: Question, untilMs: number): Promise<Said> {
  const said = judged(await exchange(server, question, { untilMs }), question);
  if (said.kind !== 'error' || !WITHOUT_EDNS.includes(said.rcode)) return said;
  return judged(await exchange(server, question, { untilMs, hasEdns: false }), question);
}

function judged(exchanged: Exchanged, question: Question) {
  if (exchanged.kind === 'timeout') return { kind: 'silent', why: 'no answer in time' } as const;
  if (exchanged.kind === 'unreachable') return { kind: 'silent', why: exchanged.why } as const;
  return { ...judge(exchanged.packet, question), sizeBytes: exchanged.sizeBytes };
}
