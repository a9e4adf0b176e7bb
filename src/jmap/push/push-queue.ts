/**
 * What is on its way to push services (`http/parcels.ts`). A push is a hint: it is kept in memory alone, and whoever missed one asks for
 * changes when it is there again (RFC 8620 §7).
 *
 * With each request the subscription is looked up anew: what was destroyed, has expired or was signed in with something that is not good
 * any more is told nothing. One that the push service does not know any more goes.
 */
import { GateFull, Semaphore } from '../../base/gate.ts';
import type { Log } from '../../base/log.ts';
import type { Outward } from '../../http/outward.ts';
import { OutwardError } from '../../http/outward.ts';
import { type Outcome, outcomeOf, Parcels } from '../../http/parcels.ts';
import type { Domain } from '../../mailbox/domain.ts';
import type { AccountId } from '../../mailbox/model/model.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { loadBelongings } from '../../mailbox/state/belongings.ts';
import { accountObjectId } from '../core/account-id.ts';
import { belongingId } from '../core/belonging-state.ts';
import type { JsonObject } from '../core/json.ts';
import { encryptPush } from './push-encryption.ts';
import { isAlive, type Subscription, subscriptionIn } from './subscription-value.ts';
import type { TypeStates } from './type-states.ts';
import type { Vapid } from './vapid.ts';

export interface PushOptions {
  readonly outward: Outward;
  readonly vapid: Vapid;
  /** Between two requests of a subscription; 5 seconds when left out. */
  readonly pauseMs?: number;
  /** After a failure, the first time; ten seconds when left out. */
  readonly retryMs?: number;
}

interface Parcel {
  readonly account: AccountId;
  readonly id: number;
  readonly states: TypeStates;
  readonly isVerification: boolean;
}

const TTL_SECONDS = 86_400;
/** Of one account at once: whoever names an address that never answers holds up his own. */
const AT_ONCE = 2;
const HOUR_MS = 60 * 60_000;
const VERIFICATIONS_PER_HOUR = 30;

export class PushQueue {
  readonly #domain: Pick<Domain, 'accounts' | 'store' | 'turns' | 'clock' | 'placement'>;
  readonly #log: Log;
  readonly #options: PushOptions;
  readonly #parcels: Parcels<Parcel>;
  readonly #gates = new Map<AccountId, { readonly gate: Semaphore; users: number }>();
  readonly #verified = new Map<AccountId, { count: number; sinceMs: number }>();

  constructor(
    domain: Pick<Domain, 'accounts' | 'store' | 'turns' | 'clock' | 'placement'>,
    log: Log,
    options: PushOptions,
  ) {
    this.#domain = domain;
    this.#log = log;
    this.#options = options;
    const { pauseMs, retryMs } = options;
    this.#parcels = new Parcels({ pauseMs, retryMs, join: inOne, send: (parcel) => this.#attempt(parcel) });
  }

  /** Counts one; false when there were too many within the hour. */
  mayVerify(account: AccountId): boolean {
    const nowMs = this.#domain.clock.nowMs();
    const counted = this.#verified.get(account);
    if (counted === undefined || counted.sinceMs < nowMs - HOUR_MS) {
      for (const [one, { sinceMs }] of this.#verified)
        if (sinceMs < nowMs - HOUR_MS) this.#verified.delete(one);
      this.#verified.set(account, { count: 1, sinceMs: nowMs });
      return true;
    }
    return ++counted.count <= VERIFICATIONS_PER_HOUR;
  }

  /** Pushes the code, now. */
  verify(account: AccountId, id: number): void {
    this.#put(account, id, {}, true);
  }

  push(account: AccountId, id: number, states: TypeStates): void {
    this.#put(account, id, states, false);
  }

  #put(account: AccountId, id: number, states: TypeStates, isVerification: boolean): void {
    this.#parcels.put(`${account}/${id}`, { account, id, states, isVerification });
  }

