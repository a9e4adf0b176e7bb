/**
 * The page's side of the service worker: registers it, asks for a newer one when there may be one, and knows when the server has another
 * build than the page was made of. The new one is offered; only a page that nobody has looked at for long, and in which nothing is
 * under way, goes over to it by itself.
 */
import { type ReadonlySignal, signal } from '@preact/signals-core';

export interface WorkerParts {
  /** Absent where there are none: in a private window, over plain http. */
  readonly container:
    | Pick<ServiceWorkerContainer, 'register' | 'ready' | 'addEventListener' | 'startMessages'>
    | undefined;
  readonly url: string;
  /** Of the build that the page was made of. */
  readonly stamp: string;
  readonly reload: () => void;
  /** The page as the server has it now. */
  readonly page: () => Promise<string>;
  /** As long as the tab; nothing where the browser keeps nothing. */
  readonly storage: Pick<Storage, 'getItem' | 'setItem'> | undefined;
  /** A notification was pressed that leads to this address. */
  readonly open: (path: string) => void;
  readonly nowMs: () => number;
}

export const WORKER_URL = '/service-worker.js';
/** A newer build is there within a moment of its server, if it is being made. */
const LOOK_AGAIN_MS = [0, 5000, 30_000];
const OFTEN_MS = 60_000;
const UNSEEN_MS = 30 * 60_000;
/** The build whose page was left because a part of it was not there. */
const LEFT = 'left-build';

export class AppWorker {
  readonly #parts: WorkerParts;
  readonly #isNew = signal(false);
  #registration: ServiceWorkerRegistration | undefined;
  #askedMs = Number.NEGATIVE_INFINITY;
  #hiddenMs: number | undefined;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    parts.container?.addEventListener('message', ({ data }) => {
      const { kind, stamp, path } = (data ?? {}) as Readonly<Record<string, unknown>>;
      if (kind === 'build' && stamp !== parts.stamp) this.#isNew.value = true;
      if (kind === 'open' && typeof path === 'string') parts.open(path);
    });
    parts.container?.startMessages();
  }

  /** The server has another build than this page. */
  get isNew(): ReadonlySignal<boolean> {
    return this.#isNew;
  }

  get registration(): ServiceWorkerRegistration | undefined {
    return this.#registration;
  }

  async register(): Promise<void> {
    try {
      this.#registration = await this.#parts.container?.register(this.#parts.url, { updateViaCache: 'none' });
    } catch {
      // The browser does not want it: the page works, with a network.
    }
  }

  /** The texts of this language are wanted without a network too. */
  async keepTexts(language: string): Promise<void> {
    const { active } = (await this.#parts.container?.ready) ?? {};
    active?.postMessage({ kind: 'texts', language });
  }

  /** The server may be another than before: it was away, or the page was. */
  async check(): Promise<void> {
    const nowMs = this.#parts.nowMs();
    if (nowMs - this.#askedMs < OFTEN_MS) return;
    this.#askedMs = nowMs;
    for (const waitMs of LOOK_AGAIN_MS) {
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      if (this.#isNew.peek()) return;
      await this.#registration?.update().catch(() => undefined);
    }
  }

  reload(): void {
    this.#parts.reload();
  }

  /**
   * A part of this page did not come. Where that is because the server has another build by now, which has no such part, the page goes
   * over to that, if nothing is cut off by it. True: it does. Of one build it does so once, whatever comes of it.
   */
  async goOver(mayReload: boolean): Promise<boolean> {
    const { page, stamp, storage } = this.#parts;
    const found = /data-build="([0-9a-f]+)"/.exec(await page().catch(() => ''))?.[1];
    if (found === undefined || found === stamp) return false;
    this.#isNew.value = true;
    try {
      if (!mayReload || storage === undefined || storage.getItem(LEFT) === stamp) return false;
      storage.setItem(LEFT, stamp);
    } catch {
      return false;
    }
    this.reload();
    return true;
  }

  /** `mayReload`: nothing is under way that a reload would cut off. */
  seen(isVisible: boolean, mayReload: () => boolean): void {
    const nowMs = this.#parts.nowMs();
    if (!isVisible) {
      this.#hiddenMs = nowMs;
      return;
    }
    const wasAway = this.#hiddenMs !== undefined && nowMs - this.#hiddenMs > UNSEEN_MS;
    this.#hiddenMs = undefined;
    if (this.#isNew.peek() && wasAway && mayReload()) this.reload();
    else void this.check();
  }
}

/**
 * The one address that a script may come from by its name, for the policy `require-trusted-types-for 'script'`. Browsers that do not
 * know Trusted Types take the address itself.
 */
export function workerUrl(): string {
  const { trustedTypes } = globalThis as unknown as {
    readonly trustedTypes?: {
      createPolicy(
        name: string,
        rules: { createScriptURL: (url: string) => string },
      ): { createScriptURL(url: string): string };
    };
  };
  const policy = trustedTypes?.createPolicy('brevduva-worker', {
    createScriptURL: (url) => {
      if (url !== WORKER_URL) throw new TypeError('no script of that name is started');
      return url;
    },
  });
  return policy?.createScriptURL(WORKER_URL) ?? WORKER_URL;
}
