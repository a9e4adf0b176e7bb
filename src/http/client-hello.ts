/**
 * What a TLS client says first (RFC 8446 §4.1.2), read before the handshake: whom it wants (SNI) and which protocols it offers
 * (ALPN). Pure; only what is needed to tell an ACME authority that checks a name (RFC 8737 §3) from everybody else.
 */
export type HelloRead =
  | { readonly kind: 'hello'; readonly serverName: string | undefined; readonly protocols: readonly string[] }
  | { readonly kind: 'incomplete' }
  /** No TLS, or more than is looked at: whoever shakes hands will say what is wrong. */
  | { readonly kind: 'other' };

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const ALPN = 16;
const MAX_HELLO_BYTES = 16 * 1024;

export function readClientHello(octets: Buffer): HelloRead {
  if (octets.length > 0 && octets[0] !== HANDSHAKE) return { kind: 'other' };
  const message = handshakeMessage(octets);
  if (message === undefined) return { kind: octets.length > MAX_HELLO_BYTES ? 'other' : 'incomplete' };
  try {
    return readHello(new Cursor(message));
  } catch {
    return { kind: 'other' };
  }
}

/** It may come in several records (RFC 8446 §5.1). */
function handshakeMessage(octets: Buffer): Buffer | undefined {
  const parts: Buffer[] = [];
  let at = 0;
  let have = 0;
  while (at + 5 <= octets.length && octets[at] === HANDSHAKE) {
    const length = octets.readUInt16BE(at + 3);
    const part = octets.subarray(at + 5, at + 5 + length);
    parts.push(part);
    have += part.length;
    at += 5 + length;
  }
  if (have < 4) return undefined;
  const whole = Buffer.concat(parts);
  return whole.length >= 4 + whole.readUIntBE(1, 3) ? whole : undefined;
}

function readHello(cursor: Cursor): HelloRead {
  if (cursor.take(1)[0] !== CLIENT_HELLO) return { kind: 'other' };
  const hello = new Cursor(cursor.vector(3));
  // Version and random, session, cipher suites, compression.
  hello.take(34);
  hello.vector(1);
  hello.vector(2);
  hello.vector(1);
  let serverName: string | undefined;
  const protocols: string[] = [];
  const extensions = new Cursor(hello.vector(2));
  while (!extensions.isAtEnd) {
    const type = extensions.take(2).readUInt16BE();
    const data = new Cursor(extensions.vector(2));
    if (type === SERVER_NAME && !data.isAtEnd) {
      const list = new Cursor(data.vector(2));
      if (list.take(1)[0] === 0) serverName = list.vector(2).toString('latin1').toLowerCase();
    }
    if (type !== ALPN) continue;
    const list = new Cursor(data.vector(2));
    while (!list.isAtEnd) protocols.push(list.vector(1).toString('latin1'));
  }
  return { kind: 'hello', serverName, protocols };
}

class Cursor {
  readonly #octets: Buffer;
  #at = 0;

  constructor(octets: Buffer) {
    this.#octets = octets;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#octets.length;
  }

  take(count: number): Buffer {
    if (this.#at + count > this.#octets.length) throw new RangeError('cut short');
    this.#at += count;
    return this.#octets.subarray(this.#at - count, this.#at);
  }

  /** Octets behind their number, which has `width` octets. */
  vector(width: 1 | 2 | 3): Buffer {
    return this.take(this.take(width).readUIntBE(0, width));
  }
}
