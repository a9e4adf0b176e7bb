/**
 * What is pushed, encrypted for the one program that asked for it (RFC 8291): a push service passes it on and cannot read it. One
 * record of `aes128gcm` (RFC 8188), with a key pair and a salt that are used once.
 */
import { createCipheriv, createECDH, hkdfSync, randomBytes } from 'node:crypto';

export interface PushKeys {
  /** Base64url, padded or not: a point of P-256 without compression. */
  readonly p256dh: string;
  /** Base64url: 16 octets. */
  readonly auth: string;
}

/** Of whoever sends; made for each message. */
export interface OnceOnly {
  readonly privateKey: Buffer;
  readonly salt: Buffer;
}

const POINT_BYTES = 65;
const AUTH_BYTES = 16;
const RECORD_BYTES = 4096;
const LAST_RECORD = Buffer.from([2]);
/** What a push service has to take (RFC 8030 §7.2), less salt, sizes, point, delimiter and tag. */
export const MAX_PLAIN_BYTES = RECORD_BYTES - (16 + 4 + 1 + POINT_BYTES) - 1 - 16;

/** Whether somebody could read what is encrypted for these. */
export function arePushKeys({ p256dh, auth }: PushKeys): boolean {
  const [point, secret] = [Buffer.from(p256dh, 'base64url'), Buffer.from(auth, 'base64url')];
  if (point.length !== POINT_BYTES || point[0] !== 4 || secret.length !== AUTH_BYTES) return false;
  try {
    freshPair().computeSecret(point);
    return true;
  } catch {
    return false;
  }
}

/** At most `MAX_PLAIN_BYTES`. */
export function encryptPush(text: Buffer, { p256dh, auth }: PushKeys, once?: OnceOnly): Buffer {
  const pair = once === undefined ? freshPair() : pairOf(once.privateKey);
  const salt = once?.salt ?? randomBytes(16);
  const theirs = Buffer.from(p256dh, 'base64url');
  const ours = pair.getPublicKey();
  // RFC 8291 §3.4.
  const about = Buffer.concat([Buffer.from('WebPush: info\0'), theirs, ours]);
  const shared = derived(pair.computeSecret(theirs), Buffer.from(auth, 'base64url'), about, 32);
  const key = derived(shared, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
  const nonce = derived(shared, salt, Buffer.from('Content-Encoding: nonce\0'), 12);
  const cipher = createCipheriv('aes-128-gcm', key, nonce);
  const sealed = [cipher.update(Buffer.concat([text, LAST_RECORD])), cipher.final(), cipher.getAuthTag()];
  const size = Buffer.alloc(4);
  size.writeUInt32BE(RECORD_BYTES);
  return Buffer.concat([salt, size, Buffer.from([ours.length]), ours, ...sealed]);
}

function derived(secret: Buffer, salt: Buffer, about: Buffer, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, about, bytes));
}

function freshPair(): ReturnType<typeof createECDH> {
  const pair = createECDH('prime256v1');
  pair.generateKeys();
  return pair;
}

function pairOf(privateKey: Buffer): ReturnType<typeof createECDH> {
  const pair = createECDH('prime256v1');
  pair.setPrivateKey(privateKey);
  return pair;
}
