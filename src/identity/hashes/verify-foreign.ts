/**
 * Whether a password fits the string of another server. What OpenSSL computes runs in Node.js's thread pool, what only
 * JavaScript can compute in a thread of its own; the event loop does neither.
 *
 * Other servers hash the octets that the client sent, and the same letters can be sent in several ways: a Mac composes
 * them otherwise than a PC. So up to four spellings are tried, one for passwords that are plain ASCII.
 */
import { argon2, createHmac, hash as digestOf, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { Secret } from '../../base/secret.ts';
import { preparePassword } from '../../sasl/prepare.ts';
import type { ForeignHash } from './foreign-hash.ts';
import type { HashThread } from './hash-thread.ts';

const deriveArgon2 = promisify(argon2);
const derivePbkdf2 = promisify(pbkdf2);

export type Verifiable = Exclude<ForeignHash, { kind: 'plain' }>;

export async function verifyForeign(typed: Secret, hash: Verifiable, thread: HashThread): Promise<boolean> {
  for (const password of spellings(typed)) if (await fits(password, hash, thread)) return true;
  return false;
}

function spellings(typed: Secret): Secret[] {
  const text = typed.reveal();
  const all = new Set([text, text.normalize('NFC'), text.normalize('NFD'), preparePassword(text)]);
  // Some server stored the hash of nothing; nobody gets in with nothing here.
  all.delete('');
  return [...all].map((one) => new Secret(one));
}

async function fits(password: Secret, hash: Verifiable, thread: HashThread): Promise<boolean> {
  const octets = Buffer.from(password.reveal(), 'utf8');
  switch (hash.kind) {
    case 'digest':
      return timingSafeEqual(
        digestOf(hash.algorithm, Buffer.concat([octets, hash.salt]), 'buffer'),
        hash.digest,
      );
    case 'pbkdf2':
      return timingSafeEqual(await pbkdf2Digest(octets, hash), hash.digest);
    case 'argon2':
      return timingSafeEqual(await argon2Digest(octets, hash), hash.digest);
    default:
      return thread.verify(hash, password);
  }
}

async function pbkdf2Digest(octets: Buffer, hash: Verifiable & { kind: 'pbkdf2' }): Promise<Buffer> {
  const { algorithm, salt, rounds, digest, isScram } = hash;
  const salted = await derivePbkdf2(octets, salt, rounds, digest.length, algorithm);
  if (!isScram) return salted;
  // RFC 5802 §3: StoredKey := H(HMAC(SaltedPassword, "Client Key"))
  return digestOf(algorithm, createHmac(algorithm, salted).update('Client Key').digest(), 'buffer');
}

function argon2Digest(message: Buffer, hash: Verifiable & { kind: 'argon2' }): Promise<Buffer> {
  return deriveArgon2(hash.variant, {
    message,
    nonce: hash.salt,
    parallelism: hash.cost.lanes,
    tagLength: hash.digest.length,
    memory: hash.cost.memoryKiB,
    passes: hash.cost.passes,
  });
}
