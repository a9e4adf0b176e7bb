/**
 * The administration in the browser: `POST /web/admin/<what>`, JSON both ways, for the webmail's own page. Each request is judged anew: from
 * our own site, signed in with a cookie, an administrator now. To whoever is none there is nothing here, whatever they ask for. What is done is
 * written down with who did it, among what happened to the administrator and to the account that it was done to.
 *
 * Two at once: between the judgement and the operation the role may go; what had begun is done. Of two administrators the second meets what the
 * first has left, and is told so. Killed in between, an operation is done or not, and the log of the server has its line.
 */
import { z } from 'zod';
import { GateFull, Semaphore } from '../../base/gate.ts';
import { LruMap } from '../../base/lru.ts';
import { type HttpReply, type HttpRequest, type Route, text } from '../../http/exchange.ts';
import { isAdmin } from '../../identity/role.ts';
import { MAX_PASSWORD_BYTES } from '../../sasl/mechanism.ts';
import { isPassword } from '../account-routes.ts';
import { caught, json, parse, refusal } from '../json-route.ts';
import { isFromOwnSite } from '../own-site.ts';
import { SERVICE } from '../services.ts';
import { plaintextFault, type SignedIn, signedIn } from '../session-routes.ts';
import { ACCOUNT_ACTS } from './account-acts.ts';
import type { Act, Done } from './act.ts';
import { DOMAIN_ACTS } from './domain-acts.ts';
import { isProof, makeProof } from './proof.ts';
import { SERVER_ACTS } from './server-acts.ts';
import type { AdminServices } from './services.ts';

const PATH = '/web/admin/';
const MAX_BODY = 64 * 1024;
/** Of one administrator. */
const AT_ONCE = 4;
const MAX_WAITING = 32;
const MAX_ADMINS = 1000;
const PROVE = 'prove';
const PROOF = z.strictObject({ password: z.string().max(MAX_PASSWORD_BYTES) });

export const ACTS: readonly Act[] = Object.freeze([...ACCOUNT_ACTS, ...DOMAIN_ACTS, ...SERVER_ACTS]);

export function adminRoutes(services: AdminServices): readonly Route[] {
  const counter = new AdminCounter(services);
  return [
    {
      ...{ method: 'POST', path: `${PATH}*`, maxBodyBytes: MAX_BODY },
      answer: (request) => counter.answer(request),
    },
  ];
}

class AdminCounter {
  readonly #services: AdminServices;
  readonly #acts = new Map(ACTS.map((one) => [one.name, one]));
  readonly #places = new LruMap<number, Semaphore>(MAX_ADMINS);

  constructor(services: AdminServices) {
    this.#services = services;
  }

  async answer(request: HttpRequest): Promise<HttpReply> {
    if (!isFromOwnSite(request)) return refusal(403, 'other-site');
    const who = await signedIn(this.#services, request);
    if (who === undefined) return refusal(401, 'signed-out');
    if (!isAdmin(who.record)) return this.#nothing(who, request);
    const name = request.path.slice(PATH.length);
    const found = this.#acts.get(name);
    try {
      return await this.#placeOf(who).run(async () => {
        if (name === PROVE) return this.#prove(who, request);
        return found === undefined ? nothing() : this.#run(found, who, request);
      });
    } catch (error) {
      if (error instanceof GateFull) return refusal(429, 'throttled');
      if (this.#services.administration.isLost(error)) return refusal(503, 'unavailable');
      throw error;
    }
  }

  /** Not even whether there is such an account, or such a thing to do. */
  #nothing({ record }: SignedIn, { remoteAddress: remote }: HttpRequest): HttpReply {
    this.#services.activity.attempt(
      record.address,
      'administration refused',
      { remote, service: SERVICE },
      true,
    );
    return nothing();
  }

  async #prove(who: SignedIn, request: HttpRequest): Promise<HttpReply> {
    const fault = plaintextFault(this.#services, request);
    if (fault !== undefined) return fault;
    const parsed = PROOF.safeParse(parse(request.body));
    if (!parsed.success) return refusal(400, 'malformed');
    return caught(async () => {
      const isRight = await isPassword(this.#services, who.record, parsed.data.password, request);
      const proof = isRight ? makeProof(who, this.#services.clock.nowMs()) : undefined;
      return proof === undefined ? refusal(401, 'bad-credentials') : json(200, proof);
    });
  }

  async #run(what: Act, who: SignedIn, request: HttpRequest): Promise<HttpReply> {
    const fault = what.hasSecret === true ? plaintextFault(this.#services, request) : undefined;
    if (fault !== undefined) return fault;
    const { proof, ...rest } = asObject(parse(request.body));
    const parsed = what.schema.safeParse(rest);
    if (!parsed.success) return refusal(400, 'malformed');
    const isProven = typeof proof === 'string' && isProof(who, proof, this.#services.clock.nowMs());
    if (what.isDangerous === true && !isProven) return refusal(403, 'prove');
    return caught(async () => {
      const { administration } = this.#services;
      const { admin, facts, health } = await administration.office();
      const done = await what.run({ admin, facts, health, administration, who }, parsed.data);
      this.#writeDown(what, { who, request, done });
      return done.value === undefined ? { status: 204 } : json(200, done.value);
    });
  }

  #writeDown(
    { did }: Act,
    { who, request, done }: { readonly who: SignedIn; readonly request: HttpRequest; readonly done: Done },
  ): void {
    if (did === undefined) return;
    const { activity } = this.#services;
    const by = who.record.address;
    const facts = { did, ...done.facts, service: SERVICE, remote: request.remoteAddress };
    const to = done.account === undefined ? {} : { to: done.account };
    activity.record(by, 'administered', { ...facts, ...to });
    if (done.account !== undefined && done.account !== by)
      activity.record(done.account, 'administered', { ...facts, by });
  }

  #placeOf({ record: { id } }: SignedIn): Semaphore {
    const known = this.#places.get(id);
    if (known !== undefined) return known;
    const made = new Semaphore(AT_ONCE, MAX_WAITING);
    this.#places.set(id, made);
    return made;
  }
}

/** As at every other place where there is nothing. */
function nothing(): HttpReply {
  return text(404, 'There is nothing here.\n');
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : { malformed: true };
}
