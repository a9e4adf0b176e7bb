/**
 * The keys of session tickets (RFC 5077, RFC 8446 §4.6.1). A ticket is all that a server knows of a TLS session, encrypted
 * for itself: whoever gets the key can read every session that was recorded since the key was made. So a key serves for a
 * day, and for a second day opens the tickets it has made; then it is gone. A phone that comes back within a day keeps its
 * short handshake, also over a new certificate: the keys outlive the contexts.
 *
 * Node.js takes one key for the life of a context, or asks a callback, which it has for its own tests and documents
 * nowhere. Where that is missing, tickets have the key of the context, as before.
 */
import { randomBytes } from 'node:crypto';
import type { SecureContext } from 'node:tls';

const DAY_MS = 86_400_000;
const KEY_BYTES = 16;

interface TicketKey {
  /** Sent with each ticket, in the clear. */
  readonly name: Buffer;
  readonly hmac: Buffer;
  readonly aes: Buffer;
  readonly madeMs: number;
}

/** What OpenSSL does with the answer: 0 a full handshake, 1 go on, 2 go on and give out a new ticket. */
type Verdict = 0 | 1 | 2;
type KeyAnswer = readonly [Verdict, hmac: Buffer, aes: Buffer, name: Buffer, iv: Buffer];

interface NativeContext {
  enableTicketKeyCallback?(): void;
  onticketkeycallback?(name: Buffer, iv: Buffer, isNew: boolean): KeyAnswer;
}

/** For other processes on the same ports: a client comes back to any of them. */
export type SharedTicketKey = Readonly<Record<'name' | 'hmac' | 'aes', string>> & { readonly madeMs: number };

/** The one in use, the one before it, and one of our own from before the others were heard of. */
const MAX_KEYS = 3;

export class TicketKeys {
  readonly #nowMs: () => number;
  /** The one in use first, then the one before it. */
  #keys: readonly TicketKey[] = [];
  /** A new one is in use. */
  onFresh: (key: SharedTicketKey) => void = () => {};

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
  }

  serve(context: SecureContext): void {
    const native = context.context as NativeContext;
    if (native.enableTicketKeyCallback === undefined) return;
    native.onticketkeycallback = (name, iv, isNew) => this.#answer(name, iv, isNew);
    native.enableTicketKeyCallback();
  }

  /** The one in use; made now when there is none. */
  shared(): SharedTicketKey {
    return sharedForm(this.#current()[0]);
  }

  /** Another process's, which is in use from now on. */
  hear({ name, hmac, aes, madeMs }: SharedTicketKey): void {
    const bytes = (text: string): Buffer => Buffer.from(text, 'base64');
    const heard: TicketKey = { name: bytes(name), hmac: bytes(hmac), aes: bytes(aes), madeMs };
    const others = this.#keys.filter((key) => !key.name.equals(heard.name));
    this.#keys = [heard, ...others].slice(0, MAX_KEYS);
  }

  #answer(name: Buffer, iv: Buffer, isNew: boolean): KeyAnswer {
    const [current, ...before] = this.#current();
    if (isNew) return [1, current.hmac, current.aes, current.name, randomBytes(KEY_BYTES)];
    const key = [current, ...before].find((one) => one.name.equals(name));
    if (key === undefined) return [0, current.hmac, current.aes, name, iv];
    return [key === current ? 1 : 2, key.hmac, key.aes, key.name, iv];
  }

  /** Made anew when its day is over. A server that nobody called for two days forgets both. */
  #current(): readonly [TicketKey, ...TicketKey[]] {
    const nowMs = this.#nowMs();
    const [current] = this.#keys;
    const ageMs = current === undefined ? Number.POSITIVE_INFINITY : Math.abs(nowMs - current.madeMs);
    if (current !== undefined && ageMs < DAY_MS) return [current, ...this.#keys.slice(1)];
    const [name, hmac, aes] = [randomBytes(KEY_BYTES), randomBytes(KEY_BYTES), randomBytes(KEY_BYTES)];
    const fresh: TicketKey = { name, hmac, aes, madeMs: nowMs };
    const keys: readonly [TicketKey, ...TicketKey[]] =
      current !== undefined && ageMs < 2 * DAY_MS ? [fresh, current] : [fresh];
    this.#keys = keys;
    this.onFresh(sharedForm(fresh));
    return keys;
  }
}

function sharedForm({ name, hmac, aes, madeMs }: TicketKey): SharedTicketKey {
  const text = (bytes: Buffer): string => bytes.toString('base64');
  return { name: text(name), hmac: text(hmac), aes: text(aes), madeMs };
}
