import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { ENV_PREFIX, envName, listOptions, type NamedOption, suggest } from './names.ts';
import type { OptionTree, Values } from './option.ts';
import { unreadable } from './unreadable.ts';

/**
 * From a file, the environment and flags to a typed configuration, or to every error at once: fixing one only to meet the
 * next is how an evening is lost. A flag beats the environment, the environment beats the file, the file beats the
 * default. An unknown name is an error, since a misspelt limit that silently does nothing is worse than no limit.
 *
 * The server reads it a second time only when it is told to (`server/reload.ts`).
 */
export interface ConfigSources {
  /** The TOML file; a file that was named and is not there is an error. */
  readonly file?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** By option name: `{ 'listen.imap': '127.0.0.1:0' }`. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  /** Where relative paths of flags, environment and defaults start; the working directory when absent. */
  readonly folder?: string;
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  /** `file`: for problems that do not name it themselves. */
  constructor(problems: readonly string[], file?: string) {
    super(
      `the configuration ${file === undefined ? '' : `${file} `}has ${problems.length === 1 ? 'an error' : `${problems.length} errors`}:\n  ${problems.join('\n  ')}`,
    );
    this.problems = problems;
  }
}

/** In the environment, but not options: the file's own place, and what tests and the launcher use. */
const RESERVED_ENV = /^BREVDUVA_(?:CONFIG|NODE|LAUNCHER|TEST_\w*)$/;

interface Given {
  readonly value: unknown;
  /** For the message: `brevduva.toml:12`, `BREVDUVA_DATA`, `--set data`. */
  readonly where: string;
  readonly folder: string;
}

export function loadConfig<const Tree extends OptionTree>(sources: ConfigSources, tree: Tree): Values<Tree> {
  const options = listOptions(tree);
  const problems: string[] = [];
  const given = new Map<string, Given>();
  const names = options.map(({ name }) => name);
  const folder = sources.folder ?? process.cwd();
  if (sources.file !== undefined) readFile(sources.file, names, given, problems);
  readEnv(sources.env, { names, folder }, given, problems);
  for (const [name, value] of Object.entries(sources.flags)) {
    if (value === undefined) continue;
    if (names.includes(name)) given.set(name, { value, where: `flag ${name}`, folder });
    else problems.push(unknown(`flag ${name}`, name, names));
  }
  const config: Record<string, unknown> = {};
  for (const named of options)
    put(config, named.path, settle(named, given.get(named.name), folder, problems));
  if (problems.length > 0) throw new ConfigError(problems);
  return freeze(config) as Values<Tree>;
}

function settle(named: NamedOption, given: Given | undefined, folder: string, problems: string[]): unknown {
  const { option, name } = named;
  if (!given) return option.fromFolder ? option.fromFolder(option.default, folder) : option.default;
  const parsed = option.schema.safeParse(given.value);
  if (!parsed.success) {
    const shown = option.isSecret ? '****' : JSON.stringify(given.value);
    problems.push(`${given.where}: ${name} is ${shown}; expected ${option.expected}`);
    return undefined;
  }
  return option.fromFolder ? option.fromFolder(parsed.data, given.folder) : parsed.data;
}

function readFile(
  file: string,
  names: readonly string[],
  given: Map<string, Given>,
  problems: string[],
): void {
  let text: string;
  let root: Record<string, unknown>;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    problems.push(unreadable(file, error));
    return;
  }
  try {
    root = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    problems.push(`${file}:${error.line}: not TOML: ${error.message.split('\n', 1)[0]}`);
    return;
  }
  const lines = keyLines(text);
  for (const [name, value] of leaves(root, names)) {
    const line = lines.get(name);
    const where = line === undefined ? file : `${file}:${line}`;
    if (names.includes(name)) given.set(name, { value, where, folder: dirname(resolve(file)) });
    else problems.push(unknown(where, name, names));
  }
}

function readEnv(
  env: ConfigSources['env'],
  { names, folder }: { names: readonly string[]; folder: string },
  given: Map<string, Given>,
  problems: string[],
): void {
  const byEnv = new Map(names.map((name) => [envName(name), name]));
  for (const [variable, value] of Object.entries(env)) {
    if (value === undefined || !variable.startsWith(ENV_PREFIX) || RESERVED_ENV.test(variable)) continue;
    const name = byEnv.get(variable);
    if (name !== undefined) given.set(name, { value, where: variable, folder });
    else problems.push(unknown(variable, variable, [...byEnv.keys()]));
  }
}

function unknown(where: string, name: string, known: readonly string[]): string {
  const near = suggest(name, known);
  const subject = where === name || where === `flag ${name}` ? `${where} is` : `${where}: ${name} is`;
  return `${subject} not an option${near === undefined ? '' : `; did you mean ${near}?`}`;
}

/** Every value with its dotted name. A table under an option's own name is a wrong value of it, not a group. */
function* leaves(node: object, names: readonly string[], above = ''): Generator<[string, unknown]> {
  for (const [key, value] of Object.entries(node)) {
    const name = above + key;
    const isTable =
      typeof value === 'object' && value !== null && Object.getPrototypeOf(value) !== Date.prototype;
    const isGroup = isTable && !Array.isArray(value) && !names.includes(name);
    if (isGroup && Object.keys(value).length > 0) yield* leaves(value, names, `${name}.`);
    else if (!isGroup || !names.some((known) => known.startsWith(`${name}.`))) yield [name, value];
  }
}

/**
 * The line each key stands on, for the messages only: the parser keeps no positions. Finds what people write (tables,
 * plain and dotted keys); a key it does not find is reported with the file alone.
 */
function keyLines(text: string): Map<string, number> {
  const found = new Map<string, number>();
  let table = '';
  for (const [index, line] of text.split('\n').entries()) {
    const header = /^\s*\[([\w.-]+)\]/.exec(line);
    if (header) table = `${header[1]}.`;
    const key = /^\s*([\w.-]+)\s*=/.exec(line);
    const name = header ? header[1] : key && table + key[1];
    if (name && !found.has(name)) found.set(name, index + 1);
  }
  return found;
}

function put(root: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let node = root;
  for (const key of path.slice(0, -1)) {
    node[key] ??= {};
    node = node[key] as Record<string, unknown>;
  }
  node[path.at(-1) as string] = value;
}

function freeze(node: Record<string, unknown>): object {
  for (const value of Object.values(node)) {
    if (value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
      freeze(value as Record<string, unknown>);
    }
  }
  return Object.freeze(node);
}
