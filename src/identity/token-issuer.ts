/**
 * Whose access tokens are taken, and what one of them says: JSON Web Tokens (RFC 7519) of one OpenID provider, signed with keys that
 * it publishes (RFC 7517) and that change while we run. `jose` verifies and keeps the keys; what is fetched is bounded here.
 *
 * A token is good when the issuer signed it, for us (`audience`), for this (`scope`), and it has not run out. What names the
 * account in it is `claim`. An address that the issuer says it has not verified is nobody's.
 */
import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose';
import type { Secret } from '../base/secret.ts';

export interface TokenIssuerOptions {
  /** Its URL, exactly as it stands in `iss`. */
  readonly issuer: string;
  /** Where its keys are; found out from its OpenID configuration when absent. */
  readonly keys: string | undefined;
  /** One of which must be among those of the token. */
  readonly audiences: readonly string[];
  /** Which the token must have; any when absent. */
  readonly scope: string | undefined;
  readonly claim: string;
}

export type TokenVerdict =
  | { readonly kind: 'good'; readonly name: string }
  /** `isGuess`: it was never one of ours. An expired one was. */
  | { readonly kind: 'bad'; readonly why: string; readonly isGuess: boolean }
  | { readonly kind: 'unknown'; readonly cause: unknown };

const FETCH_TIMEOUT_MS = 5000;
/** A provider with dozens of keys has some 100 KB. */
const MAX_FETCHED_BYTES = 512 * 1024;
/** How long keys are used without asking for them; one that is not among them is asked for, at most every half minute. */
const KEYS_FOR_MS = 10 * 60_000;
const KEYS_AGAIN_MS = 30_000;
const CLOCK_SKEW_S = 60;
/** What a secret that both know can sign, anybody who knows the public key could pass off as signed with it. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

export class TokenIssuer {
  readonly #options: TokenIssuerOptions;
  #keys: Promise<JWTVerifyGetKey> | undefined;

  constructor(options: TokenIssuerOptions) {
    this.#options = options;
  }

  /** What a client is told that has no good token (RFC 7628 §3.2.2). */
  get terms(): { readonly scope?: string; readonly configuration: string } {
    const { scope } = this.#options;
    return {
      ...(scope === undefined ? {} : { scope }),
      configuration: configurationOf(this.#options.issuer),
    };
  }

  async judge(token: Secret): Promise<TokenVerdict> {
    const { issuer, audiences } = this.#options;
    try {
      const keys = await this.#openKeys();
      const { payload } = await jwtVerify(token.reveal(), keys, {
        ...{ issuer, audience: [...audiences], algorithms: ALGORITHMS },
        ...{ clockTolerance: CLOCK_SKEW_S, requiredClaims: ['exp'] },
      });
      return this.#verdictOn(payload);
    } catch (error) {
      return verdictOf(error);
    }
  }

  #verdictOn(payload: JWTPayload): TokenVerdict {
    const { scope, claim } = this.#options;
    if (scope !== undefined && !scopesOf(payload).includes(scope))
      return bad(`the token lacks the scope ${scope}`);
    const name = payload[claim];
    if (typeof name !== 'string' || name === '') return bad(`the token has no ${claim}`);
    if (claim === 'email' && payload.email_verified === false)
      return bad('the issuer has not verified the address in the token');
    return { kind: 'good', name };
  }

  /** One that fails is tried anew by the next sign-in. */
  #openKeys(): Promise<JWTVerifyGetKey> {
    this.#keys ??= this.#findKeys().catch((error: unknown) => {
      this.#keys = undefined;
      throw error;
    });
    return this.#keys;
  }

  async #findKeys(): Promise<JWTVerifyGetKey> {
    const url = new URL(this.#options.keys ?? (await this.#discover()));
    return createRemoteJWKSet(url, {
      timeoutDuration: FETCH_TIMEOUT_MS,
      cacheMaxAge: KEYS_FOR_MS,
      cooldownDuration: KEYS_AGAIN_MS,
      [customFetch]: boundedFetch,
    });
  }

  /** OpenID Connect Discovery §4.3: what it calls itself must be what it was asked as. */
  async #discover(): Promise<string> {
    const { issuer } = this.#options;
    const url = configurationOf(issuer);
    const response = await boundedFetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    const found = (await response.json()) as { readonly issuer?: unknown; readonly jwks_uri?: unknown };
    if (found.issuer !== issuer) throw new Error(`${url} is the configuration of another issuer`);
    if (typeof found.jwks_uri !== 'string' || !isTrusted(found.jwks_uri))
      throw new Error(`${url} names no keys at an https URL`);
    return found.jwks_uri;
  }
}

/** Over TLS, or on this machine: who can change the keys on the way can sign in as anybody. */
export function isTrusted(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return (
    protocol === 'https:' ||
    (protocol === 'http:' && /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname))
  );
}

function configurationOf(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
}

/** `scope` as RFC 9068 §2.2.3 has it; `scp` is Microsoft's, and a list elsewhere. */
function scopesOf({ scope, scp }: JWTPayload): string[] {
  return [scope, scp].flatMap((value) =>
    Array.isArray(value) ? value.map(String) : typeof value === 'string' ? value.split(' ') : [],
  );
}

function bad(why: string, isGuess = false): TokenVerdict {
  return { kind: 'bad', why, isGuess };
}

function verdictOf(error: unknown): TokenVerdict {
  if (error instanceof errors.JWTExpired) return bad('the token has expired');
  if (error instanceof errors.JWTClaimValidationFailed)
    return bad(`the token is not for here (${error.claim})`);
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid)
    return { kind: 'unknown', cause: error };
  const isToken =
    error instanceof errors.JOSEError &&
    error.code !== 'ERR_JOSE_GENERIC' &&
    error.code !== 'ERR_JWKS_INVALID';
  return isToken ? bad('the token is none of the issuer', true) : { kind: 'unknown', cause: error };
}

/** Goes nowhere else, and ends. */
async function boundedFetch(url: string, options: RequestInit): Promise<Response> {
  const response = await fetch(url, { ...options, redirect: 'error' });
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    if (bytes > MAX_FETCHED_BYTES) throw new Error(`${url} has more than ${MAX_FETCHED_BYTES} octets`);
    pieces.push(piece);
  }
  const { status, headers } = response;
  return new Response(Buffer.concat(pieces), { status, headers });
}
