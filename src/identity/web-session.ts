/**
 * What a browser that is signed in holds: a cookie's value that says whose session it is and proves it with 256 bits that nobody
 * can guess. Of these a plain digest is kept, as of app passwords. Pure; what is done with sessions is in `web-sessions.ts`.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Secret } from '../base/secret.ts';
import type { StoredCredential } from '../mailbox/model/credential.ts';
import { type AccountId, asAccountId } from '../mailbox/model/model.ts';

const SECRET_BYTES = 32;
const SCHEME = '{BREVDUVA-WEB}';
/** Account, dot, secret in base64url. */
const FORM = /^(\d{1,10})\.([A-Za-z0-9_-]{43})$/;

/** A link that signs in once has no service but this. */
export const LINK = 'link';

/** What a session was that began as one: its person has no password to show, and may choose one. */
const BY_LINK = 'by-link';
const CHOOSING_MS = 3_600_000;

export interface Token {
  readonly account: AccountId;
  readonly secret: Secret;
}

export function makeToken(account: AccountId): Token {
  return { account, secret: new Secret(randomBytes(SECRET_BYTES).toString('base64url')) };
}

export function tokenText({ account, secret }: Token): string {
  return `${account}.${secret.reveal()}`;
}

/** Undefined for what is none. */
export function parseToken(text: string): Token | undefined {
  const [, account, secret] = FORM.exec(text) ?? [];
  if (account === undefined || secret === undefined) return undefined;
  const number = Number(account);
  return number > 0 ? { account: asAccountId(number), secret: new Secret(secret) } : undefined;
}

export function digestOf(secret: Secret): string {
  return SCHEME + createHash('sha256').update(`web session ${secret.reveal()}`).digest('base64');
}

/** The session of this secret that has not ended. All are compared, whichever it is. */
export function findSession(
  credentials: readonly StoredCredential[],
  { secret }: Pick<Token, 'secret'>,
  { nowMs, isLink = false }: { readonly nowMs: number; readonly isLink?: boolean },
): StoredCredential | undefined {
  const wanted = Buffer.from(digestOf(secret));
  let found: StoredCredential | undefined;
  for (const one of credentials) {
    const kept = Buffer.from(one.secret);
    if (!isSession(one, isLink) || hasEnded(one, nowMs) || kept.length !== wanted.length) continue;
    if (timingSafeEqual(kept, wanted)) found = one;
  }
  return found;
}

export function isSession({ kind, services }: StoredCredential, isLink = false): boolean {
  return kind === 'web-session' && (services?.includes(LINK) ?? false) === isLink;
}

export function hasEnded({ expiresMs }: Pick<StoredCredential, 'expiresMs'>, nowMs: number): boolean {
  return expiresMs !== undefined && expiresMs <= nowMs;
}

export const BEGUN_BY_LINK: Pick<StoredCredential, 'services'> = Object.freeze({ services: [BY_LINK] });

/** Whether whoever has this session may set a password without the one before: for an hour after the link. */
export function mayChoosePassword({ services, createdMs }: StoredCredential, nowMs: number): boolean {
  return (services?.includes(BY_LINK) ?? false) && nowMs - createdMs < CHOOSING_MS;
}
