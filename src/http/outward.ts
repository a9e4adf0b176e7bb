/**
 * Requests to addresses that strangers name: pictures in mail, lists one leaves, push services. Such a request reaches the public
 * internet and nothing else: each name is resolved once, all of its addresses must be public (`public-address.ts`), the
 * connection goes to one of those and to no other, and each redirection is judged anew. It has one deadline and one size, however
 * many steps it takes. No cookie, no referrer, no credentials.
 */
import { lookup } from 'node:dns/promises';
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { isIP, type LookupFunction } from 'node:net';
import { Semaphore } from '../base/gate.ts';
import { request as requestInClear } from '../net/http.ts';
import { isPublicAddress } from './public-address.ts';

export interface OutwardRequest {
  readonly url: string;
  /** GET follows up to three redirections; the others none. */
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly maxBytes?: number;
  readonly timeoutMs?: number;
  /** Http in the clear is refused, also after a redirection. */
  readonly isHttpsOnly?: boolean;
}

export interface OutwardReply {
  readonly status: number;
  /** Names in lower case; of several of a name the first. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Why nothing came of it. `not-allowed`: the address is not one that may be asked. */
export type OutwardFault = 'not-allowed' | 'unreachable' | 'too-large' | 'too-slow' | 'too-many-redirections';

export class OutwardError extends Error {
  override readonly name = 'OutwardError';
  readonly fault: OutwardFault;

  constructor(fault: OutwardFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
  }
}

export interface Address {
  readonly address: string;
  readonly family: number;
}

export interface OutwardOptions {
  /** Of a name; the system's resolver when left out. */
  readonly resolve?: (name: string) => Promise<readonly Address[]>;
  /** What may be reached; the public internet when left out. */
  readonly mayReach?: (address: string) => boolean;
  /** The authorities to trust, in PEM; those of Node.js when left out. */
  readonly ca?: string;
}

const MAX_BYTES = 10 * 1024 * 1024;
const TIMEOUT_MS = 10_000;
const MAX_REDIRECTIONS = 3;
const MAX_URL = 8192;
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_AT_ONCE = 32;
const MAX_WAITING = 256;
const FIRST_UNRESERVED_PORT = 1024;

export class Outward {
  readonly #resolve: (name: string) => Promise<readonly Address[]>;
  readonly #mayReach: (address: string) => boolean;
  readonly #ca: string | undefined;
  readonly #places = new Semaphore(MAX_AT_ONCE, MAX_WAITING);

  constructor({ resolve = systemAddresses, mayReach = isPublicAddress, ca }: OutwardOptions = {}) {
    this.#resolve = resolve;
    this.#mayReach = mayReach;
    this.#ca = ca;
  }

