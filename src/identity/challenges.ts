/**
 * Challenges that keys sign (WebAuthn §13.4.3): made by us, good for five minutes and for one purpose. Nothing of them is kept: each
 * carries when it was made, and proves that it was. A passkey remembers the moment of the last one that it has signed here and takes
 * none from before, so each is signed with success once, at whichever process it comes back.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const GOOD_MS = 300_000;
const HEAD_BYTES = 16;
const TAG_BYTES = 32;

export class Challenges {
  readonly #key: string;

  /** `key`: of this data folder, the same in all its processes. */
  constructor(key: string) {
    this.#key = key;
  }

  /** `purpose`: for what, and for whom, as far as that is known. */
  make(purpose: string, nowMs: number): Buffer {
    const head = randomBytes(HEAD_BYTES);
    head.writeBigUInt64BE(BigInt(nowMs));
    return Buffer.concat([head, this.#tagOf(head, purpose)]);
  }

  /** When it was made; undefined for one that is not ours, is for something else, or is too old. `text` in base64url. */
  madeMs(text: string, purpose: string, nowMs: number): number | undefined {
    const octets = Buffer.from(text, 'base64url');
    if (octets.length !== HEAD_BYTES + TAG_BYTES) return undefined;
    const head = octets.subarray(0, HEAD_BYTES);
    if (!timingSafeEqual(octets.subarray(HEAD_BYTES), this.#tagOf(head, purpose))) return undefined;
    const madeMs = Number(head.readBigUInt64BE());
    return nowMs - madeMs < GOOD_MS ? madeMs : undefined;
  }

  #tagOf(head: Buffer, purpose: string): Buffer {
    return createHmac('sha256', this.#key)
      .update(`challenge of a passkey for ${purpose} `)
      .update(head)
      .digest();
  }
}
