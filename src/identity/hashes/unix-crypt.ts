/**
 * The digest part of Unix crypt strings made by iterating a hash function: `$1$` (MD5, after Poul-Henning Kamp), `$5$` and
 * `$6$` (SHA-256 and SHA-512, after Ulrich Drepper's "Unix crypt using SHA-256 and SHA-512"). Pure and synchronous;
 * a million rounds take about a second, so it runs in `hash-worker.ts`.
 *
 * Passwords are octets of any length. Salts are taken as they stand in the string; whoever reads it has bounded both the
 * salt and the rounds.
 */
import { hash } from 'node:crypto';

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const MD5_ROUNDS = 1000;

/** The last group is written alone; where groups have fewer than three octets, `-1` stands for none. */
const MD5_ORDER: readonly (readonly number[])[] = [
  [0, 6, 12],
  [1, 7, 13],
  [2, 8, 14],
  [3, 9, 15],
  [4, 10, 5],
  [-1, -1, 11],
];

export function md5Crypt(password: Buffer, salt: string): string {
  const saltBytes = Buffer.from(salt, 'latin1');
  const inner = hash('md5', Buffer.concat([password, saltBytes, password]), 'buffer');
  const start = [password, Buffer.from('$1$'), saltBytes, repeated(inner, password.length)];
  for (let bits = password.length; bits > 0; bits >>>= 1) {
    start.push(bits & 1 ? Buffer.alloc(1) : password.subarray(0, 1));
  }
  let digest = hash('md5', Buffer.concat(start), 'buffer');
  for (let round = 0; round < MD5_ROUNDS; round++) {
    const parts = [round & 1 ? password : digest];
    if (round % 3 !== 0) parts.push(saltBytes);
    if (round % 7 !== 0) parts.push(password);
    parts.push(round & 1 ? digest : password);
    digest = hash('md5', Buffer.concat(parts), 'buffer');
  }
  return encoded(digest, MD5_ORDER);
}

export interface ShaCrypt {
  readonly algorithm: 'sha256' | 'sha512';
  readonly salt: string;
  readonly rounds: number;
}

/** The steps carry the numbers of Drepper's text. */
export function shaCrypt(password: Buffer, { algorithm, salt, rounds }: ShaCrypt): string {
  const digestOf = (...parts: readonly Buffer[]): Buffer => hash(algorithm, Buffer.concat(parts), 'buffer');
  const saltBytes = Buffer.from(salt, 'latin1');
  // 1 to 12
  const inner = digestOf(password, saltBytes, password);
  const start = [password, saltBytes, repeated(inner, password.length)];
  for (let bits = password.length; bits > 0; bits >>>= 1) start.push(bits & 1 ? inner : password);
  let digest = digestOf(...start);
  // 13 to 16
  const p = repeated(digestOf(...Array<Buffer>(password.length).fill(password)), password.length);
  // 17 to 20
  const s = repeated(
    digestOf(...Array<Buffer>(16 + (digest[0] as number)).fill(saltBytes)),
    saltBytes.length,
  );
  // 21: what is hashed depends on the round modulo 42 but for the digest before it.
  const work = Buffer.alloc(2 * p.length + s.length + digest.length);
  for (let round = 0; round < rounds; round++) {
    let at = (round & 1 ? p : digest).copy(work, 0);
    if (round % 3 !== 0) at += s.copy(work, at);
    if (round % 7 !== 0) at += p.copy(work, at);
    at += (round & 1 ? digest : p).copy(work, at);
    digest = hash(algorithm, work.subarray(0, at), 'buffer');
  }
  return encoded(digest, algorithm === 'sha256' ? SHA256_ORDER : SHA512_ORDER);
}

/** 22: three octets at a time, each group a rotation of the one before. */
const SHA256_ORDER: readonly (readonly number[])[] = [
  ...Array.from({ length: 10 }, (_, i) => rotated([i, i + 10, i + 20], 2 * i)),
  [-1, 31, 30],
];
const SHA512_ORDER: readonly (readonly number[])[] = [
  ...Array.from({ length: 21 }, (_, i) => rotated([i, i + 21, i + 42], i)),
  [-1, -1, 63],
];

function rotated(group: readonly number[], by: number): number[] {
  return group.map((_, i) => group[(i + by) % group.length] as number);
}

/** `length` octets of `block` after `block`. */
function repeated(block: Buffer, length: number): Buffer {
  return Buffer.alloc(length, length === 0 ? undefined : block);
}

function encoded(digest: Buffer, order: readonly (readonly number[])[]): string {
  let text = '';
  for (const group of order) {
    let bits = 0;
    let octets = 0;
    for (const at of group) {
      bits = (bits << 8) | (at < 0 ? 0 : (digest[at] as number));
      if (at >= 0) octets++;
    }
    for (let i = Math.ceil((octets * 8) / 6); i > 0; i--) {
      text += ALPHABET.charAt(bits & 63);
      bits >>>= 6;
    }
  }
  return text;
}