  /** Throws `OutwardError`; `GateFull` when too many wait. Whatever status the other side gives is a reply. */
  ask(request: OutwardRequest): Promise<OutwardReply> {
    return this.#places.run(async () => {
      const signal = AbortSignal.timeout(request.timeoutMs ?? TIMEOUT_MS);
      try {
        return await this.#follow(request, signal);
      } catch (cause) {
        if (cause instanceof OutwardError) throw cause;
        if (signal.aborted) throw new OutwardError('too-slow', 'it took too long', { cause });
        throw new OutwardError('unreachable', 'it could not be reached', { cause });
      }
    });
  }

  async #follow(request: OutwardRequest, signal: AbortSignal): Promise<OutwardReply> {
    let { url } = request;
    for (let steps = 0; steps <= MAX_REDIRECTIONS; steps++) {
      const target = allowedUrl(url, request.isHttpsOnly ?? false);
      const addresses = await this.#addressesOf(target, signal);
      const incoming = await this.#send(request, { target, addresses, signal });
      const { location } = incoming.headers;
      const status = incoming.statusCode ?? 0;
      if (request.method !== 'GET' || !isRedirection(status) || location === undefined)
        return await read(incoming, request.maxBytes ?? MAX_BYTES);
      incoming.destroy();
      url = URL.parse(location, target)?.href ?? '';
    }
    throw new OutwardError('too-many-redirections', 'it is sent on too often');
  }

  /** All of them are to be allowed: a name that is half inside is not asked at all. */
  async #addressesOf({ hostname }: URL, signal: AbortSignal): Promise<readonly Address[]> {
    const host = hostname.replace(/^\[|\]$/g, '');
    const literal = isIP(host);
    const addresses =
      literal === 0 ? await orAborted(this.#resolve(host), signal) : [{ address: host, family: literal }];
    if (addresses.length === 0) throw new OutwardError('unreachable', 'its name has no address');
    if (!addresses.every(({ address }) => this.#mayReach(address)))
      throw new OutwardError('not-allowed', 'its address is not of the public internet');
    return addresses;
  }

  async #send(
    { method, headers = {}, body }: OutwardRequest,
    { target, addresses, signal }: { target: URL; addresses: readonly Address[]; signal: AbortSignal },
  ): Promise<IncomingMessage> {
    const content = body === undefined ? undefined : Buffer.from(body);
    const options: RequestOptions & { readonly ca?: string } = {
      ...{ method, signal, agent: false, maxHeaderSize: MAX_HEADER_BYTES, lookup: pinnedTo(addresses) },
      headers: {
        'user-agent': 'Brevduva',
        'accept-encoding': 'identity',
        ...headers,
        ...(content === undefined ? {} : { 'content-length': String(content.length) }),
      },
      ...(this.#ca === undefined ? {} : { ca: this.#ca }),
    };
    const send = target.protocol === 'https:' ? await requestOverTls() : requestInClear;
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    send(target, options).once('response', resolve).once('error', reject).end(content);
    return promise;
  }
}

type Request = (url: URL, options: RequestOptions) => ClientRequest;

/** When it is first wanted: it is slow to load. */
async function requestOverTls(): Promise<Request> {
  return (await import('node:https')).request;
}

function allowedUrl(url: string, isHttpsOnly: boolean): URL {
  const parsed = url.length > MAX_URL ? null : URL.parse(url);
  const isWeb = parsed?.protocol === 'https:' || (parsed?.protocol === 'http:' && !isHttpsOnly);
  if (parsed === null || !isWeb) throw new OutwardError('not-allowed', 'that is no address of the web');
  if (parsed.username !== '' || parsed.password !== '')
    throw new OutwardError('not-allowed', 'an address with a password in it');
  // The ports of other services, which could take a request for something else, are not spoken to.
  const port = Number(parsed.port || '0');
  if (port !== 0 && port !== 80 && port !== 443 && port < FIRST_UNRESERVED_PORT)
    throw new OutwardError('not-allowed', 'that port is not of the web');
  parsed.hash = '';
  return parsed;
}

function isRedirection(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/** The connection is made to what was judged; nobody is asked a second time. */
function pinnedTo(addresses: readonly Address[]): LookupFunction {
  return (_name, options, done) => {
    const [first] = addresses;
    if (options.all === true) done(null, [...addresses]);
    else done(null, first?.address ?? '', first?.family ?? 0);
  };
}

async function systemAddresses(name: string): Promise<readonly Address[]> {
  return lookup(name, { all: true, order: 'verbatim' });
}

/** A resolver has deadlines of its own, and longer ones. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

async function read(incoming: IncomingMessage, maxBytes: number): Promise<OutwardReply> {
  const tooLarge = (): OutwardError => new OutwardError('too-large', 'it is too large');
  if (Number(incoming.headers['content-length'] ?? 0) > maxBytes) {
    incoming.destroy();
    throw tooLarge();
  }
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of incoming as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > maxBytes) throw tooLarge();
    pieces.push(piece);
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    const [first] = [value].flat();
    if (first !== undefined) headers[name] = first;
  }
  return { status: incoming.statusCode ?? 0, headers, body: Buffer.concat(pieces) };
}
