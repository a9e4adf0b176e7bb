/**
 * Messages of ACME (RFC 8555 §6): JSON signed with the account's key, over HTTPS, each with a nonce that the authority gave. Every
 * answer is bounded in size and time; what the authority refuses is an `AcmeProblem`.
 */
import { createHash, createHmac, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { request } from 'node:https';
import type { Secret } from '../base/secret.ts';

export interface AcmeReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

export interface Problem {
  readonly type?: string;
  readonly detail?: string;
  readonly subproblems?: readonly (Problem & { readonly identifier?: { readonly value?: string } })[];
}

/** What the authority said no to (RFC 8555 §6.7), in its words. */
export class AcmeProblem extends Error {
  override readonly name = 'AcmeProblem';
  readonly problem: Problem;
  /** When it wants to be asked again, if it said so. */
  readonly retryAfterMs: number | undefined;

  constructor(problem: Problem, retryAfterMs?: number) {
    super(problem.detail ?? problem.type ?? 'the authority refused, and did not say why');
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }

  is(kind: string): boolean {
    return this.problem.type === `urn:ietf:params:acme:error:${kind}`;
  }
}

/** What some authorities give out to their customers. */
export interface ExternalAccount {
  readonly keyId: string;
  /** In base64url. */
  readonly key: Secret;
}

export interface WireOptions {
  readonly directory: string;
  /** PEM of an authority that vouches for the ACME server itself, beside the usual ones. */
  readonly ca?: string | undefined;
  readonly key: KeyObject;
  /** Ends what is asked at the moment. */
  readonly signal?: AbortSignal | undefined;
}

interface Directory {
  readonly newNonce: string;
  readonly newAccount: string;
  readonly newOrder: string;
  readonly renewalInfo?: string;
}

const TIMEOUT_MS = 30_000;
const MAX_BODY_BYTES = 1024 * 1024;
/** Nonces are lost now and then (§6.5); an authority that takes none is not asked for ever. */
const MAX_NONCE_TRIES = 10;
const AGENT = 'Brevduva';

export class AcmeWire {
  readonly #options: WireOptions;
  readonly #jwk: object;
  /** RFC 7638: what a key authorization ends with. */
  readonly thumbprint: string;
  #nonces: string[] = [];
  #known: Promise<Directory> | undefined;
  /** Names the account, from the moment that it is known. */
  account: string | undefined;

  constructor(options: WireOptions) {
    this.#options = options;
    const { crv, kty, x, y } = createPublicKey(options.key).export({ format: 'jwk' });
    // In the order of RFC 7638 §3.
    this.#jwk = { crv, kty, x, y };
    this.thumbprint = createHash('sha256').update(JSON.stringify(this.#jwk)).digest('base64url');
  }

  directory(): Promise<Directory> {
    this.#known ??= this.get(this.#options.directory).then(({ body }) => readDirectory(body));
    return this.#known;
  }

  /** Without a signature, as directories and renewal information are asked for. */
  async get(url: string): Promise<AcmeReply> {
    const reply = await this.#send('GET', url);
    if (reply.status >= 400) throw problemOf(reply);
    return reply;
  }

  /** `payload` undefined: only asks (POST-as-GET, §6.3). */
  async post(url: string, payload?: object): Promise<AcmeReply> {
    for (let tries = 1; ; tries++) {
      const reply = await this.#send('POST', url, await this.#signed(url, payload));
      const { 'replay-nonce': nonce } = reply.headers;
      if (nonce !== undefined) this.#nonces.push(nonce);
      if (reply.status < 400) return reply;
      const problem = problemOf(reply);
      if (!problem.is('badNonce') || tries >= MAX_NONCE_TRIES) throw problem;
    }
  }

  /** That this key belongs to somebody whom the authority knows already (RFC 8555 §7.3.4). */
  bindingTo({ keyId, key }: ExternalAccount, url: string): object {
    const head = base64url({ alg: 'HS256', kid: keyId, url });
    const payload = base64url(this.#jwk);
    const secret = Buffer.from(key.reveal(), 'base64url');
    const signature = createHmac('sha256', secret).update(`${head}.${payload}`).digest('base64url');
    return { protected: head, payload, signature };
  }

  async #signed(url: string, payload: object | undefined): Promise<string> {
    const who = this.account === undefined ? { jwk: this.#jwk } : { kid: this.account };
    const head = base64url({ alg: 'ES256', nonce: await this.#nonce(), url, ...who });
    const body = payload === undefined ? '' : base64url(payload);
    const options = { key: this.#options.key, dsaEncoding: 'ieee-p1363' as const };
    const signature = sign('sha256', Buffer.from(`${head}.${body}`), options).toString('base64url');
    return JSON.stringify({ protected: head, payload: body, signature });
  }

  async #nonce(): Promise<string> {
    const kept = this.#nonces.pop();
    if (kept !== undefined) return kept;
    const { newNonce } = await this.directory();
    const { headers } = await this.#send('HEAD', newNonce);
    const nonce = headers['replay-nonce'];
    if (nonce === undefined) throw new Error(`${newNonce} gives no nonce`);
    return nonce;
  }

  #send(method: string, url: string, body?: string): Promise<AcmeReply> {
    const { promise, resolve, reject } = Promise.withResolvers<AcmeReply>();
    const { ca, signal: stopped } = this.#options;
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const signal = stopped === undefined ? timeout : AbortSignal.any([timeout, stopped]);
    const headers = {
      'user-agent': AGENT,
      ...(body === undefined ? {} : { 'content-type': 'application/jose+json' }),
    };
    const asking = request(
      url,
      {
        method,
        headers,
        agent: false,
        signal,
        ...(ca === undefined ? {} : { ca }),
      },
      (response) => {
        const pieces: Buffer[] = [];
        let size = 0;
        response.on('data', (piece: Buffer) => {
          size += piece.length;
          if (size > MAX_BODY_BYTES) response.destroy(new Error('the answer is too long'));
          else pieces.push(piece);
        });
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode = 0 } = response;
          const said = response.headers as Readonly<Record<string, string | undefined>>;
          resolve({ status: statusCode, headers: said, body: Buffer.concat(pieces).toString('utf8') });
        });
      },
    );
    asking.on('error', (cause) => reject(new Error(`${new URL(url).host}: ${cause.message}`, { cause })));
    asking.end(body);
    return promise;
  }
}

function readDirectory(body: string): Directory {
  const read = JSON.parse(body) as Partial<Directory>;
  const { newNonce, newAccount, newOrder } = read;
  if (newNonce === undefined || newAccount === undefined || newOrder === undefined)
    throw new Error('this is no ACME directory (RFC 8555 §7.1.1)');
  return { ...read, newNonce, newAccount, newOrder };
}

function problemOf({ status, headers, body }: AcmeReply): AcmeProblem {
  const retryAfterMs = retryAfter(headers['retry-after']);
  try {
    return new AcmeProblem(JSON.parse(body) as Problem, retryAfterMs);
  } catch {
    return new AcmeProblem({ detail: `HTTP ${status}` }, retryAfterMs);
  }
}

/** Seconds or a date (RFC 9110 §10.2.3), as milliseconds from now. */
export function retryAfter(field: string | undefined): number | undefined {
  if (field === undefined) return undefined;
  const ms = /^\d+$/.test(field) ? Number(field) * 1000 : Date.parse(field) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

export function readKey(pem: string): KeyObject {
  return createPrivateKey(pem);
}
