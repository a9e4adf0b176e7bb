/**
 * The Authorization field as a judge of who asks: a name and a password (RFC 7617), or a token (RFC 6750). It goes the way of all
 * sign-ins, with the same throttle, and after one that failed the connection is over. A sign-in is noted once in a while, not
 * with each request of a program that makes thousands.
 */
import { createHash } from 'node:crypto';
import { isLoopback } from '../base/ip-address.ts';
import type { Log } from '../base/log.ts';
import { Secret } from '../base/secret.ts';
import type { Activity } from '../identity/activity.ts';
import type { Admission, Authenticator } from '../identity/authenticator.ts';
import { Throttled } from '../identity/throttled.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { Credentials } from '../sasl/mechanism.ts';
import { allowsPlaintext, type PlaintextRule } from '../sasl/plaintext.ts';
import { type Judge, SILENT, type Verdict } from './asking.ts';
import { type HttpReply, type HttpRequest, text } from './exchange.ts';

export interface AuthorizationOptions {
  readonly authenticator: Pick<Authenticator, 'authenticate' | 'tokenTerms'>;
  readonly activity: Activity;
  readonly log: Log;
  /** What an app password has to be good for. */
  readonly service: string;
  /** Read with each request. */
  readonly settings: { readonly plaintext: PlaintextRule };
}

const MAX_FIELD = 12_000;
const RETRY_SECONDS = 60;
/** Another sign-in of the same program is noted after this. */
const NOTED_MS = 30 * 60_000;
const MOST_NOTED = 10_000;

export function authorizationJudge(options: AuthorizationOptions): Judge {
  const noted = new Map<string, number>();
  return async (request) => {
    const field = request.headers.authorization;
    if (field === undefined) return SILENT;
    if (!isProtected(request, options.settings.plaintext))
      return refused(text(403, 'Passwords are taken over TLS only.\n'));
    const credentials = credentialsIn(field);
    if (credentials === undefined) return refused(askToSignIn(options.authenticator, request));
    const mechanism = credentials.kind === 'token' ? 'Bearer' : 'Basic';
    try {
      const who = await options.authenticator.authenticate({
        ...{ credentials, mechanism, service: options.service, remoteAddress: request.remoteAddress },
      });
      note(options, noted, { request, who, mechanism });
      return { kind: 'known', who, how: mechanism };
    } catch (error) {
      if (!(error instanceof MailboxError)) throw error;
      return refused(refusal(error, options, request));
    }
  };
}

function isProtected({ isSecure, remoteAddress }: HttpRequest, rule: PlaintextRule): boolean {
  return allowsPlaintext(rule, { isSecure, isLoopback: isLoopback(remoteAddress) });
}

function credentialsIn(field: string): Credentials | undefined {
  if (field.length > MAX_FIELD) return undefined;
  const [, scheme = '', value = ''] = /^(\w+) +([A-Za-z0-9\-._~+/]+=*)$/.exec(field) ?? [];
  if (scheme.toLowerCase() === 'bearer') return { kind: 'token', username: '', token: new Secret(value) };
  if (scheme.toLowerCase() !== 'basic') return undefined;
  const pair = Buffer.from(value, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  if (colon < 1) return undefined;
  const password = new Secret(pair.slice(colon + 1));
  return { kind: 'password', username: pair.slice(0, colon), password };
}

/** A script in a page is not to make the browser ask for a password with a window of its own. */
export function askToSignIn(
  { tokenTerms }: Pick<Authenticator, 'tokenTerms'>,
  { headers }: Pick<HttpRequest, 'headers'>,
  words = 'Sign in first.',
): HttpReply {
  const reply = text(401, `${words}\n`);
  if (headers['sec-fetch-dest'] === 'empty') return reply;
  const bearer = tokenTerms === undefined ? '' : ', Bearer realm="mail"';
  return {
    ...reply,
    headers: { ...reply.headers, 'www-authenticate': `Basic realm="mail", charset="UTF-8"${bearer}` },
  };
}

function refusal(error: MailboxError, options: AuthorizationOptions, request: HttpRequest): HttpReply {
  const { code, message } = error;
  const seconds = error instanceof Throttled ? error.waitSeconds : RETRY_SECONDS;
  const words = `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
  switch (code) {
    case 'throttled':
      return {
        ...text(429, `${words}\n`),
        headers: { 'retry-after': String(seconds), connection: 'close' },
      };
    case 'unavailable':
      return { ...text(503, `${words}\n`), headers: { 'retry-after': '5', connection: 'close' } };
    case 'forbidden':
      return { ...text(403, `${words}\n`), headers: { connection: 'close' } };
    default: {
      const asked = askToSignIn(options.authenticator, request, words);
      return { ...asked, headers: { ...asked.headers, connection: 'close' } };
    }
  }
}

function refused(reply: HttpReply): Verdict {
  return { kind: 'refused', reply };
}

function note(
  { activity, service }: AuthorizationOptions,
  noted: Map<string, number>,
  { request, who, mechanism }: { request: HttpRequest; who: Admission; mechanism: string },
): void {
  const { remoteAddress: remote, isSecure } = request;
  const { record, credential } = who;
  const agent = request.headers['user-agent'] ?? '';
  const key = createHash('sha256')
    .update(`${record.id} ${credential?.id} ${remote} ${agent}`)
    .digest('base64');
  const nowMs = performance.now();
  const isNew = nowMs - (noted.get(key) ?? Number.NEGATIVE_INFINITY) > NOTED_MS;
  if (!isNew) return;
  const [oldest] = noted.keys();
  if (noted.size >= MOST_NOTED && oldest !== undefined) noted.delete(oldest);
  noted.delete(key);
  noted.set(key, nowMs);
  const by = credential?.kind === 'app-password' ? { appPassword: credential.name ?? '' } : {};
  const client = agent === '' ? {} : { client: agent.slice(0, 200) };
  activity.note(record.address, 'signed in', {
    ...{ service, remote, tls: isSecure ? 'TLS' : 'none', mechanism, ...by, ...client },
  });
}
