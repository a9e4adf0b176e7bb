/** Where methods are called (RFC 8620 §3): who asks is known before the body is read; then it is JSON, a request, and its calls run. */
import { TimeSlice } from '../base/time-slice.ts';
import { readWhole } from '../http/body.ts';
import { BodyFault, type HttpReply, type HttpRequest, type Route } from '../http/exchange.ts';
import type { Admission } from '../identity/authenticator.ts';
import { overLimit, problemReply, RequestProblem } from './core/problem.ts';
import { PATHS, sessionObject } from './core/session-object.ts';
import type { Requests } from './requests.ts';
import type { JmapServices } from './services.ts';
import { signedIn } from './signed-in.ts';

const JSON_TYPE = Object.freeze({ 'content-type': 'application/json' });

/** Written in one go. */
const SMALL = 256 * 1024;

export function apiRoutes(services: JmapServices, requests: Requests): readonly Route[] {
  return [
    {
      method: 'GET',
      path: PATHS.session,
      answer: signedIn(services, (request, who) => answerSession(services, request, who)),
    },
    {
      method: 'POST',
      path: PATHS.api,
      takesPieces: true,
      maxBodyBytes: services.limits.maxSizeRequest,
      answer: signedIn(services, (request, who) => answerCalls(services, requests, request, who)),
    },
  ];
}

async function answerSession(
  services: JmapServices,
  request: HttpRequest,
  { record }: Admission,
): Promise<HttpReply> {
  const host = request.headers.host ?? request.host;
  const shared = await services.visits.all(record);
  const session = sessionObject(record, services, { host, isSecure: request.isSecure, shared });
  return {
    status: 200,
    headers: { ...JSON_TYPE, 'cache-control': 'no-cache, no-store, must-revalidate' },
    body: JSON.stringify(session),
  };
}

async function answerCalls(
  services: JmapServices,
  requests: Requests,
  request: HttpRequest,
  { record, credential }: Admission,
): Promise<HttpReply> {
  const client = request.headers['user-agent'];
  const asker = {
    record,
    credential: credential?.id,
    client,
    remote: request.remoteAddress,
    gone: request.gone,
  };
  try {
    return await requests.within(record, async () => {
      const octets = await readBody(services, request);
      const pieces = await requests.answer(await requests.read(octets), asker);
      return pieces === undefined ? { status: 499 } : replyOf(pieces);
    });
  } catch (error) {
    if (error instanceof RequestProblem) return problemReply(error);
    throw error;
  }
}

/** Throws `RequestProblem`. */
async function readBody({ limits }: JmapServices, request: HttpRequest): Promise<Buffer> {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json')
    throw new RequestProblem('notJSON', 'the content type is application/json');
  try {
    return await readWhole(request.pieces);
  } catch (error) {
    if (error instanceof BodyFault && error.kind === 'too-large')
      throw overLimit('maxSizeRequest', `at most ${limits.maxSizeRequest} octets`, 413);
    throw error;
  }
}

function replyOf(pieces: readonly Buffer[]): HttpReply {
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
