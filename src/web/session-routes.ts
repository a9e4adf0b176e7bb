/**
 * Signing in to the webmail and out of it, and who is signed in. A password goes the way of all sign-ins, through the same throttle;
 * what comes back is a cookie, or, where the account has a second step, the ways in which that can be taken: then the page asks for it and comes again
 * with all it has, so nothing is kept of somebody who is half signed in. An app password is for mail programs: whoever has one is not to change the
 * account here.
 */
import { z } from 'zod';
import { isLoopback } from '../base/ip-address.ts';
import { Secret } from '../base/secret.ts';
import { noteWho } from '../http/asking.ts';
import type { HttpReply, HttpRequest, Route } from '../http/exchange.ts';
import { AccountClosed } from '../identity/account-closed.ts';
import type { Admission } from '../identity/attempt.ts';
import { hasPasskeys } from '../identity/passkeys.ts';
import { isAdmin } from '../identity/role.ts';
import { mayChoosePassword } from '../identity/web-session.ts';
import type { BegunSession, Device } from '../identity/web-sessions.ts';
import { isClosed } from '../mailbox/model/access.ts';
import type { StoredCredential } from '../mailbox/model/credential.ts';
import { MAX_PASSWORD_BYTES } from '../sasl/mechanism.ts';
import { allowsPlaintext } from '../sasl/plaintext.ts';
import { clearCookie, cookieIn, setCookie } from './cookie.ts';
import { COOKIE } from './cookie-judge.ts';
import { deviceName } from './device-name.ts';
import { getJson, json, postJson, refusal } from './json-route.ts';
import { preferencesOf } from './preferences.ts';
import { askedFor, type SecondStep, SIGNED, STEP, siteOf } from './second-step.ts';
import { SERVICE, type WebServices } from './services.ts';

const SIGN_IN = z.strictObject({
  address: z.string().min(1).max(320),
  password: z.string().max(MAX_PASSWORD_BYTES),
  isOwnDevice: z.boolean(),
  ...STEP,
});
const LINK = z.strictObject({ token: z.string().max(100), ...STEP });
const PASSKEY = z.strictObject({ passkey: SIGNED, isOwnDevice: z.boolean() });
const NOTHING = z.strictObject({});
/** A browser forgets nothing that it should not keep: pages, storage, caches. */
const CLEAR = { 'clear-site-data': '"cache", "storage"' };

export type SignedIn = Admission & { readonly credential: StoredCredential };

export function sessionRoutes(services: WebServices): readonly Route[] {
  return [
    postJson('/web/sign-in', SIGN_IN, (body, request) => signIn(services, body, request)),
    postJson('/web/sign-in-link', LINK, (body, request) => signInByLink(services, body, request)),
    postJson('/web/sign-in-passkey', PASSKEY, (body, request) => signInByPasskey(services, body, request)),
    postJson('/web/passkey/begin', NOTHING, (_, request) => beginPasskey(services, request)),
    postJson('/web/sign-out', NOTHING, (_, request) => signOut(services, request)),
    getJson('/web/session', (request) => session(services, request)),
  ];
}

/** Whose cookie came with this request; undefined for nobody's. Whether it counts is another question (`own-site.ts`). */
export async function signedIn(
  { sessions }: { readonly sessions: Pick<WebServices['sessions'], 'find'> },
  request: HttpRequest,
): Promise<SignedIn | undefined> {
  const cookie = cookieIn(request);
  const who = cookie === undefined ? undefined : await sessions.find(cookie);
  if (who !== undefined) noteWho(request, who, COOKIE);
  return who;
}

export function deviceOf({ headers, remoteAddress }: HttpRequest, isOwnDevice: boolean): Device {
  return { name: deviceName(headers['user-agent']), remote: remoteAddress, isOwnDevice };
}

/** Why a password may not come this way; undefined when it may. */
export function plaintextFault(
  { settings }: Pick<WebServices, 'settings'>,
  request: HttpRequest,
): HttpReply | undefined {
  const channel = { isSecure: request.isSecure, isLoopback: isLoopback(request.remoteAddress) };
  return allowsPlaintext(settings.plaintext, channel) ? undefined : refusal(403, 'not-secure');
}

async function signIn(
  services: WebServices,
  { address, password, isOwnDevice, ...step }: z.infer<typeof SIGN_IN>,
  request: HttpRequest,
): Promise<HttpReply> {
  const fault = plaintextFault(services, request);
  if (fault !== undefined) return fault;
  const credentials = { kind: 'password' as const, username: address, password: new Secret(password) };
  const attempt = { credentials, remoteAddress: request.remoteAddress, service: SERVICE, mechanism: SERVICE };
  const who = await services.authenticator.authenticate(attempt).catch((error: unknown) => {
    if (error instanceof AccountClosed) return undefined;
    throw error;
  });
  if (who === undefined) return refusal(403, 'closed');
  if (who.credential?.kind === 'app-password') return refusal(403, 'app-password');
  const second = await askedFor(services, who.record, step, request);
  if ('reply' in second) return second.reply;
  const hasSecondStep = second.taken !== undefined;
  const begun = await services.sessions.begin({ ...who, hasSecondStep }, deviceOf(request, isOwnDevice));
  return welcome(services, begun, request, { mechanism: SERVICE, ...second });
}

