/** The arguments of a command or test against what it takes: tags in any order, then the positional ones (RFC 5228 §2.6). */
import type { Place } from '../syntax/fault.ts';
import { ScriptError } from '../syntax/fault.ts';
import type { Argument, StringToken } from '../syntax/tree.ts';
import {
  type Checking,
  type CommandDefinition,
  type Language,
  type TagDefinition,
  type TestDefinition,
  UnknownWord,
  type ValueKind,
} from './language.ts';
import type { Node, Text, Value } from './script.ts';
import { decodeCharacters, readReferences } from './strings.ts';

export interface ArgumentContext {
  readonly language: Language;
  readonly checking: Checking;
  readonly definition: CommandDefinition | TestDefinition;
  readonly place: Place;
}

export interface ReadArguments {
  readonly arguments: Pick<Node, 'tags' | 'values'>;
  /** What the tags want to look at when the node is whole. */
  readonly checks: readonly ((node: Node) => void)[];
}

export function readArguments(args: readonly Argument[], context: ArgumentContext): ReadArguments {
  const tags: Record<string, Value> = {};
  const checks: ((node: Node) => void)[] = [];
  const groups = new Map<string, string>();
  let at = 0;
  for (let argument = args[at]; argument?.kind === 'tag'; argument = args[at]) {
    const tag = findTag(argument.name, argument.place, context);
    const { name, group = name } = tag;
    const other = groups.get(group);
    if (other !== undefined)
      throw new ScriptError(
        other === name ? `":${name}" twice` : `":${name}" and ":${other}" exclude each other`,
        argument.place,
      );
    groups.set(group, name);
    at++;
    if (tag.value === undefined) tags[name] = true;
    else {
      tags[name] = readValue(args[at], tag.value, `":${name}"`, { ...context, place: argument.place });
      at++;
    }
    checks.push((node) => tag.check?.(context.checking, tags[name] as Value, node));
  }
  checkNeeds(tags, args, context);
  return { arguments: { tags, values: readValues(args.slice(at), context) }, checks };
}

function findTag(
  name: string,
  place: Place,
  { language, checking, definition }: ArgumentContext,
): TagDefinition {
  const found = language.tagsOf(definition, name);
  const allowed = found.find(({ capabilities }) => capabilities?.some((one) => checking.has(one)) ?? true);
  for (const capability of allowed?.capabilities ?? [])
    if (checking.has(capability)) checking.use(capability);
  if (allowed !== undefined) return allowed;
  const [wanted] = found[0]?.capabilities ?? [];
  throw new UnknownWord(
    wanted === undefined
      ? `"${definition.name}" has no argument ":${name}"`
      : `":${name}" needs require "${wanted}"`,
    place,
  );
}

function checkNeeds(
  tags: Readonly<Record<string, Value>>,
  args: readonly Argument[],
  context: ArgumentContext,
): void {
  for (const argument of args) {
    if (argument.kind !== 'tag' || tags[argument.name] === undefined) continue;
    const { needs } = findTag(argument.name, argument.place, context);
    if (needs !== undefined && tags[needs] === undefined)
      throw new ScriptError(`":${argument.name}" without ":${needs}"`, argument.place);
  }
}

function readValues(args: readonly Argument[], context: ArgumentContext): readonly Value[] {
  const { definition, place } = context;
  const { name, values = [], mayOmit } = definition;
  const late = args.find(({ kind }) => kind === 'tag');
  if (late !== undefined)
    throw new ScriptError(`tags of "${name}" stand before its other arguments`, late.place);
  const isShort = mayOmit !== undefined && args.length === values.length - 1;
  if (args.length !== values.length && !isShort)
    throw new ScriptError(
      `"${name}" takes ${described(values, mayOmit !== undefined)}, found ${args.length}`,
      args[values.length]?.place ?? place,
    );
  const kinds = isShort ? (mayOmit === 'first' ? values.slice(1) : values.slice(0, -1)) : values;
  return kinds.map((kind, i) => readValue(args[i], kind, `argument ${i + 1} of "${name}"`, context));
}

function described(values: readonly ValueKind[], isOptional: boolean): string {
  if (values.length === 0) return 'no arguments but tags';
  const count = isOptional ? `${values.length - 1} or ${values.length}` : String(values.length);
  return `${count} ${values.length === 1 && !isOptional ? 'argument' : 'arguments'} behind the tags`;
}

function readValue(
  argument: Argument | undefined,
  kind: ValueKind,
  whose: string,
  { checking, place }: ArgumentContext,
): Value {
  const expected =
    kind === 'number' ? 'a number' : kind === 'string' ? 'one string' : 'a string or a list of strings';
  if (kind === 'number' && argument?.kind === 'number') return argument.value;
  if (kind === 'number' || argument?.kind !== 'strings')
    throw new ScriptError(`${whose} is ${expected}`, argument?.place ?? place);
  if (kind === 'strings') return argument.strings.map((one) => readText(one, checking));
  const [only] = argument.strings;
  if (argument.isList || only === undefined)
    throw new ScriptError(`${whose} is ${expected}, not a list`, argument.place);
  return readText(only, checking);
}

/** RFC 5228 §2.4.2.4, RFC 5229 §3. */
function readText({ text, place }: StringToken, checking: Checking): Text {
  const decoded = checking.has('encoded-character') ? decodeCharacters(text, place) : text;
  if (decoded !== text) checking.use('encoded-character');
  if (!checking.has('variables')) return decoded;
  const read = readReferences(decoded, checking.has('include') ? ['global'] : [], place);
  if (typeof read !== 'string') checking.use('variables');
  return read;
}
