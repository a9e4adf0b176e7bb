/**
 * The sign-ins of one connection, for every protocol that has them: whatever a client tries goes through here, so that no
 * protocol can forget to count. An attempt that does not end signed in uses up one of the connection's, whyever it
 * failed; when none is left the protocol says so and closes.
 */
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountRecord } from '../mailbox/model/model.ts';
import type { Credentials } from '../sasl/mechanism.ts';
import type { Authenticator } from './authenticator.ts';

export interface SignInOptions {
  readonly authenticator: Pick<Authenticator, 'authenticate'>;
  readonly remoteAddress: string;
  /** For the log: `imap`, `pop3`. */
  readonly service: string;
  /** Failures after which the connection is over. */
  readonly maxFailures: number;
}

export class ConnectionSignIn {
  readonly #options: SignInOptions;
  #failures = 0;

  constructor(options: SignInOptions) {
    this.#options = options;
  }

  /** The connection has had its attempts; the protocol closes it after the answer to the last one. */
  get isSpent(): boolean {
    return this.#failures >= this.#options.maxFailures;
  }

  /** Checks the credentials, then `enter`s; what either of them throws is a failure of this connection. */
  async attempt<T>(credentials: Credentials, enter: (record: AccountRecord) => Promise<T>): Promise<T> {
    const { authenticator, remoteAddress, service } = this.#options;
    if (this.isSpent) throw new MailboxError('throttled', 'this connection has failed to sign in too often');
    this.#failures++;
    const record = await authenticator.authenticate({ ...credentials, remoteAddress, service });
    const entered = await enter(record);
    this.#failures--;
    return entered;
  }

  /** An attempt that its protocol refused before there was a password to look at. */
  refused(): void {
    this.#failures++;
  }
}
