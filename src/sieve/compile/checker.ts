/**
 * Turns the tree of a script into a compiled one: every command and test is known and required, has the arguments it takes and stands
 * where it may. The first thing that is wrong is an error with its place; what is only odd becomes a warning.
 *
 * With `ihave` (RFC 5463 §4) what is not known is no error until it is executed: it compiles to a failure.
 */
import { BASE_COMPARATORS } from '../matching/comparators.ts';
import type { Steps } from '../run/steps.ts';
import { type Place, ScriptError } from '../syntax/fault.ts';
import type { Phrase, Statement } from '../syntax/tree.ts';
import { readArguments } from './arguments.ts';
import {
  type Checking,
  type CommandDefinition,
  type Language,
  type TestDefinition,
  UnknownWord,
} from './language.ts';
import { type CommandNode, type Node, type Script, UNKNOWN, type Warning } from './script.ts';

/** In turns: a script may have thousands of commands. */
export function checkScript(language: Language, tree: readonly Statement[], name: string): Steps<Script> {
  return new Checker(language).script(tree, name);
}

type Definition = CommandDefinition | TestDefinition;

/** Part of every script (RFC 5228 §2.10.5), whether it says so or not. */
const BASE = BASE_COMPARATORS.map((comparator) => `comparator-${comparator}`);

/** They change what a script is about, without a word of their own in it. */
const SILENT: readonly string[] = ['imapsieve', 'ihave'];

/** Nobody reads more. */
const MAX_WARNINGS = 100;

class Checker implements Checking {
  readonly #language: Language;
  readonly #required = new Map<string, Place>();
  readonly #used = new Set<string>();
  readonly #warnings: Warning[] = [];
  readonly #enclosing: Node[] = [];
  #place: Place = { line: 1, column: 1 };

  constructor(language: Language) {
    this.#language = language;
  }

