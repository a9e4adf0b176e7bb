/**
 * The sets of keywords that messages of a change refer to: found, or made. Where there is no room for a new one, names and
 * sets that no message has are taken back first, so that what was used once is not used up.
 */
import { MailboxError } from '../model/errors.ts';
import type { KeywordLimits, KeywordRow } from '../model/keywords.ts';
import type { MailboxState, WritableMailbox } from '../state/mailbox.ts';
import type { BatchRows } from './batch-rows.ts';
import type { Undo } from './undo.ts';

export class KeywordSets {
  readonly #undo: Undo;
  readonly #rows: BatchRows;
  readonly #write: (mailbox: MailboxState) => WritableMailbox;
  /** Numbers that the running operation was given, of whichever mailbox: no message has them yet. */
  readonly #given = new Set<number>();

  /** `write` takes the operation's modseq and gives the mailbox to write to. */
  constructor(undo: Undo, rows: BatchRows, write: (mailbox: MailboxState) => WritableMailbox) {
    this.#undo = undo;
    this.#rows = rows;
    this.#write = write;
  }

  begin(): void {
    this.#given.clear();
  }

  /** The number of the set of exactly these keywords in the mailbox. Throws MailboxError `limit`. */
  numberOf(mailbox: MailboxState, keywords: readonly string[], limits: KeywordLimits): number {
    const number = mailbox.keywords.find(keywords) ?? this.#make(this.#write(mailbox), keywords, limits);
    this.#given.add(number);
    return number;
  }

  /**
   * The same for mail that comes in, which matters more than its labels: where not all of them can be kept it is the set of
   * those that can (RFC 9051 §6.3.12, §6.4.7).
   */
  numberOfMost(mailbox: MailboxState, keywords: readonly string[], limits: KeywordLimits): number {
    const all = keywords.slice(0, limits.keywordsPerMessage);
    for (const some of [all, all.filter((keyword) => mailbox.keywords.hasName(keyword))]) {
      try {
        return this.numberOf(mailbox, some, limits);
      } catch (error) {
        if (!(error instanceof MailboxError) || error.code !== 'limit') throw error;
      }
    }
    return 0;
  }

  #make(mailbox: WritableMailbox, keywords: readonly string[], limits: KeywordLimits): number {
    let rows: readonly KeywordRow[];
    try {
      rows = mailbox.keywords.rowsFor(keywords, limits);
    } catch (error) {
      if (!this.#takeBack(mailbox)) throw error;
      rows = mailbox.keywords.rowsFor(keywords, limits);
    }
    mailbox.keywords.put(rows);
    this.#undo.did(() => mailbox.keywords.drop(rows));
    for (const row of rows) this.#rows.add({ kind: 'keyword', mailbox: mailbox.id, row });
    return (rows.at(-1) as KeywordRow).number;
  }

  /** False when every name and set is in use, or the messages are not loaded and nobody knows. */
  #takeBack(mailbox: WritableMailbox): boolean {
    if (mailbox.list === undefined) return false;
    const used = mailbox.list.usedKeywordSets();
    const rows = mailbox.keywords.unused((set) => used[set] === 1 || this.#given.has(set));
    if (rows.length === 0) return false;
    mailbox.keywords.drop(rows);
    this.#undo.did(() => mailbox.keywords.put(rows));
    for (const row of rows) this.#rows.add({ kind: 'keyword-dropped', mailbox: mailbox.id, row });
    return true;
  }
}
