/** A Request object (RFC 8620 §3.3), checked as far as that can be done before any of its methods runs. */
import { isList, isObject, type Json, type JsonObject } from './json.ts';
import type { JmapLimits } from './limits.ts';
import { overLimit, RequestProblem } from './problem.ts';

export interface Invocation {
  readonly name: string;
  readonly args: JsonObject;
  readonly id: string;
}

export interface JmapRequest {
  readonly using: ReadonlySet<string>;
  readonly calls: readonly Invocation[];
  /** Undefined: the client does not want them back. */
  readonly createdIds: ReadonlyMap<string, string> | undefined;
}

const MAX_NAME = 255;
const MAX_USING = 100;

/** Throws `RequestProblem`. `known`: the capabilities of the server. */
export function readRequest(value: Json, known: ReadonlySet<string>, limits: JmapLimits): JmapRequest {
  if (!isObject(value)) throw notRequest('expected an object');
  const { using, methodCalls, createdIds } = value;
  if (!isList(using) || using.length > MAX_USING || !using.every((one) => typeof one === 'string'))
    throw notRequest('"using" is a list of capabilities');
  if (!isList(methodCalls)) throw notRequest('"methodCalls" is a list of calls');
  const unknown = using.find((one) => !known.has(one as string)) as string | undefined;
  if (unknown !== undefined)
    throw new RequestProblem('unknownCapability', `not known here: ${unknown.slice(0, MAX_NAME)}`);
  if (methodCalls.length > limits.maxCallsInRequest)
    throw overLimit('maxCallsInRequest', `at most ${limits.maxCallsInRequest} calls in one request`);
  return {
    using: new Set(using as readonly string[]),
    calls: methodCalls.map(readInvocation),
    createdIds: createdIds === undefined || createdIds === null ? undefined : readCreatedIds(createdIds),
  };
}

function readInvocation(value: Json): Invocation {
  const [name, args, id] = isList(value) ? value : [];
  if (
    !isList(value) ||
    value.length !== 3 ||
    typeof name !== 'string' ||
    typeof id !== 'string' ||
    !isObject(args)
  )
    throw notRequest('a call is a name, an object of arguments and an id');
  if (name.length > MAX_NAME || id.length > MAX_NAME) throw notRequest('names and ids of calls are short');
  return { name, args, id };
}

function readCreatedIds(value: Json): ReadonlyMap<string, string> {
  if (!isObject(value)) throw notRequest('"createdIds" is an object');
  const out = new Map<string, string>();
  for (const [name, one] of Object.entries(value)) {
    if (typeof one !== 'string') throw notRequest('"createdIds" has ids as its values');
    out.set(name, one);
  }
  return out;
}

function notRequest(detail: string): RequestProblem {
  return new RequestProblem('notRequest', detail);
}
