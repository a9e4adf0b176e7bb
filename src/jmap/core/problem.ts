/** What is wrong with a request as a whole: problem details (RFC 7807) of the types of RFC 8620 §3.6.1. */
import type { HttpReply } from '../../http/exchange.ts';
import type { JsonObject } from './json.ts';

export type ProblemType = 'unknownCapability' | 'notJSON' | 'notRequest' | 'limit';

export class RequestProblem extends Error {
  override readonly name = 'RequestProblem';
  readonly type: ProblemType;
  readonly status: number;
  readonly more: JsonObject;

  constructor(type: ProblemType, detail: string, more: JsonObject = {}, status = 400) {
    super(detail);
    this.type = type;
    this.status = status;
    this.more = more;
  }

  toObject(): JsonObject {
    const type = `urn:ietf:params:jmap:error:${this.type}`;
    return { type, status: this.status, detail: this.message, ...this.more };
  }
}

/** `limit`: its name in the session object. */
export function overLimit(limit: string, detail: string, status = 400): RequestProblem {
  return new RequestProblem('limit', detail, { limit }, status);
}

export function problemReply(
  problem: RequestProblem,
  headers: Readonly<Record<string, string>> = {},
): HttpReply {
  return plainProblem(problem.status, problem.toObject(), headers);
}

/** One without a type of JMAP's. */
export function plainProblem(
  status: number,
  body: JsonObject,
  headers: Readonly<Record<string, string>> = {},
): HttpReply {
  return {
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
    body: JSON.stringify(body),
  };
}