async function signInByLink(
  services: WebServices,
  { token, ...step }: z.infer<typeof LINK>,
  request: HttpRequest,
): Promise<HttpReply> {
  const fault = plaintextFault(services, request);
  if (fault !== undefined) return fault;
  const owner = await services.sessions.ownerOf(token);
  const second = owner === undefined ? {} : await askedFor(services, owner, step, request);
  if ('reply' in second) return second.reply;
  const begun = await services.sessions.redeem(token, deviceOf(request, false));
  return welcome(services, begun, request, { mechanism: 'link', ...second });
}

async function beginPasskey({ passkeys }: WebServices, request: HttpRequest): Promise<HttpReply> {
  const site = siteOf(request);
  return hasPasskeys(site) ? json(200, await passkeys.beginSignIn(site)) : refusal(422, 'cannot');
}

/** Without a password: the key has looked who holds it. */
async function signInByPasskey(
  services: WebServices,
  { passkey, isOwnDevice }: z.infer<typeof PASSKEY>,
  request: HttpRequest,
): Promise<HttpReply> {
  const fault = plaintextFault(services, request);
  if (fault !== undefined) return fault;
  const { passkeys, sessions } = services;
  const owner = await passkeys.ownerOf(passkey);
  const attempt = { remoteAddress: request.remoteAddress, service: SERVICE, mechanism: 'passkey' };
  const credential = await passkeys.prove(owner, passkey, {
    ...attempt,
    site: siteOf(request),
    isAlone: true,
  });
  if (owner === undefined || isClosed(owner)) return refusal(403, 'closed');
  const who = { record: owner, credential, hasSecondStep: true };
  return welcome(services, await sessions.begin(who, deviceOf(request, isOwnDevice)), request, attempt);
}

function welcome(
  services: WebServices,
  begun: BegunSession,
  request: HttpRequest,
  { mechanism, taken }: { readonly mechanism: string } & SecondStep,
): HttpReply {
  const { record, session: credential } = begun;
  noteWho(request, { record }, mechanism);
  services.activity.note(record.address, 'signed in', {
    ...{ service: SERVICE, remote: request.remoteAddress, tls: request.isSecure ? 'TLS' : 'none', mechanism },
    device: credential.name ?? '',
    ...(taken === undefined ? {} : { secondStep: taken }),
  });
  return json(200, factsOf(services, { record, credential }), {
    'set-cookie': cookieFor(services, request, begun),
  });
}

/** Until the browser closes, unless the device is the person's own. */
export function cookieFor(
  { clock }: WebServices,
  request: HttpRequest,
  { session, token }: Pick<BegunSession, 'session' | 'token'>,
): string {
  const { isOwnDevice = false, expiresMs = 0 } = session;
  return setCookie(request, token, isOwnDevice ? (expiresMs - clock.nowMs()) / 1000 : undefined);
}

async function signOut(services: WebServices, request: HttpRequest): Promise<HttpReply> {
  const who = await signedIn(services, request);
  if (who !== undefined) await services.sessions.end(who.record.id, who.credential.id);
  return { status: 204, headers: { ...CLEAR, 'set-cookie': clearCookie(request) } };
}

async function session(services: WebServices, request: HttpRequest): Promise<HttpReply> {
  const who = await signedIn(services, request);
  if (who === undefined) {
    // No error: whoever has not signed in yet asks this too. A cookie that is good for nothing leaves nothing behind.
    const gone = cookieIn(request) === undefined ? {} : { ...CLEAR, 'set-cookie': clearCookie(request) };
    return { status: 204, headers: gone };
  }
  const hasMoved = await services.sessions.used(who, request.remoteAddress);
  const again = hasMoved ? await signedIn(services, request) : undefined;
  const cookie =
    again && cookieFor(services, request, { session: again.credential, token: cookieIn(request) ?? '' });
  return json(200, factsOf(services, who), cookie === undefined ? {} : { 'set-cookie': cookie });
}

function factsOf({ settings, clock }: WebServices, { record, credential }: SignedIn): object {
  return {
    address: record.address,
    isOwnDevice: credential.isOwnDevice ?? false,
    /** What it calls itself where it says what it found out about a mail (RFC 8601 §2.5). */
    hostname: settings.hostname,
    preferences: preferencesOf(record.settings),
    ...(isAdmin(record) && { isAdmin: true }),
    ...(mayChoosePassword(credential, clock.nowMs()) && { mayChoosePassword: true }),
  };
}
