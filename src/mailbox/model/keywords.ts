/**
 * Keywords of a mailbox. A message refers to a *set* of keywords by one number, so its record stays small and a FLAGS
 * answer is a table look-up; a mailbox sees few distinct sets. Set 0 is the empty set; set n is `sets[n - 1]`, a sorted
 * list of indexes into `names`. Names keep the spelling of their first use and compare without case.
 *
 * Limits: a client that invents keywords or combinations without end fills the mailbox's row, so both are capped.
 */
import { MailboxError } from './errors.ts';

export interface KeywordLimits {
  readonly keywordsPerMailbox: number;
  readonly keywordsPerMessage: number;
}

/** The number of a set is kept in 16 bits. */
const MAX_SETS = 0xfffe;

export class KeywordTable {
  readonly names: readonly string[];
  readonly sets: readonly (readonly number[])[];
  readonly #byName: ReadonlyMap<string, number>;
  readonly #bySet: ReadonlyMap<string, number>;
  /** What `namesOf` has given: a listing asks for the same few sets a hundred thousand times. */
  readonly #named: (readonly string[])[] = [];

  constructor(names: readonly string[], sets: readonly (readonly number[])[]) {
    this.names = names;
    this.sets = sets;
    this.#byName = new Map(names.map((name, index) => [foldKeyword(name), index]));
    this.#bySet = new Map(sets.map((set, index) => [set.join(), index + 1]));
  }

  /** Names of a set, in order of first use in the mailbox. */
  namesOf(set: number): readonly string[] {
    this.#named[set] ??= (this.sets[set - 1] ?? []).map((index) => this.names[index] as string);
    return this.#named[set];
  }

  /** For each set number, whether it contains the keyword: a scan tests one array element per message. */
  setsWith(keyword: string): Uint8Array {
    const has = new Uint8Array(this.sets.length + 1);
    const index = this.#byName.get(foldKeyword(keyword));
    if (index === undefined) return has;
    this.sets.forEach((set, i) => {
      if (set.includes(index)) has[i + 1] = 1;
    });
    return has;
  }

  /** The number of the set of exactly these keywords, and the table that knows it (this one when it already does). */
  withSet(keywords: readonly string[], limits: KeywordLimits): { table: KeywordTable; set: number } {
    if (keywords.length === 0) return { table: this, set: 0 };
    const names = [...this.names];
    const indexes = new Set<number>();
    const added = new Map<string, number>();
    for (const keyword of keywords) {
      const folded = foldKeyword(keyword);
      let index = this.#byName.get(folded) ?? added.get(folded);
      if (index === undefined) {
        index = names.length;
        names.push(keyword);
        added.set(folded, index);
      }
      indexes.add(index);
    }
    if (indexes.size > limits.keywordsPerMessage) {
      throw new MailboxError(
        'limit',
        `a message can have at most ${limits.keywordsPerMessage} keywords; remove some first`,
      );
    }
    if (added.size > 0 && names.length > limits.keywordsPerMailbox) {
      throw new MailboxError(
        'limit',
        `a mailbox can have at most ${limits.keywordsPerMailbox} different keywords; use one of those it has`,
      );
    }
    const set = [...indexes].sort((a, b) => a - b);
    const known = this.#bySet.get(set.join());
    if (known !== undefined) return { table: this, set: known };
    if (this.sets.length >= MAX_SETS) {
      throw new MailboxError('limit', 'this mailbox has too many different combinations of keywords');
    }
    return { table: new KeywordTable(names, [...this.sets, set]), set: this.sets.length + 1 };
  }
}

export function foldKeyword(name: string): string {
  return name.toLowerCase();
}
