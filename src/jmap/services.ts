/** What everything of JMAP shares in one process. */
import type { Log } from '../base/log.ts';
import type { Judge } from '../http/asking.ts';
import type { HttpReply, HttpRequest } from '../http/exchange.ts';
import type { Domain } from '../mailbox/domain.ts';
import type { Capability } from './capabilities.ts';
import type { JmapLimits } from './core/limits.ts';
import type { Method } from './core/method.ts';

export interface JmapServices {
  readonly domain: Domain;
  readonly log: Log;
  readonly limits: JmapLimits;
  /** In the order in which they are asked. */
  readonly judges: readonly Judge[];
  /** What is answered to a request that says nothing of who asks. */
  readonly askToSignIn: (request: HttpRequest) => HttpReply;
  readonly methods: ReadonlyMap<string, Method>;
  readonly capabilities: readonly Capability[];
}
