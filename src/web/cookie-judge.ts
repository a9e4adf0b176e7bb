/**
 * The webmail's cookie as a way to say who asks. It counts in requests of our own page alone, and not where the request says
 * by itself who asks.
 */
import { type Judge, SILENT } from '../http/asking.ts';
import type { WebSessions } from '../identity/web-sessions.ts';
import { cookieIn } from './cookie.ts';
import { refusal } from './json-route.ts';
import { isFromOwnSite } from './own-site.ts';

/** As lists of connections name it. */
export const COOKIE = 'cookie';

export function cookieJudge(sessions: Pick<WebSessions, 'find'>): Judge {
  return async (request) => {
    const cookie = request.headers.authorization === undefined ? cookieIn(request) : undefined;
    if (cookie === undefined || !isFromOwnSite(request)) return SILENT;
    const who = await sessions.find(cookie);
    return who === undefined
      ? { kind: 'refused', reply: refusal(401, 'signed-out') }
      : { kind: 'known', who, how: COOKIE };
  };
}
