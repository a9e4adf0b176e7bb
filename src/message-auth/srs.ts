/**
 * The sender's address of mail that is passed on, so that its new hop may send it and a bounce finds the way back (SRS0 of the
 * Sender Rewriting Scheme): `SRS0=HHHH=TT=example.org=anna@ours.example`. Pure.
 *
 * The hash is an HMAC over time, domain and local part in any case (the way back may have folded them), so nobody can have us send a bounce
 * to an address of his choice; after `DAYS` it is no longer taken.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../base/secret.ts';

export const DAYS = 7;
const DAY_MS = 86_400_000;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const CYCLE = 1024;
/** Of base32: 40 bits. A guess costs a message, and a hit one bounce to a stranger. */
const HASH_LENGTH = 8;
/** RFC 5321 §4.5.3.1.1. */
const MAX_LOCAL_PART = 64;
const FORM = /^srs0[=+-]([a-z2-7]{8})=([a-z2-7]{2})=([^=]+)=(.+)$/i;

export interface SrsSettings {
  readonly secret: Secret;
  /** Where the way back leads: a domain whose mail comes to us. */
  readonly domain: string;
}

/**
 * The rewritten address. `<>` stays `<>`, and an address of `domain` itself as it is. Undefined when the result would be longer than an
 * address may be: then the forward is not made, or goes out from an address of ours.
 */
export function srsForward(
  sender: string,
  { secret, domain }: SrsSettings,
  nowMs: number,
): string | undefined {
  const at = sender.lastIndexOf('@');
  if (at < 0) return sender === '' ? '' : undefined;
  const [local, host] = [sender.slice(0, at), sender.slice(at + 1)];
  if (host.toLowerCase() === domain.toLowerCase()) return sender;
  if (local === '' || host === '' || host.includes('=')) return undefined;
  const time = stamp(Math.floor(nowMs / DAY_MS));
  const rewritten = `SRS0=${hashOf(secret, time, host, local)}=${time}=${host}=${local}`;
  return rewritten.length > MAX_LOCAL_PART || !isPlain(local) ? undefined : `${rewritten}@${domain}`;
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
  const [, hash, time, host, local] = FORM.exec(recipient.slice(0, Math.max(at, 0))) ?? [];
  if (hash === undefined || time === undefined || host === undefined || local === undefined)
    return { kind: 'foreign' };
  const right = Buffer.from(hashOf(secret, time, host, local));
  if (!timingSafeEqual(right, Buffer.from(hash.toUpperCase()))) return { kind: 'forged' };
  const age = (Math.floor(nowMs / DAY_MS) - dayOf(time) + 2 * CYCLE) % CYCLE;
  return age > DAYS ? { kind: 'expired' } : { kind: 'address', address: `${local}@${host}` };
}

function hashOf(secret: Secret, time: string, host: string, local: string): string {
  const text = [time, host, local].map((part) => part.toLowerCase()).join('=');
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
