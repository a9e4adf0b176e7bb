/**
 * A compiled script: plain values, so that it can be kept by the hash of its text, handed to another thread and printed. Commands
 * and tests are named; what a name does is found in `extensions.ts` when the script runs.
 */
import type { Place } from '../syntax/fault.ts';

/** What stands in a string for a value that is known when the script runs (RFC 5229 §3). Names in lower case. */
export type Reference =
  | { readonly kind: 'variable'; readonly name: string }
  /** `${global.name}`, RFC 6609 §3.4. */
  | { readonly kind: 'global'; readonly name: string }
  /** `${1}`. */
  | { readonly kind: 'match'; readonly index: number };

/** A constant, or pieces to be joined. */
export type Text = string | { readonly pieces: readonly (string | Reference)[] };

/** Of a tag without a value: true. */
export type Value = true | number | Text | readonly Text[];

/** Keys as the comparator has them. Made when a test is first executed, and kept with the script. */
export interface QuickKeys {
  readonly comparator: string;
  readonly type: 'is' | 'contains' | 'matches';
  readonly keys: readonly QuickKey[];
}

export interface QuickKey {
  readonly text: string;
  /** Of `:matches`: octets, and what stands for wildcards. */
  readonly units: readonly number[];
  /** What is counted for it. */
  readonly cost: number;
}

export interface Node {
  readonly name: string;
  readonly place: Place;
  /** By name, without the colon. */
  readonly tags: Readonly<Record<string, Value>>;
  readonly values: readonly Value[];
  readonly tests: readonly Node[];
  /** Once it was executed: its keys as they are compared (`matching/quick.ts`). */
  quick?: QuickKeys | 'none';
}

/** The command or test that fails when it is executed: a word that the compiler did not know (RFC 5463 §4). */
export const UNKNOWN = '?';

export interface CommandNode extends Node {
  readonly block: readonly CommandNode[];
}

export interface Warning {
  readonly reason: string;
  readonly place: Place;
}

export interface Script {
  /** What the owner calls it; '' for the one that was never stored. */
  readonly name: string;
  /** What it requires. */
  readonly capabilities: readonly string[];
  readonly commands: readonly CommandNode[];
  readonly warnings: readonly Warning[];
}
