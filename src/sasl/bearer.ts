/**
 * OAUTHBEARER (RFC 7628) and XOAUTH2 (of Google, before the RFC, and what most programs have): an access token of an issuer
 * elsewhere instead of a password. Whether the token is good is not this file's question; what a client is told of the issuer
 * when it is not comes with the terms.
 *
 * What fails is said in a challenge, which the client answers with anything before it hears its NO (RFC 7628 §3.2.3).
 */
import { Secret } from '../base/secret.ts';
import {
  failure,
  MAX_NAME_BYTES,
  MAX_RESPONSE_BYTES,
  type SaslMachine,
  type SaslMechanism,
  type SaslStep,
  type TokenTerms,
} from './mechanism.ts';
import { prepareName } from './prepare.ts';

interface Form {
  readonly name: string;
  /** The name, if one was given, and the token. */
  parse(text: string): { readonly username: string | undefined; readonly token: string } | undefined;
  refusal(terms: TokenTerms): object;
}

/** RFC 6750 §2.1. */
const TOKEN = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i;

function bearer(form: Form): SaslMechanism {
  return Object.freeze<SaslMechanism>({
    name: form.name,
    isOffered: ({ mayUsePlaintext, tokens }) => mayUsePlaintext && tokens !== undefined,
    begin({ tokens = {} }): SaslMachine {
      const next = (response: Buffer): SaslStep => message(response, form, tokens);
      // The client speaks first (RFC 7628 §3.1).
      const start = (initial?: Buffer): SaslStep =>
        initial === undefined ? { kind: 'challenge', challenge: Buffer.alloc(0) } : next(initial);
      return { start, next };
    },
  });
}

export const oauthBearer = bearer({
  name: 'OAUTHBEARER',
  parse(text) {
    const [, authzid, pairs = ''] =
      /^n,(?:a=([^\0,\x01]+))?,\x01((?:[A-Za-z]+=[^\0\x01]*\x01)+)\x01$/.exec(text) ?? [];
    if (authzid !== undefined && /=(?!2C|3D)/.test(authzid)) return undefined;
    const token = tokenIn(pairs);
    const username = authzid?.replaceAll('=2C', ',').replaceAll('=3D', '=');
    return token === undefined ? undefined : { username, token };
  },
  refusal: ({ scope, configuration }) => ({
    status: 'invalid_token',
    ...(scope === undefined ? {} : { scope }),
    ...(configuration === undefined ? {} : { 'openid-configuration': configuration }),
  }),
});

export const xoauth2 = bearer({
  name: 'XOAUTH2',
  parse(text) {
    const [, username, pairs = ''] =
      /^user=([^\0\x01]*)\x01((?:[A-Za-z]+=[^\0\x01]*\x01)+)\x01$/.exec(text) ?? [];
    const token = tokenIn(pairs);
    return token === undefined ? undefined : { username: username === '' ? undefined : username, token };
  },
  refusal: ({ scope = '' }) => ({ status: '401', schemes: 'bearer', scope }),
});

function tokenIn(pairs: string): string | undefined {
  const auth = pairs.split('\x01').filter((pair) => /^auth=/i.test(pair));
  return auth.length === 1 ? TOKEN.exec(auth[0]?.slice(5) ?? '')?.[1] : undefined;
}

function message(response: Buffer, form: Form, terms: TokenTerms): SaslStep {
  const text = response.length > MAX_RESPONSE_BYTES ? undefined : decode(response);
  const parsed = text === undefined ? undefined : form.parse(text);
  if (parsed === undefined) return failure('malformed', 'Expected a name and a bearer token');
  const username = parsed.username === undefined ? undefined : prepareName(parsed.username);
  if (parsed.username !== undefined && (!username || Buffer.byteLength(username) > MAX_NAME_BYTES))
    return failure('malformed', 'Empty or impossible name');
  return {
    kind: 'credentials',
    credentials: { kind: 'token', username: username ?? '', token: new Secret(parsed.token) },
    whenBad: Buffer.from(JSON.stringify(form.refusal(terms))),
  };
}

function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
