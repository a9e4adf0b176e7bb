/**
 * Somebody's presence on one connection, for every protocol in which people sign in: what the client tries, who it is then,
 * what it does to the account, and how it ends. It all goes through here, so that no protocol can forget to count an
 * attempt or to say who came in.
 *
 * An attempt to sign in that fails uses up one of the connection's, whyever it failed; when none is left the protocol says
 * so and closes.
 */
import type { LogFields } from '../base/log.ts';
import type { StoredCredential } from '../mailbox/model/credential.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { Guest } from '../net/guest.ts';
import type { Credentials } from '../sasl/mechanism.ts';
import type { Activity } from './activity.ts';
import type { Admission, Authenticator } from './authenticator.ts';
import { converse, type Exchange, ExchangeFault, tellLast } from './exchange.ts';

/** Of what the sessions of a protocol share. */
export interface PresenceServices {
  readonly authenticator: Pick<Authenticator, 'authenticate' | 'keysOf'>;
  readonly activity: Activity;
  readonly settings: {
    /** Failures after which a connection is over. */
    readonly failuresPerConnection: number;
  };
}

export class Presence {
  readonly #services: PresenceServices;
  readonly #guest: Guest;
  #failures = 0;

  constructor(services: PresenceServices, guest: Guest) {
    this.#services = services;
    this.#guest = guest;
  }

  /** The connection has had its attempts; the protocol closes it after the answer to the last one. */
  get isSpent(): boolean {
    return this.#failures >= this.#services.settings.failuresPerConnection;
  }

  /**
   * Checks the credentials, then `enter`s; what either of them throws is a failure of this connection. `mechanism` is how
   * the client signs in: `PLAIN`, or the command.
   */
  async signIn<T>(
    credentials: Credentials,
    mechanism: string,
    enter: (who: Admission) => Promise<T>,
  ): Promise<T> {
    const { authenticator } = this.#services;
    const guest = this.#guest;
    if (this.isSpent) throw new MailboxError('throttled', 'this connection has failed to sign in too often');
    this.#failures++;
    const { id: session, remote: remoteAddress, service } = guest;
    const who = await authenticator.authenticate({
      ...{ credentials, remoteAddress, service, session, mechanism },
    });
    const entered = await enter(who);
    this.#failures--;
    const { address } = who.record;
    guest.signedIn(address, mechanism);
    // Whoever serves it from here on says so.
    if (!guest.isElsewhere) this.#noteSignedIn(address, mechanism, who.credential);
    return entered;
  }

  /** The same by an exchange of SASL. Throws `ExchangeFault` when it gives no credentials, which counts like a wrong password. */
  async exchange<T>(exchange: Exchange, enter: (who: Admission) => Promise<T>): Promise<T> {
    const { ask, mechanism, carry } = exchange;
    const { credentials, whenGood, whenBad } = await this.#converse(exchange);
    let isGood = false;
    try {
      return await this.signIn(credentials, mechanism.name, async (who) => {
        isGood = true;
        if (whenGood !== undefined) await (carry === undefined ? tellLast(ask, whenGood) : carry(whenGood));
        return enter(who);
      });
    } catch (error) {
      // Whatever the client says to it, that was all.
      if (whenBad !== undefined && !isGood && error instanceof MailboxError) await ask(whenBad);
      throw error;
    }
  }

  async #converse(exchange: Exchange) {
    try {
      return await converse(exchange, this.#services.authenticator);
    } catch (error) {
      if (error instanceof ExchangeFault && error.kind !== 'cancelled') this.refused();
      throw error;
    }
  }

  /** Signed in at another process, which handed the connection over. */
  arrived({ record: { address }, credential }: Admission, mechanism: string): void {
    this.#guest.signedIn(address, mechanism);
    this.#noteSignedIn(address, mechanism, credential);
  }

  #noteSignedIn(account: string, mechanism: string, credential: StoredCredential | undefined): void {
    const by = credential?.kind === 'app-password' ? { appPassword: credential.name ?? '' } : {};
    this.#services.activity.note(account, 'signed in', { ...factsOf(this.#guest), mechanism, ...by });
  }

  /** An attempt to sign in that was refused before there were credentials to check: it counts like a wrong password. */
  refused(): void {
    this.#failures++;
  }

  /** The client has said what it is. */
  identified(client: string): void {
    if (client !== '') this.#guest.client = client;
  }

  /** Signed out, and the connection goes on. */
  left(): void {
    noteSignedOut(this.#services.activity, this.#guest, 'signed out by the client');
    this.#guest.signedOut();
  }

  /** What the session did to the account's mail. `what` is a constant, as a message of the log. */
  note(what: string, facts: LogFields): void {
    const { id: session, service, remote, account } = this.#guest;
    if (account !== undefined)
      this.#services.activity.note(account, what, { session, service, remote, ...facts });
  }

  /** What the session did to the mail of somebody else who lets it: for his history, which says by whom. */
  noteFor(owner: string, what: string, facts: LogFields): void {
    const { id: session, service, remote, account: by } = this.#guest;
    this.#services.activity.note(owner, what, { session, service, remote, by, ...facts });
  }

  /** The first reason is the one that counts. */
  endsBecause(reason: string): void {
    this.#guest.endsBecause(reason);
  }
}

/** When the connection has ended; nothing for one that never signed in. */
export function noteSignedOut(activity: Activity, guest: Guest, why = 'the client is gone'): void {
  const { account, end = why } = guest;
  if (account === undefined || guest.isElsewhere) return;
  const { sinceMs, bytesIn, bytesOut, client } = guest.facts(Date.now());
  const seconds = Math.max(0, Math.round((Date.now() - sinceMs) / 1000));
  const said = client === undefined ? {} : { client };
  activity.note(account, 'signed out', {
    ...factsOf(guest),
    reason: end,
    seconds,
    bytesIn,
    bytesOut,
    ...said,
  });
}

function factsOf({ id: session, service, listener, remote, tls = 'none' }: Guest) {
  return { session, service, listener, remote, tls };
}
