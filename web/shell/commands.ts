/** Who is there to do a command: those that came last are asked first, and who does not want it passes it on. */
import type { Command } from './keys.ts';

/** False: not here, ask the next. */
export type Commands = Partial<Readonly<Record<Command, () => unknown>>>;

export class CommandStack {
  readonly #all: (() => Commands)[] = [];

  /** Returns what takes it away. */
  add(commands: () => Commands): () => void {
    this.#all.push(commands);
    return () => {
      this.#all.splice(this.#all.indexOf(commands), 1);
    };
  }

  /** Whether somebody did it. */
  run(command: Command): boolean {
    for (const commands of this.#all.toReversed()) {
      const run = commands()[command];
      if (run !== undefined && run() !== false) return true;
    }
    return false;
  }

  has(command: Command): boolean {
    return this.#all.some((commands) => commands()[command] !== undefined);
  }
}
