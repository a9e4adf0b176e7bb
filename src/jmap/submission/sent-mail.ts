/**
 * Told of each attempt of the queue: what has left goes to its place and its submission says so, at once and not when somebody asks.
 * Attempts of a moment are looked at together. What is not told here is found when somebody asks.
 */
import type { Log } from '../../base/log.ts';
import type { Domain } from '../../mailbox/domain.ts';
import type { BelongingRow } from '../../mailbox/model/belongings.ts';
import type { AccountId } from '../../mailbox/model/model.ts';
import { type OutgoingId, outgoingAccount } from '../../mailbox/model/outgoing.ts';
import { loadBelongings } from '../../mailbox/state/belongings.ts';
import { tellsOfMail } from '../../submission/submission-gist.ts';
import { readSubmission } from './submission-value.ts';
import { bringUpToDate } from './up-to-date.ts';

const GATHER_MS = 100;

export class SentMail {
  readonly #domain: Domain;
  readonly #log: Log;
  readonly #waiting = new Set<AccountId>();
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;

  constructor(domain: Domain, log: Log) {
    this.#domain = domain;
    this.#log = log;
  }

  tried(id: OutgoingId): void {
    this.#domain.turns.outbox.noteNews(id);
    this.#waiting.add(outgoingAccount(id));
    this.#lookSoon();
  }

  /** What was killed between an attempt and this is found at the next start. */
  saw(account: AccountId, rows: readonly BelongingRow[]): void {
    const nowMs = this.#domain.clock.nowMs();
    const isOpen = (row: BelongingRow): boolean => {
      if (!tellsOfMail(row) || row.value === undefined) return false;
      const submission = readSubmission(row.value);
      return submission.undoStatus === 'pending' && submission.sendAtMs <= nowMs;
    };
    if (!rows.some(isOpen)) return;
    this.#waiting.add(account);
    this.#lookSoon();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#waiting.clear();
  }

  /** When the one that is under way has ended: of an account where much waits each takes longer than mail takes to leave. */
  #lookSoon(): void {
    if (this.#isLooking) return;
    this.#timer ??= setTimeout(() => void this.#lookAtAll(), GATHER_MS).unref();
  }

  async #lookAtAll(): Promise<void> {
    this.#timer = undefined;
    this.#isLooking = true;
    await this.#look();
    this.#isLooking = false;
    if (this.#waiting.size > 0) this.#lookSoon();
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    const accounts = [...this.#waiting];
    this.#waiting.clear();
    const { accounts: known, turns } = this.#domain;
    for (const id of accounts) {
      try {
        const account = await known.open(id);
        const all = await loadBelongings(this.#domain, account);
        if ([...all.values()].some(tellsOfMail)) await bringUpToDate(this.#domain, account);
        else turns.outbox.forgetNews(id, turns.outbox.newsOf(id));
      } catch (err) {
        // Whoever loads it looks at everything.
        if (known.peek(id) === undefined) turns.outbox.forgetNews(id, turns.outbox.newsOf(id));
        this.#log.warn({ err, account: id }, 'what became of mail that was sent is noted when somebody asks');
      }
    }
  }
}
