/**
 * Connections that other workers have accepted and signed in, to the sessions of the accounts that are held here. One whose
 * account is not held here is refused, and its client told so where it came in.
 */
import type { Socket } from 'node:net';
import type { Log } from '../../base/log.ts';
import { FORGET_KIND, keysIn } from '../../delivery/forgetting.ts';
import { type HolderSide, HTTP_KIND } from '../../http/elsewhere.ts';
import type { Activity } from '../../identity/activity.ts';
import { type Arriving, type Receive, unavailable } from '../../identity/handing-over.ts';
import { noteSignedOut } from '../../identity/presence.ts';
import type { Domain } from '../../mailbox/domain.ts';
import { MailboxError } from '../../mailbox/model/errors.ts';
import { type AccountRecord, asAccountId } from '../../mailbox/model/model.ts';
import { forgetDeliveries } from '../../mailbox/operations/forget-deliveries.ts';
import type { Connection } from '../../net/connection.ts';
import type { Connections } from '../../net/connections.ts';
import type { Guest } from '../../net/guest.ts';
import { type Handover, HandoverRefused } from '../../net/relay.ts';
import type { RelayServer } from '../../net/relay-server.ts';
import { answerRefused, answerTaken } from '../../net/relay-wire.ts';
import { type Session, Sessions } from '../../net/sessions.ts';
import { relayedConnection, type StreamOptions } from '../../net/stream.ts';

export interface ArrivalOptions {
  readonly domain: Domain;
  readonly connections: Connections;
  readonly activity: Activity;
  readonly stream: StreamOptions;
  readonly receivers: Readonly<Record<string, Receive>>;
  readonly deliveries: (connection: Connection, guest: Guest) => Session;
  /** Absent where there are none. */
  readonly requests?: HolderSide;
  readonly log: Log;
}

export const SESSION_KIND = 'session';
export const DELIVERY_KIND = 'lmtp';

/** Gives what ends them all. */
export function receiveArrivals(relay: RelayServer, options: ArrivalOptions): Sessions {
  const sessions = new Sessions(options.log, (guest) => noteSignedOut(options.activity, guest));
  relay.on(SESSION_KIND, (socket, body) => {
    void receive(socket, body as unknown as Handover, options, sessions);
  });
  relay.on(DELIVERY_KIND, (socket, body) => deliver(socket, body as unknown as Handover, options, sessions));
  relay.on(HTTP_KIND, (socket, body) => options.requests?.receive(socket, body));
  relay.on(FORGET_KIND, (socket, body) => {
    socket.resume().end();
    void forgetDeliveries(options.domain, keysIn(body));
  });
  return sessions;
}

function deliver(
  socket: Socket,
  { guest: arrival, peer }: Pick<Handover, 'guest' | 'peer'>,
  { connections, stream, deliveries }: ArrivalOptions,
  sessions: Sessions,
): void {
  const connection = relayedConnection(socket, peer, stream);
  const guest = connections.receive(arrival, connection);
  void sessions.host(connection, guest, async () => deliveries(connection, guest));
}

async function receive(
  socket: Socket,
  handover: Handover,
  { domain, connections, stream, receivers, log }: ArrivalOptions,
  sessions: Sessions,
): Promise<void> {
  const connection = relayedConnection(socket, handover.peer, stream);
  const guest = connections.receive(handover.guest, connection);
  try {
    const record = await recordOf(domain, handover);
    const toSession = receivers[handover.guest.service];
    if (toSession === undefined || sessions.isClosing) throw unavailable();
    const session = await toSession({ connection, guest, record, handover } satisfies Arriving);
    answerTaken(socket);
    await sessions.host(connection, guest, async () => session);
  } catch (error) {
    guest.leave();
    answerRefused(socket, refusalOf(error, log));
    await connection.close();
  }
}

async function recordOf(domain: Domain, { account }: Handover): Promise<AccountRecord> {
  const record = await domain.store.directory.get(asAccountId(account));
  if (record === undefined || !domain.store.owns(record.id)) throw unavailable();
  return record;
}

function refusalOf(error: unknown, log: Log) {
  if (error instanceof HandoverRefused) {
    const { code, message, isReply } = error;
    return { code, message, isReply };
  }
  if (error instanceof MailboxError) return { code: error.code, message: error.message, isReply: false };
  log.error({ err: error }, 'a session could not begin');
  return { code: 'unavailable', message: 'the server failed; the error was logged', isReply: false };
}
