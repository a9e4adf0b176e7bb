/**
 * Pictures that a mail names at other servers, fetched by this one, so that whoever put them there learns nothing of who looks at
 * them but that somebody does. A page asks for an address of each picture of a mail, when its reader wants them, and gets one that this
 * server has signed for its session, the mail and the picture: what stands in a mail itself can never be such an address.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { GateFull, Semaphore } from '../base/gate.ts';
import type { Log } from '../base/log.ts';
import { LruMap } from '../base/lru.ts';
import type { HttpReply, HttpRequest, Route } from '../http/exchange.ts';
import { type Outward, OutwardError } from '../http/outward.ts';
import { cookieIn } from './cookie.ts';
import { getJson, json, postJson, refusal } from './json-route.ts';
import { KeptPictures, type Picture } from './kept-pictures.ts';
import { pictureType } from './picture-type.ts';
import type { WebServices } from './services.ts';
import { signedIn } from './session-routes.ts';

const MAX_BODY = 512 * 1024;
const MAX_PICTURES = 500;
const MAX_URL = 8192;
const WANTED = z.strictObject({
  email: z.string().regex(/^e[1-9]\d{0,9}$/),
  urls: z.array(z.string().max(MAX_URL)).max(MAX_PICTURES),
});
const PATH = '/web/picture';
const TYPES = 'image/avif,image/webp,image/png,image/jpeg,image/gif';
const MAX_KEPT_BYTES = 64 * 1024 * 1024;
const KEPT_MS = 3_600_000;
/** One account's, so that nobody takes all places of all. */
const AT_ONCE = 6;
const MAX_WAITING = MAX_PICTURES;
const MAX_ACCOUNTS = 1000;

/** A document with nothing allowed, should somebody open it as one. */
const ALONE: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
};

export interface ProxyServices extends Pick<WebServices, 'clock'> {
  readonly sessions: Pick<WebServices['sessions'], 'find'>;
  readonly outward: Pick<Outward, 'ask'>;
  readonly log: Log;
}

export function pictureRoutes(services: ProxyServices): readonly Route[] {
  const proxy = new ImageProxy(services);
  return [
    postJson('/web/pictures', WANTED, (wanted, request) => proxy.sign(wanted, request), MAX_BODY),
    getJson(PATH, (request) => proxy.fetch(request)),
  ];
}

class ImageProxy {
  readonly #services: ProxyServices;
  readonly #kept = new KeptPictures({ maxBytes: MAX_KEPT_BYTES, maxAgeMs: KEPT_MS });
  readonly #places = new LruMap<number, Semaphore>(MAX_ACCOUNTS);
  readonly #asking = new Map<string, Promise<Picture | undefined>>();

  constructor(services: ProxyServices) {
    this.#services = services;
  }

  /** In the order of the question. */
  async sign({ email, urls }: z.infer<typeof WANTED>, request: HttpRequest): Promise<HttpReply> {
    if ((await signedIn(this.#services, request)) === undefined) return refusal(401, 'signed-out');
    const pictures = urls.map((url) => {
      const query = new URLSearchParams({ email, url, proof: proofOf(request, email, url) });
      return `${PATH}?${query}`;
    });
    return json(200, { pictures });
  }

  async fetch(request: HttpRequest): Promise<HttpReply> {
    const who = await signedIn(this.#services, request);
    if (who === undefined) return refusal(401, 'signed-out');
    const [email, url, proof] = ['email', 'url', 'proof'].map((name) => request.query.get(name) ?? '');
    if (email === undefined || url === undefined || !isEqual(proof ?? '', proofOf(request, email, url)))
      return refusal(403, 'forbidden');
    const account = Number(who.record.id);
    const picture = await this.#picture(account, url);
    if (picture === undefined) return refusal(404, 'no-picture');
    const { type, octets } = picture;
    const headers = { ...ALONE, 'content-type': type, 'cache-control': 'private, max-age=86400, immutable' };
    return { status: 200, headers, body: octets };
  }

  /** Two that want the same at once get it by one question. */
  #picture(account: number, url: string): Promise<Picture | undefined> {
    const key = `${account} ${url}`;
    const kept = this.#kept.find(key, this.#services.clock.nowMs());
    if (kept !== undefined) return Promise.resolve(kept);
    const asking = this.#asking.get(key) ?? this.#ask(account, url, key);
    this.#asking.set(key, asking);
    return asking.finally(() => this.#asking.delete(key));
  }

  async #ask(account: number, url: string, key: string): Promise<Picture | undefined> {
    const places = this.#places.get(account) ?? new Semaphore(AT_ONCE, MAX_WAITING);
    this.#places.set(account, places);
    try {
      const reply = await places.run(() =>
        this.#services.outward.ask({ url, method: 'GET', headers: { accept: TYPES } }),
      );
      const type = reply.status === 200 ? pictureType(reply.body) : undefined;
      if (type === undefined) return undefined;
      const picture = { type, octets: reply.body };
      this.#kept.keep(key, picture, this.#services.clock.nowMs());
      return picture;
    } catch (error) {
      if (!(error instanceof OutwardError) && !(error instanceof GateFull)) throw error;
      this.#services.log.debug({ fault: 'fault' in error ? error.fault : 'busy' }, 'a picture did not come');
      return undefined;
    }
  }
}

/** By a key that this session alone has, so it ends with it and no other can use what it was given. */
function proofOf(request: HttpRequest, email: string, url: string): string {
  const key = `pictures ${cookieIn(request) ?? ''}`;
  return createHmac('sha256', key).update(`${email}\n${url}`).digest('base64url');
}

function isEqual(said: string, expected: string): boolean {
  const [a, b] = [Buffer.from(said), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
