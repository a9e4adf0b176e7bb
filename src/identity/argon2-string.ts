/**
 * Argon2 (RFC 9106) in the PHC string format: `$argon2id$v=19$m=19456,t=2,p=1$salt$digest`. Bounded: a string may come
 * from another system, and one that asks for more than this would stop the server.
 */
export type Argon2Variant = 'argon2d' | 'argon2i' | 'argon2id';

export interface Argon2Cost {
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
}

export interface Argon2String {
  readonly variant: Argon2Variant;
  readonly cost: Argon2Cost;
  readonly salt: Buffer;
  readonly digest: Buffer;
}

const MAX_MEMORY_KIB = 1_048_576;
const MAX_PASSES = 64;
/** A gigabyte four times over, a few seconds: libsodium's dearest setting. */
const MAX_WORK_KIB = 4 * MAX_MEMORY_KIB;
/** Version 1.3, the only one that Node.js has. */
const PHC =
  /^\$(argon2(?:id|i|d))\$v=19\$m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

export function parseArgon2(text: string): Argon2String | undefined {
  const match = PHC.exec(text);
  if (match === null) return undefined;
  const [, variant, memory, passes, lanes, salt, digest] = match as unknown as string[];
  const cost = { memoryKiB: Number(memory), passes: Number(passes), lanes: Number(lanes) };
  const isSane =
    cost.lanes >= 1 &&
    cost.memoryKiB >= 8 * cost.lanes &&
    cost.memoryKiB <= MAX_MEMORY_KIB &&
    cost.passes >= 1 &&
    cost.passes <= MAX_PASSES &&
    cost.memoryKiB * cost.passes <= MAX_WORK_KIB;
  if (!isSane) return undefined;
  return {
    variant: variant as Argon2Variant,
    cost,
    salt: Buffer.from(salt as string, 'base64'),
    digest: Buffer.from(digest as string, 'base64'),
  };
}

export function formatArgon2({ variant, cost, salt, digest }: Argon2String): string {
  const parameters = `m=${cost.memoryKiB},t=${cost.passes},p=${cost.lanes}`;
  return `$${variant}$v=19$${parameters}$${unpadded(salt)}$${unpadded(digest)}`;
}

/** The PHC format's base64 has no padding. */
function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
