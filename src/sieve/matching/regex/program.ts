/**
 * A regular expression as a program for `machine.ts`, one of Thompson's: its length is bounded, and so is what one character of the
 * text can cost.
 */
import type { CharacterSet } from './characters.ts';
import { type Expression, parseExpression, RegexError } from './expression.ts';

export type Instruction =
  | { readonly op: 'set'; readonly set: CharacterSet }
  /** Goes on at both, the first one is preferred. */
  | { readonly op: 'fork'; first: number; second: number }
  | { readonly op: 'jump'; to: number }
  /** Notes the position: 2n where group n begins, 2n + 1 where it ends. */
  | { readonly op: 'note'; readonly slot: number }
  | { readonly op: 'line-start' | 'line-end' | 'match' };

export interface Program {
  readonly instructions: readonly Instruction[];
  readonly groups: number;
}

/** Repetitions of repetitions are written out: `((a{255}){255}){255}`. */
const MAX_INSTRUCTIONS = 2000;
const TOO_LARGE = 'the expression is too large when its repetitions are written out';
/** What a script can ask for by number. */
const MAX_GROUPS = 32;

export function compileRegex(pattern: string, ignoresCase: boolean): Program {
  const { expression, groups } = parseExpression(pattern, ignoresCase);
  const writer = new ProgramWriter();
  writer.write(expression);
  writer.add({ op: 'match' });
  return { instructions: writer.instructions, groups: Math.min(groups, MAX_GROUPS) };
}

class ProgramWriter {
  readonly instructions: Instruction[] = [];
  /** What writes nothing takes its time as well. */
  #writes = 0;

  add<I extends Instruction>(instruction: I): I {
    if (this.instructions.length >= MAX_INSTRUCTIONS) throw new RegexError(TOO_LARGE);
    this.instructions.push(instruction);
    return instruction;
  }

  write(expression: Expression): void {
    if (++this.#writes > 4 * MAX_INSTRUCTIONS) throw new RegexError(TOO_LARGE);
    switch (expression.kind) {
      case 'empty':
        return;
      case 'set':
        this.add({ op: 'set', set: expression.set });
        return;
      case 'line-start':
      case 'line-end':
        this.add({ op: expression.kind });
        return;
      case 'sequence':
        for (const item of expression.items) this.write(item);
        return;
      case 'group':
        this.#group(expression.index, expression.inner);
        return;
      case 'choice':
        this.#choice(expression.items);
        return;
      case 'repeat':
        this.#repeat(expression);
    }
  }

  get #end(): number {
    return this.instructions.length;
  }

  #group(index: number, inner: Expression): void {
    if (index > MAX_GROUPS) {
      this.write(inner);
      return;
    }
    this.add({ op: 'note', slot: 2 * index });
    this.write(inner);
    this.add({ op: 'note', slot: 2 * index + 1 });
  }

  #choice(items: readonly Expression[]): void {
    const jumps: { to: number }[] = [];
    for (const [i, item] of items.entries()) {
      if (i === items.length - 1) {
        this.write(item);
        break;
      }
      const fork = this.add({ op: 'fork' as const, first: this.#end + 1, second: 0 });
      this.write(item);
      jumps.push(this.add({ op: 'jump' as const, to: 0 }));
      fork.second = this.#end;
    }
    for (const jump of jumps) jump.to = this.#end;
  }

  #repeat({
    inner,
    min,
    max,
  }: {
    readonly inner: Expression;
    readonly min: number;
    readonly max: number;
  }): void {
    for (let i = 0; i < min; i++) this.write(inner);
    if (max === Infinity) {
      const fork = this.add({ op: 'fork' as const, first: this.#end + 1, second: 0 });
      const start = this.#end - 1;
      this.write(inner);
      this.add({ op: 'jump', to: start });
      fork.second = this.#end;
      return;
    }
    const forks: { second: number }[] = [];
    for (let i = min; i < max; i++) {
      forks.push(this.add({ op: 'fork' as const, first: this.#end + 1, second: 0 }));
      this.write(inner);
    }
    for (const fork of forks) fork.second = this.#end;
  }
}
