/**
 * One run: what commands and tests have in hand while they are executed. Which commands there are it does not know; a test is evaluated
 * through what the interpreter passed in.
 */
import type { CommandNode, Node, Script, Text, Value } from '../compile/script.ts';
import type { Origin } from '../effects.ts';
import type { Environment } from '../environment.ts';
import type { Program } from '../matching/regex/program.ts';
import { MessageView, type PartPath } from '../message/view.ts';
import type { Place } from '../syntax/fault.ts';
import { Actions } from './actions.ts';
import { Budget, RunFault } from './budget.ts';
import type { Limits } from './limits.ts';
import { Scope } from './scope.ts';
import type { Steps } from './steps.ts';

/** Commands that are executed one after another. */
export interface Frame {
  readonly commands: readonly CommandNode[];
  next: number;
  /** A branch of the if at hand was taken. */
  isTaken: boolean;
  /** The frame of a whole script has its scope, that of a loop what it goes through. */
  readonly scope?: Scope;
  readonly loop?: Loop;
}

/** RFC 5703 §3. */
export interface Loop {
  readonly name: string | undefined;
  readonly paths: PartPath[];
  at: number;
}

/** What was not done, or done otherwise than the script says; for the log of rules. */
export interface Note {
  readonly text: string;
  readonly origin: Origin;
}

/** At once where it can. */
export type Evaluate = (run: Run, test: Node) => boolean | Steps<boolean>;

export class Run {
  readonly environment: Environment;
  readonly limits: Limits;
  readonly budget: Budget;
  readonly actions: Actions;
  readonly message: MessageView;
  readonly notes: Note[] = [];
  readonly included = new Set<string>();
  /** Regular expressions by what they match without regard to case, or with it, and their text: loops need them again. */
  readonly programs = new Map<string, Program>();
  /** Fields and octets that addheader has added. */
  readonly added = { fields: 0, bytes: 0 };
  /** The internal variable of RFC 5232 §3. */
  flags: readonly string[];
  includes = 0;
  readonly #evaluate: Evaluate;
  readonly #globals = new Map<string, string>();
  #frames: Frame[] = [];
  #scopes: Scope[] = [];
  #place: Place = { line: 1, column: 1 };

  constructor(environment: Environment, limits: Limits, evaluate: Evaluate) {
    this.environment = environment;
    this.limits = limits;
    this.flags = environment.flags ?? [];
    this.budget = new Budget(limits);
    this.actions = new Actions(limits);
    this.message = new MessageView(environment.message);
    this.#evaluate = evaluate;
  }

  get frame(): Frame | undefined {
    return this.#frames.at(-1);
  }

  get scope(): Scope {
    return this.#scopes.at(-1) as Scope;
  }

  /** Of the scripts that are being executed, the first one and what it included. */
  get scopes(): readonly Scope[] {
    return this.#scopes;
  }

  /** The command or test at hand. */
  get origin(): Origin {
    return { script: this.#scopes.at(-1)?.script.name ?? '', place: this.#place };
  }

  /** Loops of the script at hand, the innermost last. */
  get loops(): readonly Loop[] {
    const from = this.#frames.findLastIndex(({ scope }) => scope !== undefined);
    return this.#frames.slice(from).flatMap(({ loop }) => loop ?? []);
  }

  /** Those of the scripts that included it as well: an included script is executed at the part at hand (RFC 6609 §3.5). */
  get allLoops(): readonly Loop[] {
    return this.#frames.flatMap(({ loop }) => loop ?? []);
  }

  /** The part that the innermost loop is at; the whole message outside of loops. */
  get part(): PartPath {
    const loop = this.#frames.findLast((frame) => frame.loop !== undefined)?.loop;
    return loop?.paths[loop.at] ?? [];
  }

  at(node: Node): void {
    this.#place = node.place;
  }

  note(text: string): void {
    this.notes.push({ text, origin: this.origin });
  }

  text(value: Value | undefined): string {
    return value === undefined || value === true || typeof value === 'number' || Array.isArray(value)
      ? ''
      : this.scope.text(value as Text);
  }

  texts(value: Value | undefined): string[] {
    return this.scope.texts(value);
  }

  test(node: Node): boolean | Steps<boolean> {
    return this.#evaluate(this, node);
  }

  /** Executes these commands next, before the others. */
  enter(commands: readonly CommandNode[], loop?: Loop): void {
    this.#frames.push({ commands, next: 0, isTaken: false, ...(loop !== undefined && { loop }) });
  }

  /** `includedAs` tells it apart from others of its name. */
  enterScript(script: Script, includedAs = ''): void {
    const scope = new Scope({ script, includedAs, globals: this.#globals, limits: this.limits }, this.budget);
    this.#scopes.push(scope);
    this.#frames.push({ commands: script.commands, next: 0, isTaken: false, scope });
  }

  /** Ends the innermost frame. */
  leave(): void {
    if (this.#frames.pop()?.scope !== undefined) this.#scopes.pop();
  }

  /** Ends the script at hand and goes on in the one that included it (RFC 6609 §3.3). */
  leaveScript(): void {
    while (this.frame !== undefined && this.frame.scope === undefined) this.leave();
    this.leave();
  }

  /** RFC 5228 §3.3. */
  stop(): void {
    while (this.frame !== undefined) this.leave();
  }

  /** Ends the loop of this name, or the innermost one. */
  leaveLoop(name: string | undefined): void {
    const isThere = this.loops.some((loop) => name === undefined || loop.name === name);
    if (!isThere)
      throw new RunFault(name === undefined ? '"break" outside of a loop' : `no loop is named "${name}"`);
    for (;;) {
      const loop = this.frame?.loop;
      this.leave();
      if (loop !== undefined && (name === undefined || loop.name === name)) return;
    }
  }
}
