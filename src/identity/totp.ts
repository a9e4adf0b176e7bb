/**
 * Codes of six digits that a device makes from a shared secret and the time (RFC 6238), by `otpauth`: SHA-1, half a minute, as all apps
 * have it. One step before and after is taken, for clocks that differ; that a step is taken once is `second-steps.ts`'s matter.
 */
import { Secret as Key, TOTP } from 'otpauth';
import { Secret } from '../base/secret.ts';

const PERIOD_SECONDS = 30;
const DIGITS = 6;
/** 160 bits, as RFC 4226 §4 R6 recommends. */
const KEY_BYTES = 20;
const KEY = /^[A-Z2-7]{32}$/;
const CODE = /^\d{6}$/;
const WINDOW = 1;

/** In base32, as people type it. */
export function makeKey(): Secret {
  return new Secret(new Key({ size: KEY_BYTES }).base32);
}

/** Undefined for what we have not made. */
export function keyIn(text: string): Secret | undefined {
  return KEY.test(text) ? new Secret(text) : undefined;
}

/** What an app reads from the picture: `otpauth://totp/...`. */
export function keyUri(key: Secret, address: string, issuer: string): Secret {
  return new Secret(makerOf(key, address, issuer).toString());
}

/** Without the spaces that apps show in it; undefined when it cannot be one. */
export function codeIn(typed: Secret): string | undefined {
  const digits = typed.reveal().replace(/\s/g, '');
  return CODE.test(digits) ? digits : undefined;
}

/** The step of time that this code is of; undefined when it is of none that is near. */
export function stepOf(key: Secret, code: string, nowMs: number): number | undefined {
  const delta = makerOf(key).validate({ token: code, timestamp: nowMs, window: WINDOW });
  return delta === null ? undefined : Math.floor(nowMs / 1000 / PERIOD_SECONDS) + delta;
}

function makerOf(key: Secret, label = '', issuer = ''): TOTP {
  const secret = Key.fromBase32(key.reveal());
  return new TOTP({ issuer, label, secret, algorithm: 'SHA1', digits: DIGITS, period: PERIOD_SECONDS });
}
