/**
 * What belongs to one script while it runs: its variables and match variables (RFC 5229 §4: only visible to the script that runs). The
 * values of `global` variables are shared by all scripts of a run (RFC 6609 §3.4).
 */
import type { Script, Text, Value } from '../compile/script.ts';
import type { Budget } from './budget.ts';
import { RunFault } from './budget.ts';
import type { Limits } from './limits.ts';

const NONE: readonly string[] = [];
/** A string may name a variable ten thousand times; what is longer than any value may be is cut. */
const MAX_TEXT = 1024 * 1024;

interface ScopeParts {
  readonly script: Script;
  readonly includedAs: string;
  /** Shared by all scripts of a run. */
  readonly globals: Map<string, string>;
  readonly limits: Limits;
}

export class Scope {
  readonly script: Script;
  readonly includedAs: string;
  readonly #limits: Limits;
  readonly #budget: Budget;
  readonly #globals: Map<string, string>;
  readonly #variables = new Map<string, string>();
  readonly #globalNames = new Set<string>();
  readonly hasVariables: boolean;
  #match: readonly string[] = NONE;

  constructor({ script, includedAs, globals, limits }: ScopeParts, budget: Budget) {
    this.script = script;
    this.includedAs = includedAs;
    this.#globals = globals;
    this.#limits = limits;
    this.#budget = budget;
    this.hasVariables = script.capabilities.includes('variables');
  }

  declareGlobal(name: string): void {
    this.#globalNames.add(name);
  }

  /** `global.name` as well as a plain name; '' when it was never set. */
  variable(name: string): string {
    const global = globalName(name);
    if (global !== undefined) return this.#globals.get(global) ?? '';
    return (this.#globalNames.has(name) ? this.#globals : this.#variables).get(name) ?? '';
  }

  /** A value that is too long is cut (RFC 5229 §6). */
  set(name: string, value: string): void {
    const global = globalName(name) ?? (this.#globalNames.has(name) ? name : undefined);
    const map = global === undefined ? this.#variables : this.#globals;
    if (!map.has(global ?? name) && map.size >= this.#limits.variables)
      throw new RunFault(`more than ${this.#limits.variables} variables`);
    map.set(global ?? name, cut(value, this.#limits.variableBytes));
  }

  setMatch(match: readonly string[]): void {
    if (this.hasVariables) this.#match = match.map((one) => cut(one, this.#limits.variableBytes));
  }

  text(text: Text): string {
    if (typeof text === 'string') return text;
    let out = '';
    for (const piece of text.pieces) {
      const value =
        typeof piece === 'string'
          ? piece
          : piece.kind === 'match'
            ? (this.#match[piece.index] ?? '')
            : this.variable(piece.kind === 'global' ? `global.${piece.name}` : piece.name);
      this.#budget.look(value.length);
      out += value;
      if (out.length > MAX_TEXT) return out.slice(0, MAX_TEXT);
    }
    return out;
  }

  texts(value: Value | undefined): string[] {
    if (Array.isArray(value)) return value.map((text: Text) => this.text(text));
    return value === undefined || value === true || typeof value === 'number'
      ? []
      : [this.text(value as Text)];
  }
}

function globalName(name: string): string | undefined {
  return name.startsWith('global.') ? name.slice('global.'.length) : undefined;
}

/** At a character. */
export function cut(text: string, mostBytes: number): string {
  if (text.length * 3 <= mostBytes || Buffer.byteLength(text) <= mostBytes) return text;
  const bytes = Buffer.from(text);
  let end = mostBytes;
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
