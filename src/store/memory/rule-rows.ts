/** Scripts of an account, what they remember, and what they did. */
import { invariant } from '../../base/invariant.ts';
import type { Memory, RuleEntry, ScriptRow } from '../../mailbox/model/rules.ts';
import { SortedRows } from './sorted-rows.ts';

export class RuleRows {
  readonly #scripts = new SortedRows<{ readonly row: ScriptRow; readonly text: Buffer }>();
  readonly #memories = new Map<string, Memory>();
  #entries: RuleEntry[] = [];

  get scripts(): readonly ScriptRow[] {
    return this.#scripts.all().map(({ row }) => row);
  }

  textOf(id: number): Buffer | undefined {
    return this.#scripts.get(id)?.text;
  }

  putScript(row: ScriptRow, text = this.textOf(row.id)): void {
    invariant(text !== undefined, 'a new script comes with its text');
    this.#scripts.set(row.id, { row, text });
  }

  dropScript(id: number): void {
    this.#scripts.delete(id);
  }

  memoriesAfter(after: string, limit: number): readonly Memory[] {
    const all = [...this.#memories.values()].filter(({ key }) => key > after);
    return all.sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, limit);
  }

  remember(memory: Memory): void {
    this.#memories.set(memory.key, memory);
  }

  forget(keys: readonly string[]): void {
    for (const key of keys) this.#memories.delete(key);
  }

  lastEntries(limit: number): readonly RuleEntry[] {
    return limit === 0 ? [] : this.#entries.slice(-limit);
  }

  add(entry: RuleEntry): void {
    this.#entries.push(entry);
  }

  prune(beforeMs: number, most: number): void {
    const left = this.#entries.filter(({ atMs }) => atMs >= beforeMs);
    this.#entries = most === 0 ? [] : left.slice(-most);
  }
}
