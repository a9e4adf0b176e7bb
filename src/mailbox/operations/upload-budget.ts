/**
 * Messages on their way in, that no quota counts yet: how many octets of them there may be, of one account and in all.
 * Octets are reserved before they are written, so that a hundred half-sent messages of the largest size cannot fill
 * the disk, nor an account be filled beyond its quota by messages that are never finished.
 */
import { MailboxError } from '../model/errors.ts';
import type { AccountId } from '../model/model.ts';

export interface UploadLimits {
  readonly accountBytes: number;
  readonly totalBytes: number;
}

export interface Reservation {
  /** Makes it larger by so much. Throws MailboxError `limit`; then it is as large as before. */
  grow(bytes: number): void;
  /** Gives it back; may be called again. */
  release(): void;
}

export class UploadBudget {
  readonly #limits: UploadLimits;
  readonly #perAccount = new Map<AccountId, number>();
  #total = 0;

  constructor(limits: UploadLimits) {
    this.#limits = limits;
  }

  get totalBytes(): number {
    return this.#total;
  }

  accountBytes(account: AccountId): number {
    return this.#perAccount.get(account) ?? 0;
  }

  /** For a message of an account, or, without one, of somebody who delivers to many. Throws MailboxError `limit`. */
  reserve(account: AccountId | undefined, bytes: number): Reservation {
    this.#add(account, bytes);
    let reserved = bytes;
    return {
      grow: (more) => {
        this.#add(account, more);
        reserved += more;
      },
      release: () => {
        this.#take(account, reserved);
        reserved = 0;
      },
    };
  }

  #add(account: AccountId | undefined, bytes: number): void {
    if (account !== undefined && this.accountBytes(account) + bytes > this.#limits.accountBytes) {
      throw new MailboxError(
        'limit',
        'too much of this account is being uploaded at this moment; try again later',
      );
    }
    if (this.#total + bytes > this.#limits.totalBytes) {
      throw new MailboxError('limit', 'too many messages are coming in at this moment; try again later');
    }
    this.#total += bytes;
    if (account !== undefined) this.#perAccount.set(account, this.accountBytes(account) + bytes);
  }

  #take(account: AccountId | undefined, bytes: number): void {
    this.#total -= bytes;
    if (account === undefined) return;
    const left = this.accountBytes(account) - bytes;
    if (left > 0) this.#perAccount.set(account, left);
    else this.#perAccount.delete(account);
  }
}
