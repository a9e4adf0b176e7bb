/**
 * LMTP (RFC 2033): the door through which a mail transfer agent delivers. One reply per recipient, each 250 only when
 * that recipient's copy is on the disk.
 *
 * Nobody signs in here: whoever reaches the port can deliver. It listens on loopback unless told otherwise.
 *
 * A message is streamed into the store as it comes; nothing of one that was cut off stays. What bounds a client: the
 * size of a message and of its header, recipients of a transaction, the length of a line, connections, time, and the
 * octets that all messages under way may have together.
 */
import type { DeliveryPort, DeliveryServices } from '../delivery/services.ts';
import type { Connection } from '../net/connection.ts';
import type { Guest } from '../net/guest.ts';
import { Listener } from '../net/listener.ts';
import type { Session } from '../net/sessions.ts';
import { REPLY } from '../smtp/replies.ts';
import { replyLine } from '../smtp/reply.ts';
import { SmtpSession } from '../smtp/session.ts';
import { LmtpRole } from './role.ts';

/** RFC 5321 §4.5.3.1.8 asks for at least a hundred. */
const MAX_RECIPIENTS = 1000;
const MAX_MISTAKES = 10;

export function startLmtp(services: DeliveryServices, port: DeliveryPort): Promise<Listener> {
  const { host, port: number, connections, stream, handshakeTimeoutMs, isShared = false, log } = port;
  return Listener.open({
    ...{ name: 'lmtp', service: 'lmtp', host, port: number },
    ...{ connections, stream, handshakeTimeoutMs, isShared, log },
    farewell: () => replyLine(REPLY.serverFull),
    accept: (connection, guest) => newSession(connection, guest, services, false),
  });
}

/** A delivery of another process's, to accounts that are held here. */
export function receiveLmtp(services: DeliveryServices): (connection: Connection, guest: Guest) => Session {
  return (connection, guest) => newSession(connection, guest, services, true);
}

function newSession(
  connection: Connection,
  guest: Guest,
  services: DeliveryServices,
  isRelayed: boolean,
): Session {
  const { settings, tls, log } = services;
  return new SmtpSession(connection, guest, {
    ...settings,
    role: new LmtpRole(connection, guest, services, isRelayed),
    maxRecipients: MAX_RECIPIENTS,
    maxMistakes: MAX_MISTAKES,
    ...{ tls, log },
  });
}
