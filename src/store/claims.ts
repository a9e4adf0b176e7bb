/**
 * Who works on which outgoing message, in memory: enough for a store whose accounts are held by one process. A claim that was not
 * given back ends by itself.
 */
import type { OutgoingId } from '../mailbox/model/outgoing.ts';

interface Claim {
  readonly owner: string;
  readonly untilMs: number;
}

export class Claims {
  readonly #claims = new Map<OutgoingId, Claim>();

  /** Those that are the owner's now. */
  take(ids: readonly OutgoingId[], owner: string, untilMs: number): readonly OutgoingId[] {
    const nowMs = Date.now();
    return ids.filter((id) => {
      const held = this.#claims.get(id);
      if (held !== undefined && held.owner !== owner && held.untilMs > nowMs) return false;
      this.#claims.set(id, { owner, untilMs });
      return true;
    });
  }

  giveBack(ids: readonly OutgoingId[], owner: string): void {
    for (const id of ids) if (this.#claims.get(id)?.owner === owner) this.#claims.delete(id);
  }
}
