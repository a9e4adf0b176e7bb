/**
 * What the language consists of: commands, tests and tags, each contributed by an extension (the base is one too). The checker learns
 * here what is allowed, the interpreter what it does. A name or tag that is there twice is refused when the language is put together.
 */
import { invariant } from '../../base/invariant.ts';
import type { Run } from '../run/run.ts';
import type { Steps } from '../run/steps.ts';
import { type Place, ScriptError } from '../syntax/fault.ts';
import type { CommandNode, Node, Value } from './script.ts';

export type ValueKind = 'string' | 'strings' | 'number';

interface Shape {
  readonly name: string;
  /** One of these must be required; absent: always there. */
  readonly capabilities?: readonly string[];
  /** Positional arguments. */
  readonly values?: readonly ValueKind[];
  /** The first, or the last, of them may be absent. */
  readonly mayOmit?: 'first' | 'last';
  /** What tags it takes beside those made for it by name: `match`, `address-part`. */
  readonly classes?: readonly string[];
  /** How many tests follow. */
  readonly tests?: 'one' | 'list';
  /** Looks at what the shape cannot tell; throws by `checking.fail`. */
  check?(checking: Checking, node: Node): void;
}

export interface CommandDefinition extends Shape {
  readonly hasBlock?: boolean;
  /** Only directly behind one of these. */
  readonly follows?: readonly string[];
  /** Commands that cannot be in the same sequence: both would be executed, and that is an error. */
  readonly excludes?: readonly string[];
  run(run: Run, node: CommandNode): void | Steps<void>;
}

export interface TestDefinition extends Shape {
  run(run: Run, node: Node): boolean | Steps<boolean>;
}

export interface TagDefinition {
  readonly name: string;
  /** Commands and tests by name, or the classes of them. */
  readonly of: readonly string[];
  readonly capabilities?: readonly string[];
  readonly value?: ValueKind;
  /** At most one of a group. */
  readonly group?: string;
  /** Another tag that must be there. */
  readonly needs?: string;
  check?(checking: Checking, value: Value, node: Node): void;
}

export interface Extension {
  readonly rfc: number | string;
  /** The words of `require`. */
  readonly capabilities: readonly string[];
  readonly commands?: readonly CommandDefinition[];
  readonly tests?: readonly TestDefinition[];
  readonly tags?: readonly TagDefinition[];
}

/** What a check may ask. */
export interface Checking {
  /** Required, or a part of the base. */
  has(capability: string): boolean;
  /** Whether this server has it at all. */
  knows(capability: string): boolean;
  /** From here on as if it were required (RFC 5463 §4). */
  enable(capability: string): void;
  /** Names of the commands whose blocks are open, the innermost last. */
  readonly enclosing: readonly Node[];
  fail(reason: string, place?: Place): never;
  /** The same for what another server may know: with `ihave` it fails only when it is executed (RFC 5463 §4). */
  unknown(reason: string): never;
  warn(reason: string): void;
  use(capability: string): void;
}

/** A command, test or tag that is not there, or not required. */
export class UnknownWord extends ScriptError {}

export class Language {
  readonly capabilities: readonly string[];
  readonly #commands: ReadonlyMap<string, CommandDefinition>;
  readonly #tests: ReadonlyMap<string, TestDefinition>;
  readonly #tags = new Map<string, TagDefinition[]>();

  constructor(extensions: readonly Extension[]) {
    this.capabilities = extensions.flatMap(({ capabilities }) => capabilities);
    this.#commands = byName(extensions.flatMap(({ commands = [] }) => commands));
    this.#tests = byName(extensions.flatMap(({ tests = [] }) => tests));
    for (const tag of extensions.flatMap(({ tags = [] }) => tags))
      for (const of of tag.of) this.#tags.set(of, [...(this.#tags.get(of) ?? []), tag]);
    invariant(new Set(this.capabilities).size === this.capabilities.length, 'a capability is there twice');
  }

  findCommand(name: string): CommandDefinition | undefined {
    return this.#commands.get(name);
  }

  findTest(name: string): TestDefinition | undefined {
    return this.#tests.get(name);
  }

  /** All tags of this name that the command or test may take; they differ in what they require. */
  tagsOf({ name, classes = [] }: Shape, tag: string): readonly TagDefinition[] {
    return [name, ...classes].flatMap((of) => (this.#tags.get(of) ?? []).filter((one) => one.name === tag));
  }

  /** Of a compiled script. */
  command(name: string): CommandDefinition {
    const found = this.#commands.get(name);
    invariant(found !== undefined, `no command ${name}`);
    return found;
  }

  test(name: string): TestDefinition {
    const found = this.#tests.get(name);
    invariant(found !== undefined, `no test ${name}`);
    return found;
  }
}

function byName<D extends { readonly name: string }>(definitions: readonly D[]): ReadonlyMap<string, D> {
  const out = new Map(definitions.map((one) => [one.name, one]));
  invariant(out.size === definitions.length, 'a command or test is there twice');
  return out;
}
