/** What everything of JMAP shares in one process. */
import type { Log } from '../base/log.ts';
import type { Judge } from '../http/asking.ts';
import type { HttpReply, HttpRequest } from '../http/exchange.ts';
import type { Activity } from '../identity/activity.ts';
import type { Visits } from '../identity/visits.ts';
import type { Domain } from '../mailbox/domain.ts';
import type { UploadBudget } from '../mailbox/operations/upload-budget.ts';
import type { Uploads } from '../mailbox/port/uploads.ts';
import type { Relay } from '../net/relay.ts';
import type { Roster } from '../net/roster.ts';
import type { BlobFinder } from './blobs/find-blob.ts';
import type { Capability } from './capabilities.ts';
import type { JmapLimits } from './core/limits.ts';
import type { Method } from './core/method.ts';
import type { StateSources } from './push/type-states.ts';

export interface JmapServices {
  readonly domain: Domain;
  /** What others share. */
  readonly visits: Visits;
  readonly log: Log;
  readonly activity: Pick<Activity, 'note'>;
  readonly limits: JmapLimits;
  /** In the order in which they are asked. */
  readonly judges: readonly Judge[];
  /** What is answered to a request that says nothing of who asks. */
  readonly askToSignIn: (request: HttpRequest) => HttpReply;
  readonly methods: ReadonlyMap<string, Method>;
  readonly capabilities: readonly Capability[];
  readonly uploads: Uploads;
  /** Room for what is on its way in. */
  readonly budget: UploadBudget;
  readonly findBlob: BlobFinder;
  /** Of each type that is pushed. */
  readonly stateSources: StateSources;
  /** Connections on which changes are pushed, by account. */
  readonly streams: Roster;
  /** To those who hold other accounts. */
  readonly relay: Relay;
}
