/**
 * A certificate for as many of the names as can be had (RFC 8555 §7.4): ordered, each name proven by one of the methods that we can
 * offer, and ordered anew without those that cannot be proven.
 */
import { X509Certificate } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Challenge, type Method, offer, type Proofs } from './challenge.ts';
import { makeRequest } from './request.ts';
import { AcmeProblem, type AcmeReply, type AcmeWire, type Problem, retryAfter } from './wire.ts';

export interface OrderOptions {
  readonly wire: AcmeWire;
  readonly proofs: Proofs;
  readonly names: readonly string[];
  /** Without it there is no certificate. */
  readonly mustHave?: string | undefined;
  /** PEM; the new certificate has it too. */
  readonly oldKey?: string | undefined;
  /** The certificate that this one follows (RFC 9773 §5). */
  readonly replaces?: string | undefined;
  readonly signal: AbortSignal;
}

export interface Issued {
  /** PEM: the chain, and behind it the key. */
  readonly pem: string;
  readonly names: readonly string[];
  /** Names that were left out, and why. */
  readonly failed: ReadonlyMap<string, string>;
}

interface Order {
  readonly status: string;
  readonly authorizations: readonly string[];
  readonly finalize: string;
  readonly certificate?: string;
  readonly error?: Problem;
}

interface Authorization {
  readonly status: string;
  readonly identifier: { readonly value: string };
  readonly challenges: readonly {
    readonly type: string;
    readonly url: string;
    readonly token: string;
    readonly status: string;
    readonly error?: Problem;
  }[];
}

/** Each round either ends, or gives up a name or one way to prove it. */
const MAX_ROUNDS = 20;
const POLL_MS = 1000;
const MAX_POLL_MS = 15_000;
/** For an authority to look, or to issue. */
const PATIENCE_MS = 120_000;

/** Throws AcmeProblem, or an Error that says why there is no certificate. */
export async function obtain(options: OrderOptions): Promise<Issued> {
  const { names, mustHave, proofs } = options;
  const failed = new Map<string, string>();
  const ways = new Map(names.map((name) => [name, [...proofs.methods]]));
  let { replaces } = options;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const wanted = names.filter((name) => (ways.get(name) ?? []).length > 0);
    const lost = mustHave !== undefined && !wanted.includes(mustHave) ? mustHave : undefined;
    const [unproven] = wanted.length === 0 ? names : [lost];
    if (unproven !== undefined)
      throw new Error(`${unproven} cannot be proven: ${failed.get(unproven) ?? 'there is no way to'}`);
    const ordered = await place(options, wanted, replaces);
    if (ordered.kind === 'refused') {
      // What it replaces may be gone for the authority; the names are asked for without it first.
      if (ordered.names.length === 0 && replaces === undefined) throw ordered.problem;
      if (ordered.names.length === 0) replaces = undefined;
      for (const { name, why } of ordered.names) giveUp(ways, failed, name, why);
      continue;
    }
    const left = await prove(options, ordered.order, ways);
    for (const { name, why } of left) {
      failed.set(name, why);
      ways.get(name)?.shift();
    }
    if (left.length > 0) continue;
    for (const name of wanted) failed.delete(name);
    return { pem: await collect(options, ordered, wanted), names: wanted, failed };
  }
  throw new Error('the authority goes on refusing; see the names that failed');
}

function giveUp(ways: Map<string, Method[]>, failed: Map<string, string>, name: string, why: string): void {
  ways.set(name, []);
  failed.set(name, why);
}

type Placed =
  | { readonly kind: 'placed'; readonly url: string; readonly order: Order }
  | { readonly kind: 'refused'; readonly names: readonly Unproven[]; readonly problem: AcmeProblem };

interface Unproven {
  readonly name: string;
  readonly why: string;
}

