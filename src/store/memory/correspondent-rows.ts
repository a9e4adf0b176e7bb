/** Whom an account knows. */
import { type Correspondence, type Correspondent, KNOWN } from '../../mailbox/model/correspondents.ts';
import type { CorrespondentCounts } from '../../mailbox/port/store.ts';

export class CorrespondentRows {
  correspondence: Correspondence | undefined;
  readonly #rows = new Map<string, Correspondent>();

  kindsOf(key: string): number {
    return this.#rows.get(key)?.kinds ?? 0;
  }

  get counts(): CorrespondentCounts {
    const heard = this.#of(isOnlyHeard).length;
    return { heard, others: this.#rows.size - heard };
  }

  meet(rows: readonly Correspondent[]): void {
    for (const row of rows) {
      const before = this.kindsOf(row.key);
      const kinds = before | row.kinds;
      if (kinds !== before) this.#rows.set(row.key, { ...row, kinds });
    }
  }

  prune({ heard, others }: CorrespondentCounts): void {
    const old = [
      ...this.#of(isOnlyHeard).slice(heard),
      ...this.#of((row) => !isOnlyHeard(row)).slice(others),
    ];
    for (const { key } of old) this.#rows.delete(key);
  }

  /** The latest first. */
  #of(which: (row: Correspondent) => boolean): readonly Correspondent[] {
    const some = [...this.#rows.values()].filter(which);
    return some.sort((a, b) => b.since - a.since || (a.key < b.key ? 1 : -1));
  }
}

function isOnlyHeard({ kinds }: Correspondent): boolean {
  return kinds === KNOWN.Heard;
}
