/**
 * Stored passwords: Argon2id (RFC 9106) in the PHC string format, `$argon2id$v=19$m=19456,t=2,p=1$salt$digest`. The cost
 * (19 MiB, two passes) stands in each string, so it can be raised later and old strings still verify.
 *
 * At most two hashes run at a time, because they take threads of the pool that the store's syncs need; the queue before
 * them has an end (`GateFull`), or a flood of guesses would hold memory and delay everybody.
 */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { Semaphore } from '../base/gate.ts';
import type { Secret } from '../base/secret.ts';

export interface PasswordCost {
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
}

export const DEFAULT_COST: PasswordCost = Object.freeze({ memoryKiB: 19_456, passes: 2, lanes: 1 });

const CONCURRENT = 2;
const MAX_WAITING = 500;
const SALT_BYTES = 16;
const DIGEST_BYTES = 32;
/** A stored string may come from another system; one that asks for more than this would stop the server. */
const MAX_MEMORY_KIB = 1_048_576;
const MAX_PASSES = 64;
const PHC =
  /^\$argon2id\$v=19\$m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

const derive = promisify(argon2);

interface Phc {
  readonly cost: PasswordCost;
  readonly salt: Buffer;
  readonly digest: Buffer;
}

export class Passwords {
  readonly #cost: PasswordCost;
  readonly #gate = new Semaphore(CONCURRENT, MAX_WAITING);

  constructor(cost: PasswordCost = DEFAULT_COST) {
    this.#cost = cost;
  }

  async hash(password: Secret): Promise<string> {
    const salt = randomBytes(SALT_BYTES);
    const digest = await this.#derive(password, {
      cost: this.#cost,
      salt,
      digest: Buffer.alloc(DIGEST_BYTES),
    });
    return format({ cost: this.#cost, salt, digest });
  }

  /** False for a string that is none; the time depends on the cost in the string alone. */
  async verify(password: Secret, stored: string): Promise<boolean> {
    const phc = parse(stored);
    if (phc === undefined) return false;
    return timingSafeEqual(await this.#derive(password, phc), phc.digest);
  }

  /** A string that costs as much to verify as a stored one and that no password fits. */
  decoy(): string {
    return format({ cost: this.#cost, salt: randomBytes(SALT_BYTES), digest: randomBytes(DIGEST_BYTES) });
  }

  /** The string was made with a lower cost than today's. */
  needsRehash(stored: string): boolean {
    const phc = parse(stored);
    if (phc === undefined) return true;
    const { memoryKiB, passes } = phc.cost;
    return memoryKiB < this.#cost.memoryKiB || passes < this.#cost.passes || phc.digest.length < DIGEST_BYTES;
  }

  #derive(password: Secret, { cost, salt, digest }: Phc): Promise<Buffer> {
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

/** True for a string that `verify` can work with: for imports of accounts with their hashes. */
export function isPasswordHash(stored: string): boolean {
  return parse(stored) !== undefined;
}

function parse(stored: string): Phc | undefined {
  const match = PHC.exec(stored);
  if (match === null) return undefined;
  const [, memory, passes, lanes, salt, digest] = match as unknown as string[];
  const cost = { memoryKiB: Number(memory), passes: Number(passes), lanes: Number(lanes) };
  const isSane =
    cost.lanes >= 1 &&
    cost.memoryKiB >= 8 * cost.lanes &&
    cost.memoryKiB <= MAX_MEMORY_KIB &&
    cost.passes >= 1 &&
    cost.passes <= MAX_PASSES;
  if (!isSane) return undefined;
  return {
    cost,
    salt: Buffer.from(salt as string, 'base64'),
    digest: Buffer.from(digest as string, 'base64'),
  };
}

function format({ cost, salt, digest }: Phc): string {
  const parameters = `m=${cost.memoryKiB},t=${cost.passes},p=${cost.lanes}`;
  return `$argon2id$v=19$${parameters}$${unpadded(salt)}$${unpadded(digest)}`;
}

/** The PHC format's base64 has no padding. */
function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
