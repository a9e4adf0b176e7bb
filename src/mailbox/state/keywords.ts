/**
 * The keywords of one mailbox in memory, as those have them who may change them. A change adds and takes away rows, and
 * both have exact inverses.
 */
import { MailboxError } from '../model/errors.ts';
import {
  foldKeyword,
  type KeywordLimits,
  type KeywordRow,
  type KeywordTable,
  MAX_KEYWORD_SETS,
} from '../model/keywords.ts';

/** A message keeps the number of its set in 16 bits. */
const MAX_SET_NUMBER = 0xffff;
const NO_NAMES: readonly string[] = Object.freeze([]);

export class WritableKeywords implements KeywordTable {
  readonly #names = new Map<number, string>();
  readonly #byName = new Map<string, number>();
  readonly #sets = new Map<number, readonly number[]>();
  readonly #bySet = new Map<string, number>();
  /** Numbers are not given again soon: sessions may still hold a message that is gone, with its old set. */
  #lastSet = 0;
  #highestSet = 0;
  /** What `names` and `namesOf` have given: a listing asks for the same few sets a hundred thousand times. */
  #allNames: readonly string[] | undefined;
  #namesOf: (readonly string[])[] = [];

  constructor(rows: readonly KeywordRow[]) {
    this.put(rows);
  }

  get names(): readonly string[] {
    this.#allNames ??= [...this.#names].sort(([a], [b]) => a - b).map(([, name]) => name);
    return this.#allNames;
  }

  hasName(keyword: string): boolean {
    return this.#byName.has(foldKeyword(keyword));
  }

  isKnown(set: number): boolean {
    return set === 0 || this.#sets.has(set);
  }

  namesOf(set: number): readonly string[] {
    this.#namesOf[set] ??= (this.#sets.get(set) ?? []).flatMap((number) => this.#names.get(number) ?? []);
    return this.#namesOf[set] ?? NO_NAMES;
  }

  setsWith(keyword: string): Uint8Array {
    const has = new Uint8Array(this.#highestSet + 1);
    const number = this.#byName.get(foldKeyword(keyword));
    if (number !== undefined) {
      for (const [set, members] of this.#sets) if (members.includes(number)) has[set] = 1;
    }
    return has;
  }

  find(keywords: readonly string[]): number | undefined {
    if (keywords.length === 0) return 0;
    const members = this.#numbersOf(keywords);
    return members === undefined ? undefined : this.#bySet.get(members.join());
  }

  /** The rows that make a set of exactly these keywords, the set last. Throws MailboxError `limit`. */
  rowsFor(keywords: readonly string[], limits: KeywordLimits): readonly KeywordRow[] {
    const rows: KeywordRow[] = [];
    const members = new Map<string, number>();
    let free = 0;
    for (const name of keywords) {
      const folded = foldKeyword(name);
      if (members.has(folded)) continue;
      let number = this.#byName.get(folded);
      if (number === undefined) {
        while (this.#names.has(free)) free++;
        number = free++;
        rows.push({ kind: 'name', number, name });
      }
      members.set(folded, number);
    }
    if (members.size > limits.keywordsPerMessage) {
      throw new MailboxError(
        'limit',
        `a message can have at most ${limits.keywordsPerMessage} keywords; remove some first`,
      );
    }
    if (rows.length > 0 && this.#names.size + rows.length > limits.keywordsPerMailbox) {
      throw new MailboxError(
        'limit',
        `a mailbox can have at most ${limits.keywordsPerMailbox} different keywords; use one of those it has`,
      );
    }
    if (this.#sets.size >= MAX_KEYWORD_SETS) {
      throw new MailboxError(
        'limit',
        `a mailbox can have at most ${MAX_KEYWORD_SETS} combinations of keywords; use one of those it has`,
      );
    }
    rows.push({ kind: 'set', number: this.#freeSet(), members: ascending(members.values()) });
    return rows;
  }

  unused(isUsed: (set: number) => boolean): readonly KeywordRow[] {
    const rows: KeywordRow[] = [];
    const usedNames = new Set<number>();
    for (const [number, members] of this.#sets) {
      if (isUsed(number)) for (const member of members) usedNames.add(member);
      else rows.push({ kind: 'set', number, members });
    }
    for (const [number, name] of this.#names) {
      if (!usedNames.has(number)) rows.push({ kind: 'name', number, name });
    }
    return rows;
  }

  put(rows: readonly KeywordRow[]): void {
    for (const row of rows) {
      if (row.kind === 'name') {
        this.#names.set(row.number, row.name);
        this.#byName.set(foldKeyword(row.name), row.number);
      } else {
        this.#sets.set(row.number, row.members);
        this.#bySet.set(row.members.join(), row.number);
        this.#lastSet = row.number;
        this.#highestSet = Math.max(this.#highestSet, row.number);
      }
    }
    this.#forgetGiven();
  }

  drop(rows: readonly KeywordRow[]): void {
    for (const row of rows) {
      if (row.kind === 'name') {
        this.#names.delete(row.number);
        this.#byName.delete(foldKeyword(row.name));
      } else {
        this.#sets.delete(row.number);
        this.#bySet.delete(row.members.join());
      }
    }
    this.#forgetGiven();
  }

  #numbersOf(keywords: readonly string[]): readonly number[] | undefined {
    const members = new Set<number>();
    for (const keyword of keywords) {
      const number = this.#byName.get(foldKeyword(keyword));
      if (number === undefined) return undefined;
      members.add(number);
    }
    return ascending(members);
  }

  #freeSet(): number {
    let number = this.#lastSet + 1;
    while (number > MAX_SET_NUMBER || this.#sets.has(number))
      number = number > MAX_SET_NUMBER ? 1 : number + 1;
    return number;
  }

  #forgetGiven(): void {
    this.#allNames = undefined;
    this.#namesOf = [];
  }
}

function ascending(numbers: Iterable<number>): readonly number[] {
  return [...numbers].sort((a, b) => a - b);
}
