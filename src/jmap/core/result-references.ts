/**
 * Arguments that stand for something in an earlier answer of the same request (RFC 8620 §3.7): `#ids`, a path into the answer of
 * the call with that id. A path is a JSON Pointer in which `*` goes through a list, whose results are put together.
 */
import { MethodError } from './fault.ts';
import { isList, isObject, type Json, type JsonObject } from './json.ts';
import type { JmapLimits } from './limits.ts';
import type { Invocation } from './request.ts';

const MAX_PATH = 1000;

/** Throws `MethodError` `invalidResultReference`, `invalidArguments` (a name with and without `#`) or `requestTooLarge`. */
export function resolved(
  args: JsonObject,
  answers: readonly Invocation[],
  limits: Pick<JmapLimits, 'maxReferences' | 'maxIdsInReference'>,
): JsonObject {
  const names = Object.keys(args);
  const references = names.filter((name) => name.startsWith('#'));
  if (references.length === 0) return args;
  if (references.length > limits.maxReferences)
    throw new MethodError('requestTooLarge', `at most ${limits.maxReferences} references in one call`);
  const out: Record<string, Json | undefined> = Object.assign(Object.create(null), args);
  for (const reference of references) {
    const name = reference.slice(1);
    if (Object.hasOwn(args, name))
      throw new MethodError('invalidArguments', 'an argument is given twice', { arguments: [name] });
    delete out[reference];
    out[name] = referredTo(args[reference], answers, limits.maxIdsInReference);
  }
  return out;
}

function referredTo(reference: Json | undefined, answers: readonly Invocation[], most: number): Json {
  if (!isObject(reference)) throw wrong('a reference is an object');
  const { resultOf, name, path, ...rest } = reference;
  if (typeof resultOf !== 'string' || typeof name !== 'string' || typeof path !== 'string')
    throw wrong('a reference has resultOf, name and path');
  if (Object.keys(rest).length > 0) throw wrong('a reference has nothing but resultOf, name and path');
  // The first answer of that id: what a method has called besides comes after it.
  const answer = answers.find(({ id }) => id === resultOf);
  if (answer === undefined) throw wrong('no call of that id has been answered');
  if (answer.name !== name) throw wrong('the call of that id has another answer');
  return follow(answer.args, tokensOf(path), most);
}

/** RFC 6901 §3. */
function tokensOf(path: string): readonly string[] {
  if (path.length > MAX_PATH || (path !== '' && !path.startsWith('/')) || /~(?![01])/.test(path))
    throw wrong('the path is no JSON Pointer');
  return path
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function follow(from: Json, tokens: readonly string[], most: number): Json {
  let value: Json = from;
  for (const [depth, token] of tokens.entries()) {
    if (isList(value)) {
      if (token === '*') return through(value, tokens.slice(depth + 1), most);
      const index = /^(?:0|[1-9]\d{0,9})$/.test(token) ? Number(token) : -1;
      const element: Json | undefined = value[index];
      if (element === undefined) throw wrong('the path leads nowhere');
      value = element;
    } else if (isObject(value) && Object.hasOwn(value, token)) {
      value = value[token] ?? null;
    } else throw wrong('the path leads nowhere');
  }
  return value;
}

/** Lists among the results are laid end to end. */
function through(values: readonly Json[], tokens: readonly string[], most: number): Json {
  const out: Json[] = [];
  for (const value of values) {
    const found = follow(value, tokens, most);
    if (isList(found)) for (const one of found) out.push(one);
    else out.push(found);
    if (out.length > most) throw new MethodError('requestTooLarge', `at most ${most} values by reference`);
  }
  return out;
}

function wrong(description: string): MethodError {
  return new MethodError('invalidResultReference', description);
}
