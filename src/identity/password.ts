/**
 * Stored passwords: Argon2id, see `argon2-string.ts`. The cost (19 MiB, two passes) stands in each string, so it can be
 * raised later and old strings still verify. A string of another server (`hashes/`) verifies as well, until the first
 * sign-in puts our own in its place.
 *
 * At most two hashes run at a time, because they take threads of the pool that the store's syncs need; the queue before
 * them has an end (`GateFull`), or a flood of guesses would hold memory and delay everybody. Foreign strings wait in a
 * line of their own: they may be dear, and nobody else is to wait for them.
 */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { Semaphore } from '../base/gate.ts';
import type { Secret } from '../base/secret.ts';
import { type Argon2Cost, type Argon2String, formatArgon2, parseArgon2 } from './argon2-string.ts';
import { type ForeignHash, parseForeignHash } from './hashes/foreign-hash.ts';
import { HashThread } from './hashes/hash-thread.ts';
import { type Verifiable, verifyForeign } from './hashes/verify-foreign.ts';

export type PasswordCost = Argon2Cost;

export const DEFAULT_COST: PasswordCost = Object.freeze({ memoryKiB: 19_456, passes: 2, lanes: 1 });

const CONCURRENT = 2;
const MAX_WAITING = 500;
const SALT_BYTES = 16;
const DIGEST_BYTES = 32;

const derive = promisify(argon2);

export class Passwords {
  readonly #cost: PasswordCost;
  readonly #gate = new Semaphore(CONCURRENT, MAX_WAITING);
  readonly #foreignGate = new Semaphore(1, MAX_WAITING);
  readonly #thread = new HashThread();

  constructor(cost: PasswordCost = DEFAULT_COST) {
    this.#cost = cost;
  }

  async hash(password: Secret): Promise<string> {
    const empty = { variant: 'argon2id', cost: this.#cost, digest: Buffer.alloc(DIGEST_BYTES) } as const;
    const salt = randomBytes(SALT_BYTES);
    return formatArgon2({ ...empty, salt, digest: await this.#derive(password, { ...empty, salt }) });
  }

  /**
   * False for a string that is none; the time depends on the string alone, and is never less than that of our own. For a
   * foreign string give the password as it was typed, see `comparesAsTyped`.
   */
  async verify(password: Secret, stored: string): Promise<boolean> {
    const own = ownString(stored);
    if (own !== undefined) return timingSafeEqual(await this.#derive(password, own), own.digest);
    const foreign = foreignHash(stored);
    if (foreign === undefined) return false;
    // Both, or the time would tell an account that has not signed in yet from one that does not exist.
    const [isRight] = await Promise.all([
      this.#foreignGate.run(() => verifyForeign(password, foreign, this.#thread)),
      this.verify(password, this.decoy()),
    ]);
    return isRight;
  }

  /** A string that costs as much to verify as a stored one and that no password fits. */
  decoy(): string {
    return formatArgon2({
      variant: 'argon2id',
      cost: this.#cost,
      salt: randomBytes(SALT_BYTES),
      digest: randomBytes(DIGEST_BYTES),
    });
  }

  /** The string is another server's, or was made with a lower cost than today's. */
  needsRehash(stored: string): boolean {
    const own = ownString(stored);
    if (own === undefined) return true;
    const { memoryKiB, passes } = own.cost;
    return memoryKiB < this.#cost.memoryKiB || passes < this.#cost.passes || own.digest.length < DIGEST_BYTES;
  }

  #derive(password: Secret, { cost, salt, digest }: Argon2String): Promise<Buffer> {
    return this.#gate.run(() =>
      derive('argon2id', {
        message: Buffer.from(password.reveal(), 'utf8'),
        nonce: salt,
        parallelism: cost.lanes,
        tagLength: digest.length,
        memory: cost.memoryKiB,
        passes: cost.passes,
      }),
    );
  }
}

/** True for a string that `verify` can work with. */
export function isPasswordHash(stored: string): boolean {
  return ownString(stored) !== undefined || foreignHash(stored) !== undefined;
}

/**
 * Our own strings are made of the password in its prepared spelling (`preparePassword`), those of other servers of
 * whatever the client sent.
 */
export function comparesAsTyped(stored: string): boolean {
  return stored.startsWith('{');
}

function ownString(stored: string): Argon2String | undefined {
  const own = parseArgon2(stored);
  return own?.variant === 'argon2id' ? own : undefined;
}

function foreignHash(stored: string): Verifiable | undefined {
  const hash: ForeignHash | { kind: 'refused' } | undefined = comparesAsTyped(stored)
    ? parseForeignHash(stored)
    : undefined;
  return hash === undefined || hash.kind === 'refused' || hash.kind === 'plain' ? undefined : hash;
}
