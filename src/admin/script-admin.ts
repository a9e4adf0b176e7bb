/** What an administrator can do with the scripts of accounts. */
import type { ScriptRole, ScriptRow } from '../mailbox/model/rules.ts';
import type { ScriptName } from '../mailbox/operations/scripts.ts';
import type { Entry } from '../rules/entry.ts';
import type { Rehearsal, Trial } from '../rules/rehearsal.ts';

export type ScriptSummary = Omit<ScriptRow, 'id' | 'hash'>;
export type { Rehearsal, ScriptName, ScriptRole, Trial };

export interface PutScript {
  /** What its author may want to know: line, column, and a sentence. */
  readonly warnings: readonly string[];
}

/** What rules did to one message. */
export interface RuleEvent extends Entry {
  readonly atMs: number;
}

/** Each throws `nonexistent` when there is no such account. */
export interface ScriptAdmin {
  /** Of all roles, in the order in which they are run; the owner's by name. */
  list(address: string): Promise<readonly ScriptSummary[]>;
  /** Throws `nonexistent`. */
  read(address: string, name: ScriptName): Promise<Buffer>;
  /** Throws `cannot` with line and column for what is no script, `too-big`, `limit`, `over-quota`, `invalid-name`. */
  put(address: string, name: ScriptName, text: Buffer): Promise<PutScript>;
  /** Of the owner's; '' is none of them. Throws `nonexistent`. */
  activate(address: string, name: string): Promise<void>;
  /** Throws `nonexistent`; `cannot` of the owner's active one. */
  remove(address: string, name: ScriptName): Promise<void>;
  /** Throws `cannot` with line and column for what is no script; `too-big`. */
  rehearse(address: string, trial: Trial): Promise<Rehearsal>;
  /** The last ones, the oldest of them first. */
  log(address: string, limit: number): Promise<readonly RuleEvent[]>;
}
