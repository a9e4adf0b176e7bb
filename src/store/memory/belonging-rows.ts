/** What belongs to an account beside its mail. */
import type { BelongingRow } from '../../mailbox/model/belongings.ts';

export class BelongingRows {
  readonly #rows = new Map<number, BelongingRow>();

  after(id: number, limit: number): readonly BelongingRow[] {
    const rows = [...this.#rows.values()].filter((row) => row.id > id).sort((a, b) => a.id - b.id);
    return rows.slice(0, limit);
  }

  put(row: BelongingRow): void {
    this.#rows.set(row.id, { ...row, value: row.value && Buffer.from(row.value) });
  }

  forget(id: number): void {
    this.#rows.delete(id);
  }
}
