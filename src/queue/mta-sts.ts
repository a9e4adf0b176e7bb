/**
 * MTA-STS (RFC 8461): a domain without DNSSEC says over HTTPS which hosts take its mail and that they are to be verified. What is said is
 * kept for as long as it says; while the DNS names the version that is kept, it is not fetched again, and when neither answers,
 * what is kept holds (§5.1).
 */
import { get } from 'node:https';
import { LruMap } from '../base/lru.ts';
import type { Dns } from '../dns/answer.ts';

export interface StsPolicy {
  readonly id: string;
  readonly mode: 'enforce' | 'testing' | 'none';
  /** `mx.example.org` or `*.example.org`, in lower case. */
  readonly hosts: readonly string[];
  readonly untilMs: number;
}

/** Where policies outlive the process. */
export interface StsMemory {
  load(): readonly (readonly [domain: string, policy: StsPolicy])[];
  save(policies: readonly (readonly [domain: string, policy: StsPolicy])[]): void;
}

/** Why a domain that says that it has a policy is without one (RFC 8460 §4.3). */
export type StsFault = 'sts-policy-fetch-error' | 'sts-policy-invalid';

export type FetchPolicy = (domain: string) => Promise<string>;

const MAX_POLICY_BYTES = 64 * 1024;
const MAX_DOMAINS = 10_000;
const FETCH_MS = 60_000;
const MAX_AGE_SECONDS = 31_557_600;
/** A domain whose policy cannot be fetched is not asked for it with every message (§3.3). */
const AFTER_FAILURE_MS = 300_000;
const RECORD = /^v=STSv1\s*;(?:.*;)?\s*id\s*=\s*([A-Za-z0-9]{1,32})\s*(?:;|$)/;

export class MtaSts {
  readonly #dns: Dns;
  readonly #fetch: FetchPolicy;
  readonly #nowMs: () => number;
  readonly #memory: StsMemory | undefined;
  /** The oldest first. */
  readonly #policies = new Map<string, StsPolicy>();
  readonly #failed = new LruMap<string, { readonly untilMs: number; readonly fault: StsFault }>(MAX_DOMAINS);
  readonly #asking = new Map<string, Promise<StsPolicy | undefined>>();

  constructor(
    dns: Dns,
    options: { readonly nowMs: () => number; readonly fetch?: FetchPolicy; readonly memory?: StsMemory },
  ) {
    this.#dns = dns;
    this.#nowMs = options.nowMs;
    this.#fetch = options.fetch ?? fetchPolicy;
    this.#memory = options.memory;
    for (const [domain, policy] of this.#memory?.load() ?? []) this.#policies.set(domain, policy);
  }

  /** What holds now; undefined when the domain says nothing, or it cannot be known. Never throws. */
  policyOf(domain: string): Promise<StsPolicy | undefined> {
    const asking = this.#asking.get(domain) ?? this.#ask(domain);
    this.#asking.set(domain, asking);
    return asking.finally(() => this.#asking.delete(domain));
  }

  async #ask(domain: string): Promise<StsPolicy | undefined> {
    const kept = this.#kept(domain);
    const answer = await this.#dns.ask(`_mta-sts.${domain}`, 'TXT');
    const ids = (answer.kind === 'found' ? answer.records : []).flatMap(
      (text) => RECORD.exec(text)?.[1] ?? [],
    );
    const id = ids.length === 1 ? ids[0] : undefined;
    if (id === undefined || id === kept?.id) return kept;
    if (this.faultOf(domain) !== undefined) return kept;
    let fault: StsFault = 'sts-policy-fetch-error';
    try {
      const text = await this.#fetch(domain);
      fault = 'sts-policy-invalid';
      const policy = parsePolicy(text, id, this.#nowMs());
      this.#keep(domain, policy);
      return policy;
    } catch {
      this.#failed.set(domain, { untilMs: this.#nowMs() + AFTER_FAILURE_MS, fault });
      return kept;
    }
  }

  /** Of the last few minutes, after `policyOf`. */
  faultOf(domain: string): StsFault | undefined {
    const failed = this.#failed.get(domain);
    return failed !== undefined && failed.untilMs > this.#nowMs() ? failed.fault : undefined;
  }

  #keep(domain: string, policy: StsPolicy): void {
    this.#policies.delete(domain);
    this.#policies.set(domain, policy);
    const [first] = this.#policies.keys();
    if (this.#policies.size > MAX_DOMAINS && first !== undefined) this.#policies.delete(first);
    this.#memory?.save([...this.#policies]);
  }

  #kept(domain: string): StsPolicy | undefined {
    const policy = this.#policies.get(domain);
    return policy !== undefined && policy.untilMs > this.#nowMs() ? policy : undefined;
  }
}

/** Throws for what is no policy (§3.2). */
export function parsePolicy(text: string, id: string, nowMs: number): StsPolicy {
  const values = new Map<string, string[]>();
  for (const line of text.split(/\r?\n/)) {
    const [, key, value] = /^([A-Za-z0-9_.-]{1,64})\s*:\s*(.*?)\s*$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) values.set(key, [...(values.get(key) ?? []), value]);
  }
  const [version] = values.get('version') ?? [];
  const [mode] = values.get('mode') ?? [];
  const [age = ''] = values.get('max_age') ?? [];
  const hosts = (values.get('mx') ?? []).map((host) => host.toLowerCase());
  if (version !== 'STSv1' || !/^\d{1,10}$/.test(age)) throw new TypeError('no policy of MTA-STS');
  if (mode !== 'enforce' && mode !== 'testing' && mode !== 'none') throw new TypeError(`no mode: ${mode}`);
  if (hosts.length === 0 && mode !== 'none') throw new TypeError('a policy without a host');
  return { id, mode, hosts, untilMs: nowMs + Math.min(Number(age), MAX_AGE_SECONDS) * 1000 };
}

/** §4.1: a star is one label. */
export function isNamed({ hosts }: StsPolicy, host: string): boolean {
  const rest = host.slice(host.indexOf('.'));
  return hosts.some((pattern) => (pattern.startsWith('*.') ? rest === pattern.slice(1) : host === pattern));
}

/** No redirect is followed, and the certificate is verified (§3.3). */
function fetchPolicy(domain: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const host = `mta-sts.${domain}`;
  const signal = AbortSignal.timeout(FETCH_MS);
  const request = get({ host, path: '/.well-known/mta-sts.txt', signal, agent: false }, (response) => {
    if (response.statusCode !== 200) {
      request.destroy();
      return reject(new Error(`${host} answered ${response.statusCode}`));
    }
    const pieces: Buffer[] = [];
    let bytes = 0;
    response.on('data', (piece: Buffer) => {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes > MAX_POLICY_BYTES) request.destroy(new Error('the policy is too long'));
    });
    response.on('end', () => resolve(Buffer.concat(pieces).toString('utf8')));
    response.on('error', reject);
  });
  request.on('error', reject);
  return promise;
}
