/** Routes that take and give JSON, for the webmail's own page and nobody else: what is not as it should be is refused before it counts. */
import type { z } from 'zod';
import type { HttpReply, HttpRequest, Route } from '../http/exchange.ts';
import { Throttled } from '../identity/throttled.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { isFromOwnSite } from './own-site.ts';

const MAX_BODY = 16 * 1024;
/** How a refusal of the domain is said in HTTP; all others are a fault of ours. */
const STATUS: Partial<Readonly<Record<string, number>>> = {
  'bad-credentials': 401,
  forbidden: 403,
  cannot: 422,
  'invalid-name': 422,
  'over-quota': 409,
  nonexistent: 404,
  exists: 409,
  conflict: 409,
  limit: 409,
  throttled: 429,
  unavailable: 503,
};

export function json(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpReply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) };
}

/** The page translates `error`; `why` is for whoever reads a log. */
export function refusal(status: number, error: string, why?: string): HttpReply {
  return json(status, { error, ...(why === undefined ? {} : { why }) });
}

export function postJson<T>(
  path: string,
  schema: z.ZodType<T>,
  answer: (body: T, request: HttpRequest) => Promise<HttpReply>,
  maxBodyBytes = MAX_BODY,
): Route {
  return {
    ...{ method: 'POST', path, maxBodyBytes },
    answer: async (request) => {
      if (!isFromOwnSite(request)) return refusal(403, 'other-site');
      const parsed = schema.safeParse(parse(request.body));
      if (!parsed.success) return refusal(400, 'malformed');
      return caught(() => answer(parsed.data, request));
    },
  };
}

export function getJson(path: string, answer: (request: HttpRequest) => Promise<HttpReply>): Route {
  return {
    ...{ method: 'GET', path },
    answer: async (request) =>
      isFromOwnSite(request) ? caught(() => answer(request)) : refusal(403, 'other-site'),
  };
}

/** What the domain refuses is said with its code. */
export async function caught(answer: () => Promise<HttpReply>): Promise<HttpReply> {
  try {
    return await answer();
  } catch (error) {
    const status = error instanceof MailboxError ? STATUS[error.code] : undefined;
    if (!(error instanceof MailboxError) || status === undefined) throw error;
    const refused = refusal(status, error.code, error.message);
    if (!(error instanceof Throttled)) return refused;
    return { ...refused, headers: { ...refused.headers, 'retry-after': String(error.waitSeconds) } };
  }
}

/** Undefined for what is no JSON. */
export function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