  *script(tree: readonly Statement[], name: string): Steps<Script> {
    const body = tree.findIndex((statement) => statement.name !== 'require');
    const end = body < 0 ? tree.length : body;
    for (const statement of tree.slice(0, end)) this.#require(statement);
    const commands = yield* this.#commands(tree.slice(end));
    for (const [capability, place] of this.#required)
      if (!this.#used.has(capability) && !BASE.includes(capability) && !SILENT.includes(capability))
        this.#warnAt(`"${capability}" is required and not used`, place);
    return { name, capabilities: [...this.#required.keys()], commands, warnings: this.#warnings };
  }

  get enclosing(): readonly Node[] {
    return this.#enclosing;
  }

  has(capability: string): boolean {
    return this.#required.has(capability) || BASE.includes(capability);
  }

  knows(capability: string): boolean {
    return this.#language.capabilities.includes(capability);
  }

  enable(capability: string): void {
    if (!this.#required.has(capability)) this.#required.set(capability, this.#place);
    this.#used.add(capability);
  }

  use(capability: string): void {
    this.#used.add(capability);
  }

  fail(reason: string, place = this.#place): never {
    throw new ScriptError(reason, place);
  }

  unknown(reason: string): never {
    throw new UnknownWord(reason, this.#place);
  }

  warn(reason: string): void {
    this.#warnAt(reason, this.#place);
  }

  #warnAt(reason: string, place: Place): void {
    if (this.#warnings.length < MAX_WARNINGS) this.#warnings.push({ reason, place });
  }

  /** RFC 5228 §3.2. */
  #require({ args, tests, block, place }: Statement): void {
    const [argument] = args;
    if (args.length !== 1 || argument?.kind !== 'strings' || tests.length > 0 || block !== undefined)
      throw new ScriptError('"require" takes one string or list of strings', place);
    for (const { text, place: at } of argument.strings) {
      if (!this.knows(text))
        throw new ScriptError(`this server has no extension "${text.slice(0, 100)}"`, at);
      if (!this.#required.has(text)) this.#required.set(text, at);
    }
  }

  *#commands(statements: readonly Statement[]): Steps<readonly CommandNode[]> {
    const out: CommandNode[] = [];
    const done = new Set<CommandDefinition>();
    let before: CommandDefinition | undefined;
    for (const statement of statements) {
      const node = yield* this.#command(statement, before?.name);
      const definition = this.#language.findCommand(node.name);
      const other = [...done].find((one) => excludes(one, definition));
      if (other !== undefined)
        throw new ScriptError(`"${node.name}" cannot go with the "${other.name}" before it`, node.place);
      if (before !== undefined && ['stop', 'return'].includes(before.name))
        this.#warnAt(`nothing is done behind "${before.name}"`, node.place);
      before = definition;
      if (definition !== undefined) done.add(definition);
      out.push(node);
      yield undefined;
    }
    return out;
  }

  *#command(statement: Statement, before: string | undefined): Steps<CommandNode> {
    const { name, place } = statement;
    this.#place = place;
    if (name === 'require') throw new ScriptError('"require" stands before all other commands', place);
    const definition = this.#language.findCommand(name);
    try {
      if (definition === undefined) throw new UnknownWord(this.#unknown(statement, 'command'), place);
      this.#needs(definition, place);
      const { follows, hasBlock = false } = definition;
      if (follows !== undefined && !follows.includes(before ?? ''))
        throw new ScriptError(`"${name}" without an "if" before it`, place);
      if (hasBlock && statement.block === undefined)
        throw new ScriptError(`"${name}" needs a block: { ... }`, place);
      if (!hasBlock && statement.block !== undefined)
        throw new ScriptError(`"${name}" ends with ";", it has no block`, place);
      const node = this.#node(statement, definition);
      this.#enclosing.push(node);
      const block = yield* this.#commands(statement.block ?? []);
      this.#enclosing.pop();
      return { ...node, block };
    } catch (error) {
      return { ...this.#deferred(error), block: [] };
    }
  }

  #test(phrase: Phrase): Node {
    const { name, place } = phrase;
    this.#place = place;
    const definition = this.#language.findTest(name);
    try {
      if (definition === undefined) throw new UnknownWord(this.#unknown(phrase, 'test'), place);
      this.#needs(definition, place);
      return this.#node(phrase, definition);
    } catch (error) {
      return this.#deferred(error);
    }
  }

  #node(phrase: Phrase, definition: Definition): Node {
    const { name, place } = phrase;
    const read = readArguments(phrase.args, {
      language: this.#language,
      checking: this,
      definition,
      place,
    });
    checkTests(phrase, definition);
    const tests = phrase.tests.map((test) => this.#test(test));
    this.#place = place;
    const node: Node = { name, place, ...read.arguments, tests };
    for (const check of read.checks) check(node);
    definition.check?.(this, node);
    return node;
  }

  /** One of the capabilities, if it has any, must be required. */
  #needs({ name, capabilities }: Definition, place: Place): void {
    if (capabilities === undefined) return;
    const present = capabilities.filter((one) => this.has(one));
    for (const one of present) this.#used.add(one);
    if (present.length === 0) throw new UnknownWord(`"${name}" needs require "${capabilities[0]}"`, place);
  }

  #unknown({ name }: Phrase, kind: 'command' | 'test'): string {
    const isOther = kind === 'command' ? this.#language.findTest(name) : this.#language.findCommand(name);
    if (isOther === undefined) return `there is no ${kind} "${name}"`;
    return kind === 'command'
      ? `"${name}" is a test and stands behind "if"`
      : `"${name}" is a command, no test`;
  }

  /** What may be known elsewhere is a failure when it is executed, if the script asked for that. */
  #deferred(error: unknown): Node {
    if (!(error instanceof UnknownWord)) throw error;
    if (!this.#required.has('ihave')) throw new ScriptError(error.reason, error.place);
    return { name: UNKNOWN, place: error.place, tags: {}, values: [error.reason], tests: [] };
  }
}

function excludes(one: CommandDefinition, other: CommandDefinition | undefined): boolean {
  return (
    other !== undefined &&
    ((one.excludes?.includes(other.name) ?? false) || (other.excludes?.includes(one.name) ?? false))
  );
}

function checkTests({ name, tests, isTestList, place }: Phrase, definition: Definition): void {
  if (definition.tests === undefined && tests.length > 0)
    throw new ScriptError(`"${name}" takes no test`, tests[0]?.place ?? place);
  if (definition.tests === 'one' && (tests.length !== 1 || isTestList))
    throw new ScriptError(`"${name}" takes one test`, place);
  if (definition.tests === 'list' && !isTestList)
    throw new ScriptError(`"${name}" takes a list of tests: (..., ...)`, place);
}
