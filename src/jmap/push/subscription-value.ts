/** A push subscription as it is kept: JSON of what its maker said, and the code by which the address proves that it wants to be told. */
import { randomBytes } from 'node:crypto';
import type { BelongingRow } from '../../mailbox/model/belongings.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import {
  list,
  matching,
  optional,
  type Reader,
  ReadFault,
  readTable,
  record,
  type Table,
  text,
  utcDate,
  type Values,
} from '../core/arguments.ts';
import { invalidProperties } from '../core/fault.ts';
import type { JsonObject } from '../core/json.ts';
import { arePushKeys, type PushKeys } from './push-encryption.ts';

export interface SubscriptionValue {
  readonly deviceClientId: string;
  readonly url: string;
  readonly keys: PushKeys | null;
  /** Undefined: all. */
  readonly types?: readonly string[] | undefined;
  readonly expiresMs: number;
  readonly code: string;
  readonly isVerified: boolean;
  /** The number of what was signed in with; the subscription ends with it. Undefined for a token of an issuer. */
  readonly credential?: number | undefined;
}

export interface Subscription {
  readonly id: number;
  readonly value: SubscriptionValue;
}

/** An account may have so many at once. */
export const MAX_SUBSCRIPTIONS = 15;
const MOST_MS = 7 * 86_400_000;
const MAX_URL = 2048;
const MAX_TYPES = 50;

const BASE64URL = /^[A-Za-z0-9_-]{1,200}={0,2}$/;

const keys: Reader<PushKeys> = (value) => {
  const part: Reader<string> = (one) => matching(one, BASE64URL, 'base64url');
  const read = record({ p256dh: part, auth: part })(value);
  if (!arePushKeys(read)) throw new ReadFault('expected a public key of P-256 and a secret of 16 octets');
  return read;
};

/** RFC 8620 §7.2: it begins with `https://`. Where it leads is judged with each request. */
const url: Reader<string> = (value) => {
  const read = text(value);
  const parsed = read.length > MAX_URL || !read.startsWith('https://') ? null : URL.parse(read);
  if (parsed === null || parsed.username !== '' || parsed.password !== '')
    throw new ReadFault(`expected an https address of at most ${MAX_URL} characters`);
  return read;
};

const types: Reader<readonly string[]> = (value) => {
  const read = list((one) => matching(one, /^\w{1,64}$/, 'a type'))(value);
  if (read.length > MAX_TYPES) throw new ReadFault(`at most ${MAX_TYPES} types`);
  return [...new Set(read)];
};

const nothing: Reader<undefined> = (value) => {
  if (value !== undefined && value !== null) throw new ReadFault('it is set when it was pushed');
};

const ON_CREATE = {
  deviceClientId: (value) => matching(value, /^[^\0-\x1f\x7f]{1,255}$/u, 'a short text'),
  url,
  keys: optional(keys),
  types: optional(types),
  expires: optional(utcDate),
  verificationCode: nothing,
} satisfies Table;

const ON_UPDATE = {
  verificationCode: optional(text),
  types: optional(types),
  expires: optional(utcDate),
} satisfies Table;

/** Throws `SetError` that names all that is wrong. */
export function newSubscription(
  object: JsonObject,
  nowMs: number,
  credential: number | undefined,
): SubscriptionValue {
  const { deviceClientId, url, keys, types, expires } = readOrThrow(object, ON_CREATE);
  return {
    ...{ deviceClientId, url, keys: keys ?? null, types, credential },
    expiresMs: expiryOf(expires, nowMs),
    code: randomBytes(18).toString('base64url'),
    isVerified: false,
  };
}

/** Throws `SetError`: also for a code that is not the one that was pushed. */
export function changedSubscription(
  value: SubscriptionValue,
  patch: JsonObject,
  nowMs: number,
): SubscriptionValue {
  const read = readOrThrow(patch, ON_UPDATE);
  if (read.verificationCode !== undefined && read.verificationCode !== value.code)
    throw invalidProperties(['verificationCode'], 'that is not the code that was pushed');
  return {
    ...value,
    isVerified: value.isVerified || read.verificationCode !== undefined,
    ...(Object.hasOwn(patch, 'types') ? { types: read.types } : {}),
    ...(Object.hasOwn(patch, 'expires') ? { expiresMs: expiryOf(read.expires, nowMs) } : {}),
  };
}

/** In whole seconds; a date behind us ends it at once. */
function expiryOf(wantedMs: number | undefined, nowMs: number): number {
  const mostMs = nowMs + MOST_MS;
  return Math.floor(Math.min(wantedMs ?? mostMs, mostMs) / 1000) * 1000;
}

function readOrThrow<T extends Table>(object: JsonObject, table: T): Values<T> {
  const { values, faults } = readTable(object, table);
  const [first] = faults;
  if (first === undefined) return values;
  const names = faults.map(({ name }) => name.split('/', 1)[0] ?? '');
  throw invalidProperties([...new Set(names)].slice(0, 50), `${first.name}: ${first.text}`);
}

export function writeSubscription(value: SubscriptionValue): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** Undefined of what is something else, or gone. */
export function subscriptionIn(row: BelongingRow | undefined): Subscription | undefined {
  if (row?.kind !== 'push' || row.value === undefined) return undefined;
  return { id: row.id, value: JSON.parse(row.value.toString()) as SubscriptionValue };
}

/** Ascending by number. Belongings are loaded before. */
export function subscriptionsOf(account: Pick<AccountState, 'belongings'>): readonly Subscription[] {
  return [...(account.belongings?.values() ?? [])].flatMap((row) => subscriptionIn(row) ?? []);
}

/** Its time is not over, and what was signed in with is still good. */
export function isAlive(
  { value }: Subscription,
  account: Pick<AccountState, 'record'>,
  nowMs: number,
): boolean {
  if (value.expiresMs <= nowMs) return false;
  const { credential } = value;
  return credential === undefined || account.record.credentials.some(({ id }) => id === credential);
}
