/**
 * Emails that somebody reads just now. Whoever lets go of deleted mail passes over them and comes again, so that what a slow reader has
 * begun with is there to its end, however long that takes and whoever deletes it meanwhile.
 */
import type { EmailId } from '../model/model.ts';

export class EmailsInUse {
  readonly #readers = new Map<EmailId, number>();

  /** From now on, until the hold is disposed of. */
  hold(emails: Iterable<EmailId> = []): EmailHold {
    const hold = new EmailHold(this.#readers);
    for (const email of emails) hold.add(email);
    return hold;
  }

  get isAny(): boolean {
    return this.#readers.size > 0;
  }

  hasAny(emails: readonly EmailId[]): boolean {
    return this.isAny && emails.some((email) => this.#readers.has(email));
  }
}

export class EmailHold implements Disposable {
  readonly #readers: Map<EmailId, number>;
  #held: EmailId[] = [];

  constructor(readers: Map<EmailId, number>) {
    this.#readers = readers;
  }

  add(email: EmailId): void {
    this.#held.push(email);
    this.#readers.set(email, (this.#readers.get(email) ?? 0) + 1);
  }

  [Symbol.dispose](): void {
    for (const email of this.#held) {
      const others = (this.#readers.get(email) ?? 1) - 1;
      if (others === 0) this.#readers.delete(email);
      else this.#readers.set(email, others);
    }
    this.#held = [];
  }
}
