/**
 * Whether this browser is told of new mail when no page is open: a subscription of its push service, which the server knows under the
 * session (RFC 8620 §7.2), and signs for with its key (RFC 9749). The service worker says the code that proves it. It ends with
 * the session; until then it is renewed at each start of the page, since the server forgets it after a week.
 */
import type { Keeping } from '../keep/keeping.ts';
import type { JmapClient } from '../sync/jmap-client.ts';
import { utcDate } from '../sync/utc-date.ts';

export interface PushParts {
  readonly client: Pick<JmapClient, 'call' | 'session'>;
  readonly keeping: Pick<Keeping, 'fact' | 'keepFact'>;
  readonly registration: () => Promise<{ readonly pushManager: PushManager }>;
  readonly permission: {
    now(): NotificationPermission;
    ask(): Promise<NotificationPermission>;
  };
  readonly nowMs: () => number;
}

export type PushState = 'on' | 'off' | 'denied';

/** What is kept here of it. */
interface Here {
  readonly id: string;
  readonly endpoint: string;
}

interface SetAnswer {
  readonly created?: Readonly<Record<string, { readonly id: string }>> | null;
  readonly updated?: Readonly<Record<string, unknown>> | null;
}

const VAPID = 'urn:ietf:params:jmap:webpush-vapid';
const WEEK_MS = 7 * 86_400_000;
/** No counts of what was read elsewhere: a browser shows something for each push. */
const TYPES = ['EmailDelivery'];

export class PushHere {
  readonly #parts: PushParts;

  constructor(parts: PushParts) {
    this.#parts = parts;
  }

  async state(): Promise<PushState> {
    if (this.#parts.permission.now() === 'denied') return 'denied';
    return (await this.#here()) === undefined ? 'off' : 'on';
  }

  /** Asks the person, by the browser; only when they have said that they want it. Rejects when it does not work. */
  async on(): Promise<PushState> {
    if ((await this.#parts.permission.ask()) !== 'granted') return 'denied';
    const { pushManager } = await this.#parts.registration();
    const subscription = await subscribed(pushManager, await this.#serverKey());
    await this.#tellUnread();
    await this.#create(subscription);
    return 'on';
  }

  async #serverKey(): Promise<string | undefined> {
    const { capabilities } = await this.#parts.client.session();
    const { applicationServerKey } = (capabilities[VAPID] ?? {}) as {
      readonly applicationServerKey?: string;
    };
    return applicationServerKey;
  }

  async off(): Promise<PushState> {
    const { client, keeping, registration } = this.#parts;
    const here = await this.#here();
    await (await (await registration()).pushManager.getSubscription())?.unsubscribe();
    if (here !== undefined) await client.call('PushSubscription/set', { destroy: [here.id] }).result;
    await keeping.keepFact('push', undefined);
    return 'off';
  }

  /** For another week. A browser may have given up its subscription, and the server its own. */
  async renew(): Promise<void> {
    const here = await this.#here();
    if (here === undefined) return;
    const { client, registration, keeping, nowMs } = this.#parts;
    const { pushManager } = await registration();
    const key = await this.#serverKey();
    let subscription = await pushManager.getSubscription();
    // A push service takes from this server nothing that another key has to sign for.
    if (subscription !== null && key !== undefined && keyOf(subscription) !== key) {
      await subscription.unsubscribe();
      subscription = await subscribed(pushManager, key);
    }
    if (subscription === null) {
      await keeping.keepFact('push', undefined);
      await client.call('PushSubscription/set', { destroy: [here.id] }).result;
      return;
    }
    const expires = utcDate(nowMs() + WEEK_MS);
    const update = { [here.id]: { expires } };
    const answer = await client.call<SetAnswer>('PushSubscription/set', { update }).result;
    const isKnown = here.id in (answer.updated ?? {});
    if (isKnown && here.endpoint === subscription.endpoint) return;
    if (isKnown) await client.call('PushSubscription/set', { destroy: [here.id] }).result;
    await this.#create(subscription);
  }

  #here(): Promise<Here | undefined> {
    return this.#parts.keeping.fact<Here>('push');
  }

  async #create(subscription: PushSubscription): Promise<void> {
    const { client, keeping } = this.#parts;
    const { endpoint = '', keys = {} } = subscription.toJSON();
    const one = {
      ...{ deviceClientId: crypto.randomUUID(), url: endpoint, types: TYPES },
      keys: { p256dh: keys.p256dh, auth: keys.auth },
    };
    const answer = await client.call<SetAnswer>('PushSubscription/set', { create: { here: one } }).result;
    const made = answer.created?.here;
    if (made === undefined) {
      await subscription.unsubscribe();
      throw new Error('the server does not take it');
    }
    await keeping.keepFact('push', { id: made.id, endpoint } satisfies Here);
  }

  /** What is unread now is no news later. */
  async #tellUnread(): Promise<void> {
    const { client, keeping } = this.#parts;
    const { ids } = await client.call<{ readonly ids: readonly string[] }>('Email/query', {
      ...{ filter: { notKeyword: '$seen' }, limit: 100 },
      sort: [{ property: 'receivedAt', isAscending: false }],
    }).result;
    await keeping.keepFact('told', ids);
  }
}

function subscribed(pushManager: PushManager, key: string | undefined): Promise<PushSubscription> {
  return pushManager.subscribe({
    userVisibleOnly: true,
    ...(key === undefined ? {} : { applicationServerKey: key }),
  });
}

/** Base64url, as the server says it. */
function keyOf({ options }: PushSubscription): string {
  const octets = new Uint8Array(options.applicationServerKey ?? new ArrayBuffer(0));
  return btoa(String.fromCharCode(...octets))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/** Undefined: this browser cannot. */
export function pushHere(
  client: PushParts['client'],
  keeping: PushParts['keeping'] | undefined,
): PushHere | undefined {
  const isAble =
    keeping !== undefined &&
    'serviceWorker' in navigator &&
    'PushManager' in globalThis &&
    'Notification' in globalThis;
  if (!isAble) return undefined;
  return new PushHere({
    ...{ client, keeping, nowMs: () => Date.now() },
    registration: () => navigator.serviceWorker.ready,
    permission: { now: () => Notification.permission, ask: () => Notification.requestPermission() },
  });
}
