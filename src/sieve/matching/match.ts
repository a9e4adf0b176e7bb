/**
 * How the values of a test are matched with its keys (RFC 5228 §2.7, RFC 5231, RFC 6134, draft-ietf-sieve-regex): one place for all tests
 * that take a match type and a comparator.
 */
import type { Node, Text } from '../compile/script.ts';
import { type Budget, RunFault } from '../run/budget.ts';
import type { Run } from '../run/run.ts';
import { cut, type Scope } from '../run/scope.ts';
import { answered, type Steps } from '../run/steps.ts';
import { COMPARATORS, type Comparator, DEFAULT_COMPARATOR, keyInTurns } from './comparators.ts';
import { KEY_COST } from './quick.ts';
import { RegexError } from './regex/expression.ts';
import { matchRegex } from './regex/machine.ts';
import { compileRegex, type Program } from './regex/program.ts';
import { containsKey } from './search.ts';
import { WildcardText } from './wildcard.ts';

/** Of a script that compiled; it can only name comparators that there are. */
export function comparatorOf({ tags }: Pick<Node, 'tags'>): Comparator {
  const name = typeof tags.comparator === 'string' ? tags.comparator : DEFAULT_COMPARATOR;
  return COMPARATORS.get(name) as Comparator;
}

/**
 * Whether any of the values matches any of the keys. `count` is what `:count` compares, when it is not the number of values. Stops at the
 * first match, and remembers what its wildcards took.
 */
export function* matchAny(
  run: Run,
  node: Node,
  values: readonly string[],
  keys: readonly string[],
  count = values.length,
): Steps<boolean> {
  const { tags } = node;
  if (tags.count !== undefined) return compareCount(node, count, keys);
  if (tags.regex !== undefined) return yield* matchRegexes(run, node, values, keys);
  if (tags.list !== undefined) return yield* matchLists(run, values, keys);
  const matcher = matcherOf(run, node);
  for (const value of values) {
    run.budget.look(value.length);
    const matches = yield* matcher(value);
    for (const key of keys) {
      run.budget.look(KEY_COST + key.length);
      const found = matches(key);
      if (typeof found === 'boolean' ? found : yield* found) return true;
    }
    yield undefined;
  }
  return false;
}

/** For each value, then for each key: what can be prepared is prepared once. */
type Matcher = (value: string) => Steps<(key: string) => boolean | Steps<boolean>>;

function matcherOf({ budget, scope }: Run, node: Node): Matcher {
  const { tags } = node;
  const comparator = comparatorOf(node);
  if (tags.contains !== undefined) {
    return function* (value) {
      const within = yield* keyInTurns(comparator, value);
      return (key) => containsKey(within, comparator.key(key), budget);
    };
  }
  if (tags.matches !== undefined) return wildcardMatcher(comparator, budget, scope);
  const holds = tags.value === undefined ? isEqual : relation(tags.value as Text);
  return function* (value) {
    const one = yield* keyInTurns(comparator, value);
    return (key) => holds(comparator.order(one, comparator.key(key)));
  };
}

function wildcardMatcher(comparator: Comparator, budget: Budget, scope: Scope): Matcher {
  return function* (value) {
    yield undefined;
    const text = new WildcardText(value, comparator);
    return function* (key) {
      const found = yield* text.match(key, budget);
      if (found !== undefined) scope.setMatch(found);
      return found !== undefined;
    };
  };
}

function isEqual(order: number): boolean {
  return order === 0;
}

/** RFC 5231 §4.1; the checker saw to it that the relation is one. */
function relation(name: Text): (order: number) => boolean {
  switch (typeof name === 'string' ? name.toLowerCase() : '') {
    case 'gt':
      return (order) => order > 0;
    case 'ge':
      return (order) => order >= 0;
    case 'lt':
      return (order) => order < 0;
    case 'le':
      return (order) => order <= 0;
    case 'ne':
      return (order) => order !== 0;
    default:
      return (order) => order === 0;
  }
}

/** RFC 5231 §4.2. */
function compareCount(node: Node, count: number, keys: readonly string[]): boolean {
  const comparator = comparatorOf(node);
  const holds = relation(node.tags.count as Text);
  const found = comparator.key(String(count));
  return keys.some((key) => holds(comparator.order(found, comparator.key(key))));
}

function* matchRegexes(
  run: Run,
  node: Node,
  values: readonly string[],
  keys: readonly string[],
): Steps<boolean> {
  const { ignoresCase } = comparatorOf(node);
  const programs: Program[] = [];
  for (const key of keys) {
    programs.push(programOf(run, key, ignoresCase));
    yield undefined;
  }
  for (const value of values) {
    const seen = cut(value, run.limits.regexBytes);
    for (const program of programs) {
      const found = yield* matchRegex(program, seen, run.budget);
      if (found === undefined) continue;
      run.scope.setMatch(found);
      return true;
    }
  }
  return false;
}

/** Writing a program is dearer than a step through it. */
const INSTRUCTION_COST = 64;

function programOf(run: Run, pattern: string, ignoresCase: boolean): Program {
  const name = `${ignoresCase}:${pattern}`;
  const known = run.programs.get(name);
  if (known !== undefined) return known;
  try {
    const program = compileRegex(pattern, ignoresCase);
    run.budget.compare(pattern.length + INSTRUCTION_COST * program.instructions.length);
    run.programs.set(name, program);
    return program;
  } catch (error) {
    if (error instanceof RegexError) throw new RunFault(`the regular expression: ${error.message}`);
    throw error;
  }
}

/** RFC 6134 §2.3: the keys name lists, and a value matches that is in one of them. */
function* matchLists(run: Run, values: readonly string[], keys: readonly string[]): Steps<boolean> {
  for (const list of keys) {
    const isThere = yield* answered(run.environment.lists.exists(list));
    if (!isThere) throw new RunFault(`there is no list "${list}"`);
    for (const value of values) {
      run.budget.step();
      if (!(yield* answered(run.environment.lists.contains(list, value)))) continue;
      run.scope.setMatch([value]);
      return true;
    }
  }
  return false;
}
