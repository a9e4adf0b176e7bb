/**
 * Runs a regular expression over a text, all ways through the program side by side (Pike's machine), so that no expression and no text
 * can cost more than the product of their lengths. That product is counted, and others are let in now and then.
 *
 * Promises: the leftmost match, and of those the longest, as POSIX has it; groups as the first way through the program to it has them.
 */
import type { Steps } from '../../run/steps.ts';
import type { Program } from './program.ts';

export interface RegexCost {
  compare(count: number): void;
}

/** Ways through the program between two chances for others. */
const TURN = 32 * 1024;
const LF = 0x0a;
const CR = 0x0d;

interface Way {
  readonly at: number;
  /** Where the match began, then the slots of the groups. */
  readonly notes: readonly number[];
}

/** The match and its groups (those that took no part are ''), or undefined. */
export function* matchRegex(program: Program, text: string, cost: RegexCost): Steps<string[] | undefined> {
  const machine = new Machine(
    program,
    Array.from(text, (character) => character.codePointAt(0) as number),
  );
  let counted = 0;
  while (machine.step()) {
    if (machine.count - counted < TURN) continue;
    cost.compare(machine.count - counted);
    counted = machine.count;
    yield undefined;
  }
  cost.compare(machine.count - counted);
  return machine.found();
}

class Machine {
  readonly #program: Program;
  readonly #text: readonly number[];
  readonly #seen: Int32Array;
  #ways: Way[] = [];
  #position = 0;
  #match: { readonly end: number; readonly notes: readonly number[] } | undefined;
  count = 0;

  constructor(program: Program, text: readonly number[]) {
    this.#program = program;
    this.#text = text;
    this.#seen = new Int32Array(program.instructions.length).fill(-1);
    this.#enter(this.#ways, { at: 0, notes: [0] });
  }

  /** One character on; false when nothing can change any more. */
  step(): boolean {
    const ways = this.#ways;
    const isOver = this.#position >= this.#text.length || (ways.length === 0 && this.#match !== undefined);
    if (isOver) return false;
    const code = this.#text[this.#position++] as number;
    const next: Way[] = [];
    this.count += ways.length + 1;
    for (const way of ways) {
      const instruction = this.#program.instructions[way.at];
      if (instruction?.op === 'set' && instruction.set.has(code))
        this.#enter(next, { at: way.at + 1, notes: way.notes });
    }
    this.#ways = next;
    if (this.#match === undefined) this.#enter(next, { at: 0, notes: [this.#position] });
    return true;
  }

  found(): string[] | undefined {
    if (this.#match === undefined) return undefined;
    const { end, notes } = this.#match;
    const out = [this.#slice(notes[0], end)];
    for (let group = 1; group <= this.#program.groups; group++)
      out.push(this.#slice(notes[2 * group], notes[2 * group + 1]));
    return out;
  }

  #slice(from: number | undefined, to: number | undefined): string {
    if (from === undefined || to === undefined) return '';
    return this.#text.slice(from, to).reduce((text, code) => text + String.fromCodePoint(code), '');
  }

  /** Follows everything that needs no character, the preferred way first; a place is entered once a character. */
  #enter(into: Way[], first: Way): void {
    const stack = [first];
    for (let way = stack.pop(); way !== undefined; way = stack.pop()) {
      const { at, notes } = way;
      if (this.#seen[at] === this.#position) continue;
      this.#seen[at] = this.#position;
      this.count++;
      const instruction = this.#program.instructions[at];
      switch (instruction?.op) {
        case 'jump':
          stack.push({ at: instruction.to, notes });
          break;
        case 'fork':
          stack.push({ at: instruction.second, notes }, { at: instruction.first, notes });
          break;
        case 'note':
          stack.push({ at: at + 1, notes: withNote(notes, instruction.slot, this.#position) });
          break;
        case 'line-start':
          if (this.#isLineStart()) stack.push({ at: at + 1, notes });
          break;
        case 'line-end':
          if (this.#isLineEnd()) stack.push({ at: at + 1, notes });
          break;
        case 'match':
          this.#found(notes);
          break;
        default:
          into.push(way);
      }
    }
  }

  #found(notes: readonly number[]): void {
    const before = this.#match;
    const start = notes[0] as number;
    const beforeStart = before?.notes[0] as number;
    if (before === undefined || start < beforeStart || (start === beforeStart && this.#position > before.end))
      this.#match = { end: this.#position, notes };
  }

  #isLineStart(): boolean {
    return this.#position === 0 || this.#text[this.#position - 1] === LF;
  }

  #isLineEnd(): boolean {
    const code = this.#text[this.#position];
    return code === undefined || code === LF || (code === CR && this.#text[this.#position + 1] === LF);
  }
}

function withNote(notes: readonly number[], slot: number, position: number): readonly number[] {
  const out = notes.slice();
  out[slot] = position;
  return out;
}