async function place(
  { wire }: OrderOptions,
  names: readonly string[],
  replaces: string | undefined,
): Promise<Placed> {
  const { newOrder } = await wire.directory();
  const identifiers = names.map((value) => ({ type: 'dns', value }));
  try {
    const reply = await wire.post(newOrder, { identifiers, ...(replaces === undefined ? {} : { replaces }) });
    return { kind: 'placed', url: reply.headers.location ?? '', order: JSON.parse(reply.body) as Order };
  } catch (error) {
    if (!(error instanceof AcmeProblem) || error.is('rateLimited')) throw error;
    const refused = (error.problem.subproblems ?? []).flatMap(({ identifier, detail, type }) =>
      identifier?.value !== undefined && names.includes(identifier.value)
        ? [{ name: identifier.value, why: detail ?? type ?? 'refused' }]
        : [],
    );
    return { kind: 'refused', names: refused, problem: error };
  }
}

/** The names that could not be proven; none: the order is ready. */
async function prove(
  options: OrderOptions,
  order: Order,
  ways: ReadonlyMap<string, readonly Method[]>,
): Promise<readonly Unproven[]> {
  const proven = await Promise.all(order.authorizations.map((url) => proveOne(options, url, ways)));
  return proven.filter((one) => one !== undefined);
}

async function proveOne(
  { wire, proofs, signal }: OrderOptions,
  url: string,
  ways: ReadonlyMap<string, readonly Method[]>,
): Promise<Unproven | undefined> {
  const { status, identifier, challenges } = JSON.parse((await wire.post(url)).body) as Authorization;
  const name = identifier.value.toLowerCase();
  if (status === 'valid') return undefined;
  const [method] = ways.get(name) ?? [];
  const chosen = challenges.find(({ type }) => type === method);
  if (method === undefined || chosen === undefined)
    return { name, why: `the authority does not check by ${method}` };
  const { token } = chosen;
  const keyAuthorization = `${token}.${wire.thumbprint}`;
  const challenge: Challenge = { method, name, token, keyAuthorization };
  let takeAway = async (): Promise<void> => {};
  try {
    takeAway = await offer(proofs, challenge);
  } catch (error) {
    return { name, why: `by ${method}: ${(error as Error).message}` };
  }
  try {
    await wire.post(chosen.url, {});
    const ended = await poll<Authorization>(
      wire,
      url,
      signal,
      (one) => one.status !== 'pending' && one.status !== 'processing',
    );
    if (ended.status === 'valid') return undefined;
    const error = ended.challenges.find((one) => one.error !== undefined)?.error;
    return { name, why: `by ${method}: ${error?.detail ?? ended.status}` };
  } finally {
    await takeAway();
  }
}

async function collect(
  { wire, signal, oldKey }: OrderOptions,
  { url, order }: Extract<Placed, { kind: 'placed' }>,
  names: readonly string[],
): Promise<string> {
  await poll<Order>(wire, url, signal, ({ status }) => status !== 'pending');
  const { csr, key } = await makeRequest(names, oldKey);
  await wire.post(order.finalize, { csr });
  const done = await poll<Order>(
    wire,
    url,
    signal,
    ({ status }) => status === 'valid' || status === 'invalid',
  );
  if (done.status !== 'valid' || done.certificate === undefined)
    throw new Error(`the authority does not issue it: ${done.error?.detail ?? done.status}`);
  const { body: chain } = await wire.post(done.certificate);
  const certificate = new X509Certificate(chain);
  const missing = names.filter((name) => certificate.checkHost(name) === undefined);
  if (missing.length > 0)
    throw new Error(`the authority issued a certificate that is not for ${missing.join(', ')}`);
  return `${chain.trimEnd()}\n${key}`;
}

/** Asks until it is so, as seldom as the authority wants. */
async function poll<T>(
  wire: AcmeWire,
  url: string,
  signal: AbortSignal,
  isDone: (value: T) => boolean,
): Promise<T> {
  const endMs = performance.now() + PATIENCE_MS;
  for (let waitMs = POLL_MS / 4; ; waitMs = Math.min(MAX_POLL_MS, waitMs * 2)) {
    const reply: AcmeReply = await wire.post(url);
    const value = JSON.parse(reply.body) as T;
    if (isDone(value)) return value;
    if (performance.now() > endMs) throw new Error('the authority does not come to an end');
    await sleep(Math.min(MAX_POLL_MS, retryAfter(reply.headers['retry-after']) ?? waitMs), undefined, {
      signal,
    });
  }
}
