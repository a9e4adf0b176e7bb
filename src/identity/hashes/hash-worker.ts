/**
 * The thread in which crypt strings are verified that only JavaScript knows how to: they take from milliseconds to
 * seconds, and in the main thread everybody would wait for them. One job at a time, one answer each.
 */
import { timingSafeEqual } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { hashSync } from 'bcryptjs';
import type { ForeignHash } from './foreign-hash.ts';
import { md5Crypt, shaCrypt } from './unix-crypt.ts';

export type CryptHash = Extract<ForeignHash, { kind: `${string}-crypt` | 'bcrypt' }>;

export interface HashJob {
  readonly hash: CryptHash;
  readonly password: string;
}

parentPort?.on('message', ({ hash, password }: HashJob) => {
  parentPort?.postMessage(isRight(hash, password));
});

function isRight(hash: CryptHash, password: string): boolean {
  if (hash.kind === 'bcrypt') return isRightBcrypt(password, hash.text);
  const octets = Buffer.from(password, 'utf8');
  const { salt, rounds } = hash;
  const algorithm = hash.kind === 'sha256-crypt' ? 'sha256' : 'sha512';
  const digest =
    hash.kind === 'md5-crypt' ? md5Crypt(octets, salt) : shaCrypt(octets, { algorithm, salt, rounds });
  return timingSafeEqual(Buffer.from(digest), Buffer.from(hash.digest));
}

/** The last 31 characters are the digest; of the salt before them some programs set bits that mean nothing. */
function isRightBcrypt(password: string, text: string): boolean {
  const made = hashSync(password, text.slice(0, 29));
  return timingSafeEqual(Buffer.from(made.slice(-31)), Buffer.from(text.slice(-31)));
}