  async #attempt({ account: owner, id, states, isVerification }: Parcel): Promise<Outcome> {
    try {
      return await this.#inTurn(owner, async () => {
        const { domain, account } = await this.#account(owner);
        if (account === undefined) return { kind: 'gone' };
        const found = subscriptionIn((await loadBelongings(domain, account)).get(id));
        if (found === undefined || !isAlive(found, account, domain.clock.nowMs())) return { kind: 'gone' };
        const message = messageTo(owner, found, states, isVerification);
        if (message === undefined) return { kind: 'done' };
        const outcome = await this.#send(found, message);
        if (outcome.kind === 'gone') await this.#drop(account, id);
        return outcome;
      });
    } catch (error) {
      if (!(error instanceof GateFull))
        this.#log.warn({ err: error, account: owner }, 'a push could not be made');
      return { kind: 'later' };
    }
  }

  /** Undefined when it is held elsewhere by now, or is gone. */
  async #account(id: AccountId) {
    const domain = this.#domain;
    const isHere = domain.placement.locate(id).kind === 'here';
    const account = isHere ? await domain.accounts.open(id).catch(() => undefined) : undefined;
    return { domain, account };
  }

  async #send({ value: { url, keys } }: Subscription, message: JsonObject): Promise<Outcome> {
    const { outward, vapid } = this.#options;
    const text = Buffer.from(JSON.stringify(message));
    try {
      const { status, headers } = await outward.ask({
        ...{ url, method: 'POST', isHttpsOnly: true, maxBytes: 16 * 1024 },
        headers: {
          'content-type': 'application/json',
          ...(keys === null ? {} : { 'content-encoding': 'aes128gcm' }),
          ttl: String(TTL_SECONDS),
          urgency: 'normal',
          authorization: await vapid.authorization(url, this.#domain.clock.nowMs()),
        },
        body: keys === null ? text : encryptPush(text, keys),
      });
      if (status < 200 || status >= 300) this.#log.debug({ status }, 'a push service refused a push');
      return outcomeOf(status, headers['retry-after']);
    } catch (error) {
      if (!(error instanceof OutwardError)) throw error;
      this.#log.debug({ fault: error.fault }, 'a push service could not be asked');
      return error.fault === 'not-allowed' ? { kind: 'gone' } : { kind: 'later' };
    }
  }

  async #drop(account: AccountState, id: number): Promise<void> {
    await this.#domain.turns.run({
      account,
      run: (change) => {
        // It may have been destroyed while the push service was asked.
        if (subscriptionIn(account.belongings?.get(id)) !== undefined) change.belongings.drop(id);
      },
    });
  }

  async #inTurn<T>(owner: AccountId, work: () => Promise<T>): Promise<T> {
    const place = this.#gates.get(owner) ?? { gate: new Semaphore(AT_ONCE), users: 0 };
    this.#gates.set(owner, place);
    place.users++;
    try {
      return await place.gate.run(work);
    } finally {
      if (--place.users === 0) this.#gates.delete(owner);
    }
  }
}

function inOne(older: Parcel, newer: Parcel): Parcel {
  const states = { ...older.states, ...newer.states };
  return { ...newer, states, isVerification: older.isVerification || newer.isVerification };
}

/** Undefined when there is nothing to say, or nothing may be said yet. */
function messageTo(
  owner: AccountId,
  subscription: Subscription,
  states: TypeStates,
  isVerification: boolean,
): JsonObject | undefined {
  // It may have been verified while the code was tried again.
  if (!subscription.value.isVerified) return isVerification ? codeOf(subscription) : undefined;
  return Object.keys(states).length > 0 ? changeOf(owner, states) : undefined;
}

/** RFC 8620 §7.2.2. */
function codeOf({ id, value }: Subscription): JsonObject {
  return {
    '@type': 'PushVerification',
    pushSubscriptionId: belongingId('push', id),
    verificationCode: value.code,
  };
}

function changeOf(account: AccountId, states: TypeStates): JsonObject {
  return { '@type': 'StateChange', changed: { [accountObjectId(account)]: states } };
}
