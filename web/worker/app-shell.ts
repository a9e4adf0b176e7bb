/**
 * The webmail's own files where there is no network. Each build has a cache of its own, filled whole before it counts. Files whose names
 * follow from their content come from there first. Pages come from the server as long as it answers in time, so that nobody goes on with
 * the page of a build that is no longer served; what the server said of them in headers, the policy above all, is kept with them.
 *
 * Mail is not kept here: `keep/` has it, where it may be kept at all.
 */

export interface ShellBuild {
  readonly stamp: string;
  /** `/assets/...` */
  readonly files: readonly string[];
  /** By language, those that only who reads it needs. */
  readonly texts: Readonly<Record<string, readonly string[]>>;
}

export interface ShellParts {
  readonly build: ShellBuild;
  readonly caches: CacheStorage;
  readonly fetch: typeof fetch;
  readonly origin: string;
  readonly sleep: (ms: number) => Promise<unknown>;
}

const NAMED = 'app-';
/** As long as somebody waits for a server before the page that is there is shown. */
const PATIENCE_MS = 2500;
/** `src/web/app-routes.ts` gives the same page at all of them. */
const PLACES = /^\/(?:|m\/.*|search|settings(?:\/.*)?|write(?:\/.*)?|sign-in|leave)$/;
/** Documents that mail is shown in. */
const FRAMES = ['/frame', '/print'];

export class AppShell {
  readonly #parts: ShellParts;

  constructor(parts: ShellParts) {
    this.#parts = parts;
  }

  get #name(): string {
    return NAMED + this.#parts.build.stamp;
  }

  /** All of it, or it has failed and is tried again by the browser. */
  async install(language: string): Promise<void> {
    const { caches, build } = this.#parts;
    const cache = await caches.open(this.#name);
    // A page that the browser has kept may be of the build before.
    const pages = ['/', ...FRAMES].map((path) => new Request(this.#url(path), { cache: 'reload' }));
    const files = [...build.files, ...(build.texts[language] ?? [])];
    await cache.addAll([...files.map((path) => new Request(this.#url(path))), ...pages]);
  }

  /** Another language is read, and would be without a network. */
  async keepTexts(language: string): Promise<void> {
    const { caches, build } = this.#parts;
    const cache = await caches.open(this.#name);
    const requests = (build.texts[language] ?? []).map((path) => new Request(this.#url(path)));
    const there = await Promise.all(requests.map((request) => cache.match(request, { ignoreVary: true })));
    await cache.addAll(requests.filter((_, at) => there[at] === undefined));
  }

  /** The build before stays for tabs that are open; what is older goes. */
  async activate(): Promise<void> {
    const { caches } = this.#parts;
    const others = (await caches.keys()).filter((name) => name.startsWith(NAMED) && name !== this.#name);
    await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)));
  }

  /** Undefined: not ours, the browser asks as usual. */
  answer(request: Request): Promise<Response> | undefined {
    const { origin, pathname } = new URL(request.url);
    if (request.method !== 'GET' || origin !== this.#parts.origin) return undefined;
    if (pathname.startsWith('/assets/')) return this.#file(request);
    if (request.mode !== 'navigate') return undefined;
    if (FRAMES.includes(pathname)) return this.#page(request, pathname);
    return PLACES.test(pathname) ? this.#page(request, '/') : undefined;
  }

  async #file(request: Request): Promise<Response> {
    return (await this.#parts.caches.match(request, { ignoreVary: true })) ?? this.#parts.fetch(request);
  }

  async #page(request: Request, path: string): Promise<Response> {
    const { caches, fetch, sleep } = this.#parts;
    const fresh = fetch(request);
    const inTime = await Promise.race([
      fresh.catch(() => undefined),
      sleep(PATIENCE_MS).then(() => undefined),
    ]);
    if (inTime !== undefined && inTime.status < 500) return inTime;
    const cache = await caches.open(this.#name);
    const kept = await cache.match(this.#url(path), { ignoreVary: true });
    return kept ?? inTime ?? fresh;
  }

  #url(path: string): string {
    return this.#parts.origin + path;
  }
}
