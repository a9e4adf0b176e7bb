/**
 * What SCRAM keeps of a password instead of it (RFC 5802 §3, RFC 7677): StoredKey, against which a client's proof is checked,
 * and ServerKey, with which the server proves that it has it. Neither lets anybody sign in; whoever steals them can try
 * passwords at the cost of `iterations`.
 */
import { createHash, createHmac, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';

export type ScramHash = 'sha256' | 'sha1';

export interface ScramKeys {
  readonly stored: Buffer;
  readonly server: Buffer;
}

/** What a client's proof is checked with. All passwords of an account have one salt and one count. */
export interface AccountKeys {
  readonly salt: Buffer;
  readonly iterations: number;
  /** One for each spelling of each password; none for an account that there is not. */
  readonly candidates: readonly (ScramKeys & { readonly credential: number })[];
}

const DIGEST_BYTES: Readonly<Record<ScramHash, number>> = { sha256: 32, sha1: 20 };
const derive = promisify(pbkdf2);

/** `password` in its prepared spelling (`preparePassword`), which is what a client computes with. Runs in the thread pool. */
export async function deriveScramKeys(
  hash: ScramHash,
  password: string,
  { salt, iterations }: Pick<AccountKeys, 'salt' | 'iterations'>,
): Promise<ScramKeys> {
  const salted = await derive(password, salt, iterations, DIGEST_BYTES[hash], hash);
  return {
    stored: digest(hash, hmac(hash, salted, 'Client Key')),
    server: hmac(hash, salted, 'Server Key'),
  };
}

export function hmac(hash: ScramHash, key: Buffer, text: string): Buffer {
  return createHmac(hash, key).update(text).digest();
}

export function digest(hash: ScramHash, bytes: Buffer): Buffer {
  return createHash(hash).update(bytes).digest();
}
