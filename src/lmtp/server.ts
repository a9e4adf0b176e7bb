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
import { Repeats } from '../delivery/repeats.ts';
import type { Activity } from '../identity/activity.ts';
import type { Recipients } from '../identity/recipients.ts';
import type { Domain } from '../mailbox/domain.ts';
import { UploadBudget } from '../mailbox/operations/upload-budget.ts';
import type { Connection } from '../net/connection.ts';
import type { Guest } from '../net/guest.ts';
import { Listener } from '../net/listener.ts';
import type { SharedOptions } from '../net/ports.ts';
import { NO_RELAY, type Relay } from '../net/relay.ts';
import type { Session } from '../net/sessions.ts';
import type { TlsSource } from '../net/tls.ts';
import { DEADLINES, type Deadlines } from '../smtp/pace.ts';
import { type OverQuota, REPLY } from '../smtp/replies.ts';
import { replyLine } from '../smtp/reply.ts';
import { SmtpSession } from '../smtp/session.ts';
import { LmtpRole, type LmtpServices } from './role.ts';

/** RFC 5321 §4.5.3.1.8 asks for at least a hundred. */
const MAX_RECIPIENTS = 1000;
const MAX_MISTAKES = 10;

export interface LmtpPort extends SharedOptions {
  readonly host: string;
  /** 0 binds a free one. */
  readonly port: number;
}

export interface LmtpOptions extends Pick<SharedOptions, 'stream' | 'handshakeTimeoutMs' | 'log'> {
  readonly domain: Domain;
  readonly activity: Activity;
  readonly recipients: Recipients;
  /** In the greeting. */
  readonly hostname: string;
  readonly defaultDomain: string;
  readonly maxMessageBytes: number;
  /** All messages under way together. */
  readonly uploadBytes: number;
  readonly overQuota: OverQuota;
  /** How long the queue tries what waits. */
  readonly giveUpMs: number;
  /** STARTTLS is offered with it. */
  readonly tls?: TlsSource;
  readonly deadlines?: Deadlines;
  /** Absent where one process holds everything. */
  readonly relay?: Relay;
}

export function lmtpServices(options: LmtpOptions): LmtpServices {
  const { domain, activity, recipients, hostname, defaultDomain, maxMessageBytes, overQuota, tls, log } =
    options;
  const { giveUpMs, stream, handshakeTimeoutMs, deadlines = DEADLINES, relay = NO_RELAY } = options;
  // One message of the largest size can always come.
  const totalBytes = Math.max(options.uploadBytes, maxMessageBytes);
  const uploads = new UploadBudget({ accountBytes: totalBytes, totalBytes });
  const settings = {
    ...{ hostname, defaultDomain, maxMessageBytes, overQuota, giveUpMs },
    ...{ handshakeTimeoutMs, deadlines },
  };
  const repeats = new Repeats();
  return { domain, activity, recipients, uploads, repeats, settings, tls, relay, stream, log };
}

export function startLmtp(services: LmtpServices, port: LmtpPort): Promise<Listener> {
  const { host, port: number, connections, stream, handshakeTimeoutMs, isShared = false, log } = port;
  return Listener.open({
    ...{ name: 'lmtp', service: 'lmtp', host, port: number },
    ...{ connections, stream, handshakeTimeoutMs, isShared, log },
    farewell: () => replyLine(REPLY.serverFull),
    accept: (connection, guest) => newSession(connection, guest, services, false),
  });
}

/** A delivery of another process's, to accounts that are held here. */
export function receiveLmtp(services: LmtpServices): (connection: Connection, guest: Guest) => Session {
  return (connection, guest) => newSession(connection, guest, services, true);
}

function newSession(
  connection: Connection,
  guest: Guest,
  services: LmtpServices,
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
