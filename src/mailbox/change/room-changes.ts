/** What is written down of how full an account is: what its owner was told, and since when mail is refused. No client sees it. */
import { settledRoom } from '../model/room.ts';
import type { WritableAccount } from '../state/account.ts';

export class RoomChanges {
  readonly #account: WritableAccount;
  readonly #takeModseq: () => void;
  /** Programs that show how full it is are told. */
  isTouched = false;
  /** What was refused for want of room would fit now. */
  isMade = false;

  constructor(account: WritableAccount, takeModseq: () => void) {
    this.#account = account;
    this.#takeModseq = takeModseq;
  }

  /** A message of so many octets found no room. */
  refused(bytes: number, nowMs: number): void {
    this.#touch();
    const { row } = this.#account;
    if (row.refusedSinceMs === 0) row.refusedSinceMs = nowMs;
    row.refusedBytes = Math.max(row.refusedBytes, bytes);
  }

  /** The owner is told in the same change. */
  told(level: number): void {
    this.#touch();
    this.#account.row.roomTold = level;
  }

  /** Limits have changed: what counts no more is forgotten. */
  renew(): void {
    this.#touch();
    this.settle();
  }

  /** At the end of each change of mail. */
  settle(): void {
    const { row } = this.#account;
    if (row.roomTold === 0 && row.refusedSinceMs === 0) return;
    const { limits, shared } = this.#account;
    const wasRefusing = row.refusedSinceMs > 0;
    Object.assign(row, settledRoom({ ...row, limits, shared }));
    if (wasRefusing && row.refusedSinceMs === 0) this.isMade = true;
  }

  #touch(): void {
    this.#takeModseq();
    this.isTouched = true;
  }
}
