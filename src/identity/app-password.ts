/**
 * App passwords: made for one device or program, shown once, good for what they were made for, taken away without the
 * others noticing. Nobody chooses them: 20 of 32 letters are 100 bits, which no one guesses, also not from a stolen
 * database. So a plain digest keeps them, a sign-in costs no Argon2, and the account's password need not be in any device.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import type { Secret } from '../base/secret.ts';
import type { NewCredential, StoredCredential } from '../mailbox/model/credential.ts';
import { inGroups, lettersIn, makeLetters } from './letter-code.ts';

const LENGTH = 20;
const SCHEME = '{BREVDUVA-APP}';

/** What people sign in to. */
export const SERVICES = ['imap', 'jmap', 'pop3', 'submission', 'sieve'] as const;
export type Service = (typeof SERVICES)[number];

/** What one is for; everything that is absent is unlimited. */
export type NewAppPassword = Pick<NewCredential, 'services' | 'networks' | 'expiresMs'> & {
  readonly name: string;
};

export const MAX_APP_PASSWORDS = 50;
const MAX_NAME = 100;
const MAX_NETWORKS = 50;

/** `abcd-efgh-ijkl-mnop-qrst`. */
export function makeAppPassword(): Secret {
  return makeLetters(LENGTH);
}

/** What to keep of what was typed, or undefined when it cannot be an app password. Spaces and hyphens may be left out. */
export function appPasswordSecret(typed: Secret): string | undefined {
  const letters = lettersIn(typed, LENGTH);
  return letters === undefined
    ? undefined
    : SCHEME + createHash('sha256').update(`app password ${letters}`).digest('base64');
}

/** The ways to write one that a program may be given: as it is shown, and without hyphens. */
export function spellingsOf(password: Secret): string[] {
  const letters = password.reveal().toLowerCase().replace(/[\s-]/g, '');
  return [inGroups(letters), letters];
}

/** The one that was typed. All are compared, whichever it is. */
export function findAppPassword(
  credentials: readonly StoredCredential[],
  secret: string,
): StoredCredential | undefined {
  const wanted = Buffer.from(secret);
  let found: StoredCredential | undefined;
  for (const credential of credentials) {
    const kept = Buffer.from(credential.secret);
    if (credential.kind !== 'app-password' || kept.length !== wanted.length) continue;
    if (timingSafeEqual(kept, wanted)) found = credential;
  }
  return found;
}

export interface Place {
  readonly service: string;
  readonly remote: string;
  readonly nowMs: number;
}

/** Why the right app password does not let anybody in here, in words for its owner; undefined when it does. */
export function whyNotHere(credential: NewCredential, { service, remote, nowMs }: Place): string | undefined {
  const { name = '', services, networks, expiresMs } = credential;
  const it = `the app password "${name}"`;
  if (expiresMs !== undefined && expiresMs <= nowMs) return `${it} has expired; make a new one`;
  if (services !== undefined && !services.includes(service))
    return `${it} is for ${services.join(', ')}, not for ${service}`;
  if (networks !== undefined && !isWithin(networks, remote)) return `${it} is not for use from this network`;
  return undefined;
}

/** In words; undefined when there is none. */
export function problemWith({ name, services, networks, expiresMs }: NewAppPassword): string | undefined {
  if (!/^[^\p{Cc}\p{Cs}]+$/u.test(name) || name.trim() !== name || name.length > MAX_NAME)
    return `a name has 1 to ${MAX_NAME} characters, such as "Phone"`;
  const unknown = services?.find((service) => !SERVICES.some((known) => known === service));
  if (unknown !== undefined) return `nobody signs in to "${unknown}"; there are ${SERVICES.join(', ')}`;
  if (services?.length === 0) return `it would be good for nothing; name some of ${SERVICES.join(', ')}`;
  const wrong = networks?.find((network) => !isNetwork(network));
  if (wrong !== undefined) return `"${wrong}" is no network; write 192.0.2.0/24 or one address`;
  if (networks !== undefined && (networks.length === 0 || networks.length > MAX_NETWORKS))
    return `it can be for 1 to ${MAX_NETWORKS} networks`;
  if (expiresMs !== undefined && !Number.isSafeInteger(expiresMs)) return 'the day it expires is none';
  return undefined;
}

/** `192.0.2.0/24`, or one address. */
export function isNetwork(text: string): boolean {
  return networkOf(text) !== undefined;
}

function isWithin(networks: readonly string[], address: string): boolean {
  const list = new BlockList();
  for (const network of networks) {
    const parsed = networkOf(network);
    if (parsed !== undefined) list.addSubnet(parsed.address, parsed.bits, parsed.family);
  }
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

function networkOf(text: string) {
  const [, address = '', bits] = /^([0-9a-f.:]{2,45})(?:\/(\d{1,3}))?$/i.exec(text) ?? [];
  const version = isIP(address);
  if (version === 0) return undefined;
  const most = version === 4 ? 32 : 128;
  const wanted = bits === undefined ? most : Number(bits);
  return wanted > most
    ? undefined
    : { address, bits: wanted, family: version === 4 ? ('ipv4' as const) : ('ipv6' as const) };
}
