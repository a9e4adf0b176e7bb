/** An identity as it is kept: JSON of what its owner may set, and the address (RFC 8621 §6). */

import type { SetError } from '../core/fault.ts';
import { invalidProperties } from '../core/fault.ts';
import { isList, isObject, type Json, type JsonObject } from '../core/json.ts';

export interface IdentityAddress {
  readonly name: string | null;
  readonly email: string;
}

export interface IdentityValue {
  readonly email: string;
  readonly name: string;
  readonly replyTo: readonly IdentityAddress[] | null;
  readonly bcc: readonly IdentityAddress[] | null;
  readonly textSignature: string;
  readonly htmlSignature: string;
  /** It is there because the account has the address, and as long as it has. */
  readonly isGiven: boolean;
}

const MAX_NAME = 500;
const MAX_ADDRESSES = 100;
const MAX_SIGNATURE_BYTES = 64 * 1024;
const CONTROL = /[\0-\x1f\x7f\u2028\u2029]/u;

export function givenIdentity(email: string): IdentityValue {
  const empty = { name: '', replyTo: null, bcc: null, textSignature: '', htmlSignature: '' };
  return { email, ...empty, isGiven: true };
}

export function readIdentity(value: Buffer): IdentityValue {
  return JSON.parse(value.toString()) as IdentityValue;
}

export function writeIdentity(value: IdentityValue): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** Of what a client sets. Throws `SetError` that names all that is wrong. */
export function settable(object: JsonObject): Partial<Omit<IdentityValue, 'email' | 'isGiven'>> {
  const faults: string[] = [];
  const out: Record<string, Json> = {};
  for (const [property, value] of Object.entries(object)) {
    const read = Object.hasOwn(READERS, property)
      ? READERS[property as keyof typeof READERS](value ?? null)
      : undefined;
    if (read === undefined) faults.push(property);
    else out[property] = read;
  }
  if (faults.length > 0) throw wrong(faults);
  return out as Partial<Omit<IdentityValue, 'email' | 'isGiven'>>;
}

export function wrong(properties: readonly string[]): SetError {
  return invalidProperties(
    properties.slice(0, 50),
    `cannot be set so: ${properties.slice(0, 5).join(', ').slice(0, 300)}`,
  );
}

/** Undefined for what cannot be. */
const READERS = {
  name: (value: Json) =>
    value === null
      ? ''
      : typeof value === 'string' && value.length <= MAX_NAME && !CONTROL.test(value)
        ? value
        : undefined,
  replyTo: addresses,
  bcc: addresses,
  textSignature: signature,
  htmlSignature: signature,
};

function signature(value: Json): Json | undefined {
  if (value === null) return '';
  return typeof value === 'string' && Buffer.byteLength(value) <= MAX_SIGNATURE_BYTES ? value : undefined;
}

function addresses(value: Json): Json | undefined {
  if (value === null) return null;
  if (!isList(value) || value.length > MAX_ADDRESSES) return undefined;
  const all: Json[] = [];
  for (const one of value) {
    if (!isObject(one) || typeof one.email !== 'string' || !/^[^\s@]+@[^\s@]+$/.test(one.email))
      return undefined;
    const { name = null, email } = one;
    if (CONTROL.test(email) || (name !== null && (typeof name !== 'string' || CONTROL.test(name))))
      return undefined;
    if (Object.keys(one).some((key) => key !== 'name' && key !== 'email')) return undefined;
    all.push({ name, email });
  }
  return all;
}
