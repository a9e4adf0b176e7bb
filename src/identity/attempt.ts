/** What somebody signs in with, where from and to what, and what comes of it. */
import type { StoredCredential } from '../mailbox/model/credential.ts';
import type { AccountRecord } from '../mailbox/model/model.ts';
import type { Credentials } from '../sasl/mechanism.ts';

export interface LoginAttempt {
  readonly credentials: Credentials;
  readonly remoteAddress: string;
  /** `imap`, `pop3`: what an app password may be good for. */
  readonly service: string;
  /** For the log: the connection, and how it signs in. */
  readonly session?: string;
  readonly mechanism?: string;
}

/** Who was let in, and by what. */
export interface Admission {
  readonly record: AccountRecord;
  /** Undefined when the account has nothing of it: an issuer's token. */
  readonly credential: StoredCredential | undefined;
  /** A second step was taken as well. */
  readonly hasSecondStep?: boolean;
}

export function factsOf({
  remoteAddress: remote,
  service,
  session,
  mechanism,
}: Omit<LoginAttempt, 'credentials'>) {
  return {
    remote,
    service,
    ...(session === undefined ? {} : { session }),
    ...(mechanism === undefined ? {} : { mechanism }),
  };
}
