/**
 * The sender's address of mail that is passed on, so that its new hop may send it and a bounce finds the way back (Sender Rewriting
 * Scheme): `SRS0=HHHHHH=TT=example.org=anna@ours.example`. Mail that others have rewritten before goes back to the first of them:
 * `SRS1=HHHHHH=first.example==hhhh=tt=example.org=anna@ours.example`, however many hops there are. Pure.
 *
 * The hash is an HMAC over what follows it in any case of letters (the way back may have folded them), so nobody can have us send a bounce to an
 * address of his choice. After `DAYS` ours is no longer taken; of SRS1 the first hop judges the age.
 *
 * A local part should have 64 octets at most (RFC 5321 §4.5.3.1.1) and may get longer here: hardly a server minds, and the other
 * ways are to lose the bounce or the mail.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../base/secret.ts';

export const DAYS = 7;
const DAY_MS = 86_400_000;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const CYCLE = 1024;
/** Of base32: 30 bits. A guess costs a message, and a hit is one bounce to a stranger. */
const HASH_LENGTH = 6;
/** A path with its brackets has 256 octets at most (RFC 5321 §4.5.3.1.3). */
const MAX_ADDRESS = 254;
const OURS = /^srs0[=+-]([a-z2-7]{6})=([a-z2-7]{2})=([^=]+)=(.+)$/i;
const OURS_AGAIN = /^srs1[=+-]([a-z2-7]{6})=([^=]+)=([=+-].+)$/i;
/** Of anybody: what follows the word, its separator with it. */
const REWRITTEN = /^srs0([=+-].+)$/i;
const REWRITTEN_AGAIN = /^srs1[=+-][^=]+=([^=]+)=([=+-].+)$/i;

export interface SrsSettings {
  readonly secret: Secret;
  /** Where the way back leads: a domain whose mail comes to us. */
  readonly domain: string;
}

/**
 * The rewritten address. `<>` stays `<>`, and an address of `domain` itself as it is. Undefined for what is no address, or needs
 * quotes, or would be longer than an address may be: then it goes out from an address of ours, or not.
 */
export function srsForward(sender: string, settings: SrsSettings, nowMs: number): string | undefined {
  const { secret, domain } = settings;
  const at = sender.lastIndexOf('@');
  if (at < 0) return sender === '' ? '' : undefined;
  const [local, host] = [sender.slice(0, at), sender.slice(at + 1)];
  if (host.toLowerCase() === domain.toLowerCase()) return sender;
  if (host === '' || host.includes('=') || !isPlain(local)) return undefined;
  const rewritten = `${again(local, host, secret) ?? once(local, host, secret, nowMs)}@${domain}`;
  return rewritten.length > MAX_ADDRESS ? undefined : rewritten;
}

function once(local: string, host: string, secret: Secret, nowMs: number): string {
  const time = stamp(Math.floor(nowMs / DAY_MS));
  return `SRS0=${hashOf(secret, time, host, local)}=${time}=${host}=${local}`;
}

function again(local: string, host: string, secret: Secret): string | undefined {
  const [, rest] = REWRITTEN.exec(local) ?? [];
  if (rest !== undefined) return `SRS1=${hashOf(secret, host, rest)}=${host}=${rest}`;
  const [, first, further] = REWRITTEN_AGAIN.exec(local) ?? [];
  if (first === undefined || further === undefined) return undefined;
  return `SRS1=${hashOf(secret, first, further)}=${first}=${further}`;
}

export type SrsReverse =
  | { readonly kind: 'address'; readonly address: string }
  /** No address of ours of this form. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'forged' }
  | { readonly kind: 'expired' };

/** Whom a bounce to a rewritten address is for. */
export function srsReverse(recipient: string, { secret, domain }: SrsSettings, nowMs: number): SrsReverse {
  const at = recipient.lastIndexOf('@');
  if (recipient.slice(at + 1).toLowerCase() !== domain.toLowerCase()) return { kind: 'foreign' };
  const name = recipient.slice(0, Math.max(at, 0));
  const [, hash, time, host, local] = OURS.exec(name) ?? [];
  if (hash !== undefined && time !== undefined && host !== undefined && local !== undefined) {
    if (!isRight(hash, hashOf(secret, time, host, local))) return { kind: 'forged' };
    const age = (Math.floor(nowMs / DAY_MS) - dayOf(time) + 2 * CYCLE) % CYCLE;
    return age > DAYS ? { kind: 'expired' } : { kind: 'address', address: `${local}@${host}` };
  }
  const [, againHash, first, rest] = OURS_AGAIN.exec(name) ?? [];
  if (againHash === undefined || first === undefined || rest === undefined) return { kind: 'foreign' };
  if (!isRight(againHash, hashOf(secret, first, rest))) return { kind: 'forged' };
  return { kind: 'address', address: `SRS0${rest}@${first}` };
}

function isRight(said: string, right: string): boolean {
  return timingSafeEqual(Buffer.from(right), Buffer.from(said.toUpperCase()));
}

function hashOf(secret: Secret, ...parts: readonly string[]): string {
  const text = parts.map((part) => part.toLowerCase()).join('=');
  const digest = createHmac('sha256', secret.reveal()).update(text).digest();
  return Array.from(digest.subarray(0, HASH_LENGTH), (octet) => ALPHABET[octet % 32]).join('');
}

/** Days modulo 1024, in two letters. */
function stamp(day: number): string {
  const of = ((day % CYCLE) + CYCLE) % CYCLE;
  return `${ALPHABET[of >> 5]}${ALPHABET[of & 31]}`;
}

function dayOf(letters: string): number {
  const [high, low] = [...letters.toUpperCase()].map((letter) => ALPHABET.indexOf(letter));
  return (high ?? 0) * 32 + (low ?? 0);
}

/** RFC 5321 §4.1.2 `Dot-string`: what needs quotes would need them anew. */
function isPlain(local: string): boolean {
  return /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~.]+$/.test(local) && !/^\.|\.\.|\.$/.test(local);
}
