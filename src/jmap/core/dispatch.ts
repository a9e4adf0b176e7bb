/**
 * The calls of a request, one after the other, each with its answer (RFC 8620 §3.3, §3.4). A call that fails has an error for an
 * answer, and the next one runs. Other requests get their turns in between.
 */
import type { Log } from '../../base/log.ts';
import { TimeSlice } from '../../base/time-slice.ts';
import { MailboxError } from '../../mailbox/model/errors.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { CreatedIds } from './created-ids.ts';
import { MethodError, methodErrorOf } from './fault.ts';
import type { Json, JsonObject } from './json.ts';
import { writeJson } from './json-writer.ts';
import type { Call, Method } from './method.ts';
import type { Invocation, JmapRequest } from './request.ts';
import { resolved } from './result-references.ts';

interface Around extends Surroundings {
  readonly sessionState: string;
  /** What stands before the answers. */
  readonly more: JsonObject;
}

export interface Surroundings extends Omit<Call, 'id' | 'created' | 'using' | 'afterwards' | 'account'> {
  /** As `Call.account`, for this method. */
  account(accountId: string, method: Method): Promise<AccountState>;
  /** Whether what was seen of these accounts may still be told. */
  areStillTrue(accounts: readonly AccountState[]): Promise<boolean>;
  /** It is not asked a second time. */
  writes(method: string): boolean;
}

type CallOfNobody = Omit<Call, 'account'>;

/** Undefined when the client is gone: nobody is there for the rest. */
export async function runCalls(
  request: JmapRequest,
  methods: ReadonlyMap<string, Method>,
  { sessionState, more: first, ...around }: Around,
): Promise<readonly Buffer[] | undefined> {
  const { limits, log, gone } = around;
  const created = new CreatedIds(request.createdIds);
  const { using } = request;
  const answers: Invocation[] = [];
  const written: Buffer[] = [];
  let size = 0;
  const slice = new TimeSlice();
  const waiting: Waiting[] = request.calls.map((invocation) => ({ invocation, isOfClient: true }));
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { invocation, isOfClient } = next;
    // What a method calls besides belongs to what it has done.
    if (gone.aborted && isOfClient) return undefined;
    if (slice.isSpent) await slice.next();
    const { id, name } = invocation;
    const more: Waiting[] = [];
    const call: CallOfNobody = {
      ...around,
      ...{ id, created, using },
      afterwards: (method, args) =>
        void more.push({ invocation: { name: method, args, id }, isOfClient: false }),
    };
    let answer = await answerTo(invocation, isOfClient ? answers : undefined, methods, { call, around });
    let octets = await writeJson([answer.name, answer.args, id], limits.maxSizeAnswer - size);
    if (octets === undefined) {
      log.debug({ method: name }, 'an answer is too large');
      answer = errorAnswer(new MethodError('requestTooLarge', 'the answers would be too large'), id);
      octets = [Buffer.from(JSON.stringify([answer.name, answer.args, id]))];
    }
    for (const piece of octets) size += piece.length;
    written.push(...(answers.length === 0 ? [] : [COMMA]), ...octets);
    answers.push(answer);
    waiting.unshift(...more);
  }
  const rest: JsonObject = {
    ...(request.createdIds === undefined ? {} : { createdIds: created.toObject() }),
    sessionState,
  };
  const begin = JSON.stringify({ ...first, methodResponses: [] }).slice(0, -2);
  return [Buffer.from(begin), ...written, Buffer.from(`],${JSON.stringify(rest).slice(1)}`)];
}

interface Waiting {
  readonly invocation: Invocation;
  /** What a method calls besides has no references. */
  readonly isOfClient: boolean;
}

const COMMA = Buffer.from(',');

async function answerTo(
  { name, args, id }: Invocation,
  answers: readonly Invocation[] | undefined,
  methods: ReadonlyMap<string, Method>,
  { call, around }: { readonly call: CallOfNobody; readonly around: Surroundings },
): Promise<Invocation> {
  try {
    const method = methods.get(name);
    if (method === undefined || (answers !== undefined && !call.using.has(method.capability)))
      throw new MethodError('unknownMethod');
    const whole = answers === undefined ? args : resolved(args, answers, call.limits);
    return { name, args: await run(method, whole, call, around), id };
  } catch (error) {
    return errorAnswer(methodFault(error, name, call.log), id);
  }
}

/** Whose rights are changed again and again meanwhile is told so. */
const MOST_RUNS = 5;

/** What somebody may see by leave is told while he still may: else it is looked at anew. */
async function run(
  method: Method,
  args: JsonObject,
  call: CallOfNobody,
  around: Surroundings,
): Promise<JsonObject> {
  for (let runs = 1; runs <= MOST_RUNS; runs++) {
    const seen: AccountState[] = [];
    const account = async (accountId: string): Promise<AccountState> => {
      const found = await around.account(accountId, method);
      seen.push(found);
      return found;
    };
    const answer = await method.run(args, { ...call, account });
    if (around.writes(method.name) || (await around.areStillTrue(seen))) return answer;
  }
  throw new MethodError('serverUnavailable', 'what is shared with you is being changed; try again');
}

function methodFault(error: unknown, method: string, log: Log): MethodError {
  if (error instanceof MethodError) return error;
  if (error instanceof MailboxError) {
    if (error.cause !== undefined) log.warn({ err: error, method }, 'a method failed');
    return methodErrorOf(error);
  }
  log.error({ err: error, method }, 'a bug: a method failed in a way it must not');
  return new MethodError('serverFail', 'the server failed; the error was logged');
}

function errorAnswer(error: MethodError, id: string): Invocation {
  return { name: 'error', args: error.toAnswer() as JsonObject & Json, id };
}
