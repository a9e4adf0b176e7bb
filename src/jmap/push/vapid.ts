/**
 * Who it is that pushes (RFC 8292): a key pair by which push services tell this server from others. It is made once and kept in a
 * file for this user alone, since programs bind what they subscribe to at a push service to it (RFC 9749); with another pair all of
 * that would be good for nothing.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Capability } from '../capabilities.ts';
import { VAPID } from '../capabilities.ts';

/** A push service takes a day at most (RFC 8292 §2). */
const GOOD_FOR_MS = 12 * 60 * 60_000;

export class Vapid {
  /** Base64url: a point of P-256 without compression. */
  readonly publicKey: string;
  readonly #key: KeyObject;
  readonly #subject: string;

  private constructor(key: KeyObject, subject: string) {
    this.#key = key;
    this.#subject = subject;
    this.publicKey = pointOf(key);
  }

  /** `subject`: where push services find whoever runs the server. Throws when the file is there and is no key of P-256. */
  static open(path: string, subject: string): Vapid {
    const pem = read(path) ?? make(path);
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
      throw new Error(`${path} holds no key of P-256; put it back as it was`);
    return new Vapid(key, subject);
  }

  /** RFC 9749. */
  get capability(): Capability {
    return { uri: VAPID, ofSession: { applicationServerKey: this.publicKey } };
  }

  /** The Authorization field of a request to this address (RFC 8292 §3). */
  async authorization(url: string, nowMs: number): Promise<string> {
    // When something is first pushed: it is slow to load.
    const { SignJWT } = await import('jose');
    const token = await new SignJWT()
      .setProtectedHeader({ typ: 'JWT', alg: 'ES256' })
      .setAudience(new URL(url).origin)
      .setExpirationTime(Math.floor((nowMs + GOOD_FOR_MS) / 1000))
      .setSubject(this.#subject)
      .sign(this.#key);
    return `vapid t=${token}, k=${this.publicKey}`;
  }
}

function pointOf(key: KeyObject): string {
  const { x = '', y = '' } = createPublicKey(key).export({ format: 'jwk' });
  return Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]).toString(
    'base64url',
  );
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Of several processes that start at once the pair of one is everybody's. */
function make(path: string): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const beside = `${path}.${randomBytes(6).toString('hex')}.new`;
  writeFileSync(beside, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flush: true });
  try {
    linkSync(beside, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(beside, { force: true });
  }
  return readFileSync(path, 'utf8');
}
