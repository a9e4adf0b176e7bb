/**
 * The verbs of a change that are about rules. No client of mail is told of them: they take a modseq because every batch does.
 */
import { invariant } from '../../base/invariant.ts';
import type { ModSeq } from '../model/model.ts';
import { MAX_MEMORIES, type Memory, RULE_ENTRIES, type ScriptRow } from '../model/rules.ts';
import type { WritableAccount } from '../state/account.ts';
import type { BatchRows } from './batch-rows.ts';
import type { Undo } from './undo.ts';

/** Entries between two looks at how many there are. */
const PRUNE_EVERY = 50;
/** Forgotten at once, so that it is not done for every one that comes. */
const FORGET_AT_ONCE = 100;

export class RuleChanges {
  readonly #account: WritableAccount;
  readonly #undo: Undo;
  readonly #rows: BatchRows;
  readonly #nowMs: number;
  readonly #takeModseq: () => ModSeq;

  constructor(
    account: WritableAccount,
    undo: Undo,
    rows: BatchRows,
    nowMs: number,
    takeModseq: () => ModSeq,
  ) {
    this.#account = account;
    this.#undo = undo;
    this.#rows = rows;
    this.#nowMs = nowMs;
    this.#takeModseq = takeModseq;
  }

  /** Inserted or replaced; one that is new has a text. */
  put(script: ScriptRow, text?: Buffer): void {
    this.#takeModseq();
    const others = this.#account.scripts.filter(({ id }) => id !== script.id);
    invariant(text !== undefined || others.length < this.#account.scripts.length, 'a script has a text');
    this.#setScripts([...others, script].sort((a, b) => a.id - b.id));
    this.#rows.add({ kind: 'script', row: script, text });
  }

  drop(id: number): void {
    this.#takeModseq();
    this.#setScripts(this.#account.scripts.filter((script) => script.id !== id));
    this.#rows.add({ kind: 'script-dropped', id });
  }

  /** The account's memories are loaded. */
  remember({ key, untilMs }: Memory): void {
    const memories = this.#memories;
    this.#takeModseq();
    if (memories.size >= MAX_MEMORIES) this.#forgetOldest();
    // Renewed ones become the newest.
    this.#delete(key);
    this.#undo.put(memories, key, untilMs);
    this.#rows.add({ kind: 'remembered', memory: { key, untilMs } });
  }

  /** It has happened, and is remembered still. */
  isRemembered(key: string): boolean {
    return (this.#memories.get(key) ?? 0) > this.#nowMs;
  }

  /** What rules did; longer texts are cut. */
  note(text: string): void {
    this.#takeModseq();
    const { most, maxAgeMs, maxBytes } = RULE_ENTRIES;
    this.#rows.add({ kind: 'rule-entry', entry: { atMs: this.#nowMs, text: text.slice(0, maxBytes) } });
    // What an earlier start of the server has left is looked at with the first.
    if (this.#account.ruleEntries++ % PRUNE_EVERY === 0)
      this.#rows.add({ kind: 'rule-entries-pruned', beforeMs: this.#nowMs - maxAgeMs, most });
  }

  get #memories(): Map<string, number> {
    const { memories } = this.#account;
    invariant(memories !== undefined, 'what rules remember is loaded before it is asked or changed');
    return memories;
  }

  /** What is over, and the oldest of the rest. */
  #forgetOldest(): void {
    const all = [...this.#memories];
    const over = all.filter(([, untilMs]) => untilMs <= this.#nowMs);
    const keys = (over.length >= FORGET_AT_ONCE ? over : all.slice(0, FORGET_AT_ONCE)).map(([key]) => key);
    for (const key of keys) this.#delete(key);
    this.#rows.add({ kind: 'forgotten', keys });
  }

  #delete(key: string): void {
    const memories = this.#memories;
    const untilMs = memories.get(key);
    if (untilMs === undefined) return;
    memories.delete(key);
    this.#undo.did(() => memories.set(key, untilMs));
  }

  #setScripts(scripts: readonly ScriptRow[]): void {
    const account = this.#account;
    const before = account.scripts;
    account.scripts = scripts;
    this.#undo.did(() => {
      account.scripts = before;
    });
  }
}
