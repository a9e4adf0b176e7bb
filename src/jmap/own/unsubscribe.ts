/**
 * Email/unsubscribe, our own: leaves the list that a mail came by, with the one request of RFC 8058 §3.2. The server asks, so the list learns
 * nothing of the browser; it asks what stands in that mail and nothing else, in the public internet, without cookies, and does not follow where
 * it is sent. Whoever calls has made sure that a person wants it.
 */
import type { Clock } from '../../base/clock.ts';
import { GateFull } from '../../base/gate.ts';
import { LruMap } from '../../base/lru.ts';
import { type Outward, OutwardError } from '../../http/outward.ts';
import { id, readArguments } from '../core/arguments.ts';
import { SetError } from '../core/fault.ts';
import type { Method } from '../core/method.ts';
import { emailHeader } from '../mail/email-header.ts';
import { OWN } from './capability.ts';
import { ONE_CLICK, unsubscribeTarget } from './unsubscribe-target.ts';

export interface UnsubscribeParts {
  readonly outward: Pick<Outward, 'ask'>;
}

/** Of one account: more than a person leaves, so that nobody has this server ask for something else. */
const MOST = 60;
const WITHIN_MS = 3_600_000;
const ACCOUNTS = 1000;
/** Nobody reads it; it is bounded all the same. */
const MAX_ANSWER_BYTES = 64 * 1024;

export function unsubscribe({ outward }: UnsubscribeParts): Method {
  const asked = new LruMap<number, Hour>(ACCOUNTS);
  return {
    name: 'Email/unsubscribe',
    capability: OWN,
    async run(raw, call) {
      const { accountId, id: name } = readArguments(raw, { accountId: id, id });
      const account = await call.account(accountId);
      const found = await emailHeader(call.domain, account, call.created.resolve(name));
      const target = found && unsubscribeTarget(found.header);
      const error =
        found === undefined
          ? new SetError('notFound')
          : target === undefined
            ? new SetError('notOneClick', 'the mail does not say where one request is enough')
            : mayAsk(asked, Number(account.id), call.domain.clock)
              ? await ask(outward, target)
              : new SetError('rateLimit', `at most ${MOST} an hour`);
      return { accountId, id: name, error: error?.toAnswer() ?? null };
    },
  };
}

interface Hour {
  readonly sinceMs: number;
  count: number;
}

function mayAsk(asked: LruMap<number, Hour>, account: number, clock: Clock): boolean {
  const nowMs = clock.nowMs();
  const known = asked.get(account);
  const hour =
    known !== undefined && nowMs - known.sinceMs < WITHIN_MS ? known : { sinceMs: nowMs, count: 0 };
  asked.set(account, hour);
  if (hour.count >= MOST) return false;
  hour.count++;
  return true;
}

async function ask(outward: Pick<Outward, 'ask'>, url: string): Promise<SetError | undefined> {
  try {
    const { status } = await outward.ask({
      ...{ url, method: 'POST', isHttpsOnly: true, maxBytes: MAX_ANSWER_BYTES, body: ONE_CLICK },
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    if (status >= 200 && status < 300) return undefined;
    return new SetError('unsubscribeRefused', `it was answered with ${status}`, { status });
  } catch (error) {
    if (error instanceof OutwardError) return new SetError('unsubscribeUnreachable', error.message);
    if (error instanceof GateFull) return new SetError('rateLimit', 'too much is asked at the moment');
    throw error;
  }
}
