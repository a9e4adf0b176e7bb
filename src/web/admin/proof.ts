/**
 * That an administrator has typed the password a moment ago, for what must not be done by whoever finds a browser open: a word that the page
 * keeps while it is there, good for ten minutes, for this session alone and as long as the password is the same. Nothing is
 * stored: it follows from what the account keeps of the password, which every process knows.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { passwordIn } from '../../mailbox/model/credential.ts';
import type { SignedIn } from '../session-routes.ts';

const PROVEN_MS = 600_000;
const FORM = /^(\d{1,16})\.([A-Za-z0-9_-]{43})$/;

export interface Proof {
  readonly proof: string;
  readonly untilMs: number;
}

/** Undefined for an account without a password: it can prove nothing. */
export function makeProof(who: SignedIn, nowMs: number): Proof | undefined {
  const untilMs = nowMs + PROVEN_MS;
  const tag = tagOf(who, untilMs);
  return tag && { proof: `${untilMs}.${tag.toString('base64url')}`, untilMs };
}

export function isProof(who: SignedIn, text: string, nowMs: number): boolean {
  const [, until = '', given = ''] = FORM.exec(text) ?? [];
  const untilMs = Number(until);
  if (given === '' || untilMs <= nowMs || untilMs > nowMs + PROVEN_MS) return false;
  const tag = tagOf(who, untilMs);
  const claimed = Buffer.from(given, 'base64url');
  return tag !== undefined && claimed.length === tag.length && timingSafeEqual(claimed, tag);
}

function tagOf({ record, credential }: SignedIn, untilMs: number): Buffer | undefined {
  const password = passwordIn(record.credentials);
  if (password === undefined) return undefined;
  return createHmac('sha256', password.secret)
    .update(`administration ${record.id} ${credential.id} ${untilMs}`)
    .digest();
}
