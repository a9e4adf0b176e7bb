/** Mail that is to leave one account, and what became of it. */
import type { EmailId } from '../../mailbox/model/model.ts';
import {
  acceptanceOf,
  type Outgoing,
  type OutgoingId,
  type OutgoingLogEntry,
  type OutgoingRecipient,
  type OutgoingRow,
  type RecipientChange,
} from '../../mailbox/model/outgoing.ts';

interface Stored {
  readonly row: OutgoingRow;
  readonly recipients: Map<number, OutgoingRecipient>;
}

export class OutgoingRows {
  readonly #messages = new Map<OutgoingId, Stored>();
  readonly log: OutgoingLogEntry[] = [];

  put(row: OutgoingRow, recipients: readonly OutgoingRecipient[]): void {
    this.log.push(acceptanceOf(row));
    this.#messages.set(row.id, { row, recipients: new Map(recipients.map((one) => [one.n, one])) });
  }

  get(id: OutgoingId): Outgoing | undefined {
    const stored = this.#messages.get(id);
    return stored && { row: stored.row, recipients: [...stored.recipients.values()] };
  }

  /** Ascending. */
  all(): readonly Outgoing[] {
    return [...this.#messages.keys()].sort((a, b) => a - b).map((id) => this.get(id) as Outgoing);
  }

  /** `release` takes the reference to its email back when it was the last of a message. False: nothing has changed. */
  change(change: RecipientChange, release: (email: EmailId) => void): boolean {
    const { outgoing, n, when, become, log } = change;
    const stored = this.#messages.get(outgoing);
    const recipient = stored?.recipients.get(n);
    if (stored === undefined || recipient === undefined) return false;
    if (when !== undefined && !when.includes(recipient.state)) return false;
    if (log !== undefined) this.log.push({ outgoing, ...log });
    if (become !== 'ended') {
      const { nextMs, ...rest } = { ...recipient, ...become };
      // What is held has no time, also when an attempt that had begun before says one.
      const isTimed = nextMs !== undefined && rest.state !== 'held';
      stored.recipients.set(n, isTimed ? { ...rest, nextMs } : rest);
      return true;
    }
    stored.recipients.delete(n);
    if (stored.recipients.size > 0) return true;
    this.#messages.delete(outgoing);
    release(stored.row.email);
    return true;
  }
}
