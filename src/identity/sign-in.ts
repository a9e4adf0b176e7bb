/**
 * The sign-ins of one connection, for every protocol that has them: whatever a client tries goes through here, so that no
 * protocol can forget to count, or to say who came in. An attempt that does not end signed in uses up one of the
 * connection's, whyever it failed; when none is left the protocol says so and closes.
 */
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountRecord } from '../mailbox/model/model.ts';
import type { Connection } from '../net/connections.ts';
import type { Credentials } from '../sasl/mechanism.ts';
import type { Activity } from './activity.ts';
import type { Authenticator } from './authenticator.ts';

/** Of what the sessions of a protocol share. */
export interface SignInServices {
  readonly authenticator: Pick<Authenticator, 'authenticate'>;
  readonly activity: Activity;
  readonly settings: {
    /** Failures after which a connection is over. */
    readonly failuresPerConnection: number;
  };
}

export class ConnectionSignIn {
  readonly #services: SignInServices;
  readonly #connection: Connection;
  #failures = 0;

  constructor(services: SignInServices, connection: Connection) {
    this.#services = services;
    this.#connection = connection;
  }

  /** The connection has had its attempts; the protocol closes it after the answer to the last one. */
  get isSpent(): boolean {
    return this.#failures >= this.#services.settings.failuresPerConnection;
  }

  /**
   * Checks the credentials, then `enter`s; what either of them throws is a failure of this connection. `mechanism` is how
   * the client signs in: `PLAIN`, or the command.
   */
  async attempt<T>(
    credentials: Credentials,
    mechanism: string,
    enter: (record: AccountRecord) => Promise<T>,
  ): Promise<T> {
    const { authenticator, activity } = this.#services;
    const connection = this.#connection;
    if (this.isSpent) throw new MailboxError('throttled', 'this connection has failed to sign in too often');
    this.#failures++;
    const { id: session, remote: remoteAddress, service } = connection;
    const record = await authenticator.authenticate({
      ...credentials,
      ...{ remoteAddress, service, session, mechanism },
    });
    const entered = await enter(record);
    this.#failures--;
    connection.signedIn(record.address, mechanism);
    activity.note(record.address, 'signed in', { ...factsOf(connection), mechanism });
    return entered;
  }

  /** An attempt that its protocol refused before there was a password to look at. */
  refused(): void {
    this.#failures++;
  }
}

/** When the connection has ended; nothing for one that never signed in. */
export function noteSignedOut(activity: Activity, connection: Connection): void {
  const { account, end = 'the client is gone' } = connection;
  if (account === undefined) return;
  const { sinceMs, bytesIn, bytesOut, client } = connection.facts(Date.now());
  const seconds = Math.max(0, Math.round((Date.now() - sinceMs) / 1000));
  const said = client === undefined ? {} : { client };
  activity.note(account, 'signed out', {
    ...factsOf(connection),
    reason: end,
    seconds,
    bytesIn,
    bytesOut,
    ...said,
  });
}

function factsOf({ id: session, service, listener, remote, tls = 'none' }: Connection) {
  return { session, service, listener, remote, tls };
}
