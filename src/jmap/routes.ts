/** Everything of JMAP that is reached over HTTP, put together. */
import type { Log } from '../base/log.ts';
import type { Judge } from '../http/asking.ts';
import { askToSignIn, authorizationJudge } from '../http/authorization.ts';
import { vouchedJudge } from '../http/elsewhere.ts';
import type { Route } from '../http/exchange.ts';
import type { Activity } from '../identity/activity.ts';
import type { Authenticator } from '../identity/authenticator.ts';
import { Sharing } from '../identity/sharing.ts';
import { Visits } from '../identity/visits.ts';
import type { Domain } from '../mailbox/domain.ts';
import type { UploadBudget } from '../mailbox/operations/upload-budget.ts';
import type { Uploads } from '../mailbox/port/uploads.ts';
import { NO_RELAY, type Relay } from '../net/relay.ts';
import { Roster } from '../net/roster.ts';
import type { Editing } from '../rules/editing.ts';
import type { PlaintextRule } from '../sasl/plaintext.ts';
import { apiRoutes } from './api.ts';
import { DIGESTS } from './blobs/blob-get.ts';
import { MAX_DATA_SOURCES } from './blobs/blob-upload.ts';
import { downloadRoutes } from './blobs/download.ts';
import { blobFinder } from './blobs/find-blob.ts';
import { withNestedParts } from './blobs/nested-blob.ts';
import { uploadRoutes } from './blobs/upload.ts';
import {
  ATTACHMENT_BYTES,
  blobCapability,
  coreCapability,
  MAIL_CAPABILITY,
  QUOTA_CAPABILITY,
  WEBSOCKET_CAPABILITY,
} from './capabilities.ts';
import { belongingStateOf } from './core/belonging-state.ts';
import { type JmapLimits, LIMITS } from './core/limits.ts';
import { MDN_CAPABILITY } from './mdn/capability.ts';
import { allMethods } from './methods.ts';
import { OWN_CAPABILITY } from './own/capability.ts';
import { eventRoutes } from './push/event-source.ts';
import { type PushOptions, PushQueue } from './push/push-queue.ts';
import { followAccounts } from './push/pushes.ts';
import { MAIL_STATES, type StateSources } from './push/type-states.ts';
import { webSocketRoutes } from './push/web-socket-route.ts';
import { quotaState } from './quota/quota.ts';
import { Requests } from './requests.ts';
import type { JmapServices } from './services.ts';
import { PRINCIPALS_CAPABILITY } from './sharing/capability.ts';
import { sieveCapability, VACATION_CAPABILITY } from './sieve/capabilities.ts';
import { scriptsState } from './sieve/scripts.ts';
import { vacationState } from './sieve/vacation.ts';
import { submissionCapability } from './submission/capability.ts';
import type { Submitting } from './submission/submit.ts';

/** Of types that are not mail. */
const OTHER_STATES: StateSources = {
  Quota: quotaState,
  Identity: (account) => belongingStateOf(account, 'identity'),
  EmailSubmission: (account) => belongingStateOf(account, 'submission'),
  SieveScript: scriptsState,
  VacationResponse: vacationState,
  Snooze: (account) => belongingStateOf(account, 'snooze'),
  ShareNotification: (account) => belongingStateOf(account, 'share'),
};
export interface JmapOptions {
  readonly domain: Domain;
  readonly authenticator: Authenticator;
  readonly activity: Activity;
  readonly log: Log;
  /** Read with each request. */
  readonly settings: { readonly plaintext: PlaintextRule };
  readonly limits?: Partial<JmapLimits>;
  /** Connections of one account on which changes are pushed; one more ends the one on which nothing has happened for longest. */
  readonly streamsPerAccount: number;
  /** Of this server. */
  readonly hostname: string;
  /** Room for what is on its way in. */
  readonly uploads: UploadBudget;
  /** Where it is kept until it is used. */
  readonly keptUploads: Uploads;
  /** What whoever edits rules needs. */
  readonly editing: Editing;
  /** The rules of sending. */
  readonly submitting: Submitting;
  /** How programs are told that hold no connection. */
  readonly push: PushOptions;
  /** Absent where one process holds everything. */
  readonly relay?: Relay | undefined;
  /** Besides the Authorization field, which is looked at last. */
  readonly judges?: readonly Judge[];
}

export function jmapRoutes(options: JmapOptions): readonly Route[] {
  const services = servicesOf(options);
  const requests = new Requests(services);
  return [
    ...apiRoutes(services, requests),
    ...webSocketRoutes(services, requests),
    ...uploadRoutes(services),
    ...downloadRoutes(services),
    ...eventRoutes(services),
  ];
}

function servicesOf(options: JmapOptions): JmapServices {
  const { authenticator, domain, relay = NO_RELAY, judges = [] } = options;
  const limits = { ...LIMITS, ...options.limits };
  const log = options.log.child({ protocol: 'jmap' });
  const authorization = authorizationJudge({ ...options, log, service: 'jmap' });
  const { hostname, uploads, keptUploads, submitting, editing } = options;
  const findBlob = withNestedParts(blobFinder(keptUploads));
  const sharing = new Sharing(domain);
  const visits = new Visits(sharing, domain);
  const shared = { hostname, uploads, keptUploads, findBlob, sharing, visits };
  const pushQueue = new PushQueue(domain, log, options.push);
  const stateSources = { ...MAIL_STATES, ...OTHER_STATES };
  followAccounts({ domain, log, sources: stateSources, queue: pushQueue });
  const { outward } = options.push;
  const parts = { ...shared, submitting, editing, pushQueue, outward, attachmentBytes: ATTACHMENT_BYTES };
  return {
    activity: options.activity,
    visits,
    ...{ domain, log, limits, relay, findBlob, uploads: keptUploads, budget: uploads },
    judges: [vouchedJudge(domain), ...judges, authorization],
    askToSignIn: (request) => askToSignIn(authenticator, request),
    methods: new Map(allMethods(parts).map((method) => [method.name, method])),
    stateSources,
    streams: new Roster(options.streamsPerAccount),
    capabilities: [
      coreCapability(limits),
      MAIL_CAPABILITY,
      PRINCIPALS_CAPABILITY,
      WEBSOCKET_CAPABILITY,
      QUOTA_CAPABILITY,
      options.push.vapid.capability,
      blobCapability(limits, Object.keys(DIGESTS), MAX_DATA_SOURCES),
      VACATION_CAPABILITY,
      MDN_CAPABILITY,
      OWN_CAPABILITY,
      sieveCapability(editing),
      submissionCapability(submitting.settings.maxMessageBytes),
    ],
  };
}
