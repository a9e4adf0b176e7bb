/**
 * The end of a sign-in at a door: the account is here, or the connection goes to whoever holds it; and its beginning there. For
 * every protocol in which people sign in.
 */
import type { Socket } from 'node:net';
import type { Domain } from '../mailbox/domain.ts';
import { MAILBOX_ERROR_CODES, MailboxError, type MailboxErrorCode } from '../mailbox/model/errors.ts';
import type { AccountRecord } from '../mailbox/model/model.ts';
import type { Connection } from '../net/connection.ts';
import type { Guest } from '../net/guest.ts';
import { type Handover, HandoverRefused, type Relay } from '../net/relay.ts';
import type { Session } from '../net/sessions.ts';
import type { Admission } from './authenticator.ts';

/** A connection that another process has signed in. */
export interface Arriving {
  readonly connection: Connection;
  readonly guest: Guest;
  readonly record: AccountRecord;
  readonly handover: Handover;
}

/**
 * Makes its session, which answers the sign-in when it runs. Throws MailboxError, or `HandoverRefused` with a reply of the
 * protocol: the client is told so, and goes on where it came in.
 */
export type Receive = (arriving: Arriving) => Promise<Session>;

export interface Leaving {
  readonly domain: Pick<Domain, 'placement'>;
  readonly relay: Relay;
  readonly connection: Connection;
  readonly guest: Guest;
  readonly mechanism: string;
  readonly session: Handover['session'];
}

/**
 * Undefined when the account is here; else what the connection is to be joined to. Throws MailboxError, in the holder's words
 * when it was the holder who refused, and `HandoverRefused` with a reply of the protocol.
 */
export async function handOver(
  { record, credential }: Admission,
  leaving: Leaving,
): Promise<Socket | undefined> {
  const { domain, relay, connection, guest, mechanism, session } = leaving;
  const place = domain.placement.locate(record.id);
  if (place.kind === 'here') return undefined;
  if (place.kind === 'nowhere') throw unavailable();
  const { remoteAddress, remotePort, localPort, tlsVersion } = connection;
  const socket = await relay
    .handOver(place.holder, {
      guest: guest.arrival(),
      peer: { remoteAddress, remotePort, localPort, tlsVersion },
      account: record.id,
      ...(credential === undefined ? {} : { credential: credential.id }),
      ...{ mechanism, session },
    })
    .catch(rethrow);
  guest.handedOver();
  return socket;
}

/** Throws MailboxError when what was signed in with was taken away on the way. */
export function signedInBy({ record, handover }: Arriving): Admission {
  if (handover.credential === undefined) return { record, credential: undefined };
  const credential = record.credentials.find(({ id }) => id === handover.credential);
  if (credential === undefined)
    throw new MailboxError('bad-credentials', 'what you signed in with was changed just now; sign in again');
  return { record, credential };
}

/** A wait of a second or two is over soon. */
export function unavailable(): MailboxError {
  return new MailboxError('unavailable', 'the account cannot be reached at this moment; try again');
}

function rethrow(error: unknown): never {
  if (!(error instanceof HandoverRefused) || error.isReply) throw error;
  const { code, message, cause } = error;
  if (isCode(code)) throw new MailboxError(code, message, cause === undefined ? {} : { cause });
  throw unavailable();
}

function isCode(code: string): code is MailboxErrorCode {
  return (MAILBOX_ERROR_CODES as readonly string[]).includes(code);
}
