/**
 * The tokens of authorized URLs (RFC 4467 §3, mechanism INTERNAL): made from what stands before them and from the key of the
 * mailbox, which follows from a secret of this data folder, the mailbox, and what its owner has put behind it since (RESETKEY).
 * No key is kept anywhere.
 *
 * A token has two halves. The first depends on the secret alone, so that a URL that was made up is told from one that was made
 * here before any account is looked for: whoever guesses learns nothing, neither by the answer nor by the time it takes, and
 * brings no account into memory. The second depends on the mailbox's key as well.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../../base/secret.ts';
import type { AccountId, MailboxId } from '../../mailbox/model/model.ts';

/** Whose key it is. */
export interface KeyOwner {
  readonly account: AccountId;
  readonly mailbox: MailboxId;
  /** What has been put behind it, for all mailboxes of the account and for this one. */
  readonly generations: readonly (Buffer | undefined)[];
}

/** The way of making tokens, so that another can come. */
const VERSION = '01';
const HALF_BYTES = 16;

export class UrlAuthority {
  readonly #secret: Buffer;

  constructor(secret: Secret) {
    this.#secret = createHmac('sha256', secret.reveal()).update('urlauth').digest();
  }

  token(rump: string, owner: KeyOwner): string {
    return VERSION + half(this.#secret, rump) + half(this.#keyOf(owner), rump);
  }

  /** Whether it was made here, for some mailbox. */
  isMadeHere(rump: string, token: string): boolean {
    return isSame(firstOf(token), VERSION + half(this.#secret, rump));
  }

  /** Whether it was made with the key that the mailbox has now. */
  isValid(rump: string, token: string, owner: KeyOwner): boolean {
    return isSame(token.toLowerCase(), this.token(rump, owner));
  }

  #keyOf({ account, mailbox, generations }: KeyOwner): Buffer {
    const hmac = createHmac('sha256', this.#secret).update(`${account} ${mailbox}`);
    for (const generation of generations) hmac.update(` ${generation?.toString('hex') ?? ''}`);
    return hmac.digest();
  }
}

function half(key: Buffer, rump: string): string {
  return createHmac('sha256', key).update(rump, 'latin1').digest().subarray(0, HALF_BYTES).toString('hex');
}

function firstOf(token: string): string {
  return token.toLowerCase().slice(0, VERSION.length + 2 * HALF_BYTES);
}

/** In the same time for every other of the same length. */
function isSame(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
