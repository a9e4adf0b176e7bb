/**
 * Where methods are called (RFC 8620 §3): who asks is known before the body is read; then it is JSON, a request, and its calls
 * run. One account has so many requests at once.
 */
import { randomUUID } from 'node:crypto';
import { TimeSlice } from '../base/time-slice.ts';
import { whoAsks } from '../http/asking.ts';
import { readWhole } from '../http/body.ts';
import { BodyFault, type HttpReply, type HttpRequest, type Route } from '../http/exchange.ts';
import type { Admission } from '../identity/authenticator.ts';
import { actingAs } from '../mailbox/domain.ts';
import type { AccountId, AccountRecord } from '../mailbox/model/model.ts';
import { accountOfObjectId } from './core/account-id.ts';
import { runCalls } from './core/dispatch.ts';
import { MethodError } from './core/fault.ts';
import { JsonFault, readJson } from './core/json-reader.ts';
import { overLimit, problemReply, RequestProblem } from './core/problem.ts';
import { type JmapRequest, readRequest } from './core/request.ts';
import { PATHS, sessionObject, sessionState } from './core/session-object.ts';
import type { JmapServices } from './services.ts';
import { signedIn } from './signed-in.ts';

const JSON_TYPE = Object.freeze({ 'content-type': 'application/json' });

/** Written in one go. */
const SMALL = 256 * 1024;

export function apiRoutes(services: JmapServices): readonly Route[] {
  const running = new Map<AccountId, number>();
  return [
    { method: 'GET', path: PATHS.session, answer: (request) => answerSession(services, request) },
    {
      method: 'POST',
      path: PATHS.api,
      takesPieces: true,
      maxBodyBytes: services.limits.maxSizeRequest,
      answer: signedIn(services, (request, who) => answerCalls(services, running, request, who)),
    },
  ];
}

async function answerSession(services: JmapServices, request: HttpRequest): Promise<HttpReply> {
  const asking = await whoAsks(services.judges, request, services.askToSignIn(request));
  if (asking.kind === 'refused') return asking.reply;
  const base = `${request.isSecure ? 'https' : 'http'}://${request.headers.host ?? request.host}`;
  const session = sessionObject(asking.who.record, services, base);
  return {
    status: 200,
    headers: { ...JSON_TYPE, 'cache-control': 'no-cache, no-store, must-revalidate' },
    body: JSON.stringify(session),
  };
}

async function answerCalls(
  services: JmapServices,
  running: Map<AccountId, number>,
  request: HttpRequest,
  { record }: Admission,
): Promise<HttpReply> {
  const { maxConcurrentRequests } = services.limits;
  const before = running.get(record.id) ?? 0;
  if (before >= maxConcurrentRequests)
    return problemReply(
      overLimit('maxConcurrentRequests', `at most ${maxConcurrentRequests} requests at once`, 429),
    );
  running.set(record.id, before + 1);
  try {
    const asked = await readBody(services, request);
    return await answerTo(services, record, asked, request);
  } catch (error) {
    if (error instanceof RequestProblem) return problemReply(error);
    throw error;
  } finally {
    const left = (running.get(record.id) ?? 1) - 1;
    if (left === 0) running.delete(record.id);
    else running.set(record.id, left);
  }
}

/** Throws `RequestProblem`. */
async function readBody(services: JmapServices, request: HttpRequest): Promise<JmapRequest> {
  const { limits, capabilities } = services;
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json')
    throw new RequestProblem('notJSON', 'the content type is application/json');
  try {
    const octets = await readWhole(request.pieces);
    const value = await readJson(octets, limits.maxDepth);
    return readRequest(value, new Set(capabilities.map(({ uri }) => uri)), limits);
  } catch (error) {
    if (error instanceof JsonFault) throw new RequestProblem('notJSON', error.message);
    if (error instanceof BodyFault && error.kind === 'too-large')
      throw overLimit('maxSizeRequest', `at most ${limits.maxSizeRequest} octets`, 413);
    throw error;
  }
}

async function answerTo(
  services: JmapServices,
  record: AccountRecord,
  asked: JmapRequest,
  { gone, headers }: Pick<HttpRequest, 'gone' | 'headers'>,
): Promise<HttpReply> {
  const { limits, methods } = services;
  const author = { service: 'jmap', id: randomUUID(), client: headers['user-agent']?.slice(0, 200) };
  const log = services.log.child({ account: record.address, request: author.id }, record.address);
  const domain = actingAs(services.domain, author);
  const pieces = await runCalls(asked, methods, {
    ...{ domain, record, limits, log, gone },
    sessionState: sessionState(record, services),
    account: async (accountId) => {
      if (accountOfObjectId(accountId) !== record.id)
        throw new MethodError('accountNotFound', 'there is no such account for you');
      return domain.accounts.open(record.id);
    },
  });
  if (pieces === undefined) return { status: 499 };
  const size = pieces.reduce((sum, { length }) => sum + length, 0);
  if (size <= SMALL) return { status: 200, headers: JSON_TYPE, body: Buffer.concat(pieces) };
  return { status: 200, headers: { ...JSON_TYPE, 'content-length': String(size) }, body: inTurns(pieces) };
}

async function* inTurns(pieces: readonly Buffer[]): AsyncGenerator<Buffer> {
  const slice = new TimeSlice();
  for (const piece of pieces) {
    if (slice.isSpent) await slice.next();
    yield piece;
  }
}
