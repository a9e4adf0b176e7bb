/** What a service worker has around it, as far as ours uses it: the types of browsers' pages do not know it. */

export interface Waiting {
  waitUntil(work: Promise<unknown>): void;
}

export interface FetchEvent extends Waiting {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

export interface PushMessage extends Waiting {
  readonly data: { json(): unknown } | null;
}

export interface Shown {
  readonly tag: string;
  readonly data: unknown;
  close(): void;
}

export interface NotificationClick extends Waiting {
  readonly notification: Shown;
}

export interface WindowClient {
  readonly url: string;
  readonly visibilityState: string;
  focus(): Promise<unknown>;
  postMessage(message: unknown): void;
}

export interface WorkerScope {
  readonly caches: CacheStorage;
  readonly indexedDB: IDBFactory;
  readonly location: { readonly origin: string };
  readonly navigator: {
    readonly languages: readonly string[];
    setAppBadge?(count: number): Promise<void>;
  };
  readonly registration: {
    showNotification(title: string, options: object): Promise<void>;
    getNotifications(): Promise<readonly Shown[]>;
    readonly pushManager: { getSubscription(): Promise<{ unsubscribe(): Promise<boolean> } | null> };
  };
  readonly clients: {
    claim(): Promise<void>;
    matchAll(options: {
      readonly type: 'window';
      readonly includeUncontrolled: boolean;
    }): Promise<readonly WindowClient[]>;
    openWindow(url: string): Promise<unknown>;
  };
  fetch: typeof fetch;
  skipWaiting(): Promise<void>;
  addEventListener(type: 'install' | 'activate', run: (event: Waiting) => void): void;
  addEventListener(type: 'fetch', run: (event: FetchEvent) => void): void;
  addEventListener(type: 'message', run: (event: Waiting & { readonly data: unknown }) => void): void;
  addEventListener(type: 'push', run: (event: PushMessage) => void): void;
  addEventListener(type: 'notificationclick', run: (event: NotificationClick) => void): void;
}
