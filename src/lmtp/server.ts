/**
 * LMTP (RFC 2033): the door through which a mail transfer agent delivers. One reply per recipient, each 250 only when
 * that recipient's copy is on the disk.
 *
 * Nobody signs in here: whoever reaches the port can deliver. It listens on loopback unless told otherwise.
 *
 * A message is streamed into the store as it comes; nothing of one that was cut off stays. What bounds a client: the
 * size of a message, recipients of a transaction, the length of a line, connections, and silence.
 */
import type { AddressInfo } from 'node:net';
import type { SMTPServerAddress, SMTPServerDataStream, SMTPServerSession } from 'smtp-server';
import type { Log } from '../base/log.ts';
import { resolveRecipient } from '../identity/address.ts';
import type { Domain } from '../mailbox/domain.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { Recipient } from '../mailbox/operations/deliver.ts';
import { checkQuota } from '../mailbox/operations/quota.ts';
import type { ConnectionLimits } from '../net/connection-limits.ts';
import { hostPort } from '../net/listener.ts';
import type { TlsSource } from '../net/tls.ts';
import { Endpoint } from './endpoint.ts';
import {
  BAD_SENDER,
  INTERNAL_ERROR,
  NO_SUCH_USER,
  type OverQuota,
  Refusal,
  type Reply,
  replyOf,
  SERVER_FULL,
  TOO_MANY_RECIPIENTS,
} from './replies.ts';
import { ClientGone, type Envelope, receiveMessage } from './transaction.ts';

/** RFC 5321 §4.5.3.1.8 asks for at least a hundred. */
const MAX_RECIPIENTS = 1000;
/** It becomes a header line, which has 998 octets at most (RFC 5322 §2.1.1). */
const MAX_SENDER_BYTES = 900;
/** RFC 5321 §4.5.3.2.7. */
const DEFAULT_IDLE_MS = 5 * 60_000;
const DEFAULT_HANDSHAKE_MS = 30_000;

export interface LmtpOptions {
  readonly domain: Domain;
  readonly host: string;
  /** 0 binds a free one. */
  readonly port: number;
  /** In the greeting. */
  readonly hostname: string;
  readonly defaultDomain: string;
  readonly maxMessageBytes: number;
  readonly overQuota: OverQuota;
  /** STARTTLS is offered with it. */
  readonly tls?: TlsSource;
  readonly limits: ConnectionLimits;
  readonly log: Log;
  readonly idleMs?: number;
  readonly handshakeTimeoutMs?: number;
}

export class LmtpServer {
  readonly #options: LmtpOptions;
  readonly #endpoint: Endpoint;
  /** The library makes a new envelope for each transaction. */
  readonly #recipients = new WeakMap<SMTPServerSession['envelope'], Recipient[]>();
  readonly #busy = new Set<SMTPServerSession>();
  /** Connections that were counted in, by id. */
  readonly #admitted = new Map<string, string>();

  private constructor(options: LmtpOptions) {
    this.#options = options;
    this.#endpoint = new Endpoint({
      lmtp: true,
      name: options.hostname,
      heloResponse: '%s',
      size: options.maxMessageBytes,
      disabledCommands: ['AUTH', 'WIZ', 'SHELL', 'KILL', 'HELP', ...(options.tls ? [] : ['STARTTLS'])],
      hideENHANCEDSTATUSCODES: false,
      // The MTA in front has taken the message; refusing it for its taste in addresses would only bounce it.
      lenientAddressParsing: true,
      disableReverseLookup: true,
      logger: false,
      noDelay: true,
      allowHalfOpen: true,
      socketTimeout: options.idleMs ?? DEFAULT_IDLE_MS,
      defaultDomain: options.defaultDomain,
      tlsSource: options.tls,
      handshakeTimeoutMs: options.handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_MS,
      admit: (remoteAddress, id) => this.#admit(remoteAddress, id),
      onConnect: (_session, done) => done(),
      onMailFrom: (address, _session, done) => done(this.#checkSender(address)),
      onRcptTo: (address, session, done) => {
        this.#addRecipient(address, session).then(
          (reply) => done(reply && new Refusal(reply)),
          (error: unknown) => done(new Refusal(this.#faultReply(error))),
        );
      },
      onData: (stream, session, done) => void this.#receive(stream, session, done),
      onClose: (session) => this.#leave(session.id),
    });
    this.#endpoint.on('error', (err) => options.log.debug({ err }, 'connection lost'));
  }

  static async open(options: LmtpOptions): Promise<LmtpServer> {
    const lmtp = new LmtpServer(options);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const server = lmtp.#endpoint.server;
    const fail = (cause: Error): void => {
      const where = hostPort(options.host, options.port);
      reject(new Error(`lmtp: cannot listen on ${where}: ${cause.message}`, { cause }));
    };
    server.once('error', fail);
    server.listen({ host: options.host, port: options.port, backlog: 1024 }, resolve);
    await promise;
    server.off('error', fail);
    return lmtp;
  }

  readonly name = 'lmtp';

  get port(): number {
    return (this.#endpoint.server.address() as AddressInfo | null)?.port ?? this.#options.port;
  }

  /** As bound: `127.0.0.1:1024`. */
  get address(): string {
    return hostPort(this.#options.host, this.port);
  }

  get connections(): number {
    return this.#endpoint.connections.size;
  }

  /** Messages under way are finished and answered within the time; everybody else hears 421 now. */
  close(graceMs: number): Promise<void> {
    return this.#endpoint.stop(graceMs, (session) => this.#busy.has(session));
  }

  #admit(remoteAddress: string, id: string): Reply | undefined {
    const refusal = this.#options.limits.enter(remoteAddress);
    if (refusal === undefined) {
      this.#admitted.set(id, remoteAddress);
      return undefined;
    }
    this.#options.log.warn({ remote: remoteAddress, listener: this.name, refusal }, 'connection refused');
    return SERVER_FULL;
  }

  #leave(id: string): void {
    const remoteAddress = this.#admitted.get(id);
    if (remoteAddress === undefined) return;
    this.#admitted.delete(id);
    this.#options.limits.leave(remoteAddress);
  }

  #checkSender({ address }: SMTPServerAddress): Refusal | undefined {
    return Buffer.byteLength(address) > MAX_SENDER_BYTES ? new Refusal(BAD_SENDER) : undefined;
  }

  async #addRecipient(
    { address }: SMTPServerAddress,
    { envelope }: SMTPServerSession,
  ): Promise<Reply | undefined> {
    const { domain, defaultDomain, overQuota } = this.#options;
    let recipients = this.#recipients.get(envelope);
    if (recipients === undefined) {
      recipients = [];
      this.#recipients.set(envelope, recipients);
    }
    if (recipients.length >= MAX_RECIPIENTS) return TOO_MANY_RECIPIENTS;
    const record = await resolveRecipient(domain.store.directory, address, defaultDomain);
    if (record === undefined) return NO_SUCH_USER;
    try {
      const account = await domain.accounts.open(record.id);
      checkQuota(account, declaredBytes(envelope), 1);
    } catch (error) {
      if (error instanceof MailboxError) return replyOf(error, overQuota);
      throw error;
    }
    recipients.push({ account: record.id, address });
    return undefined;
  }

  async #receive(
    stream: SMTPServerDataStream,
    session: SMTPServerSession,
    done: (error: Error | null, replies: (string | Error)[]) => void,
  ): Promise<void> {
    const { domain, maxMessageBytes, overQuota, log } = this.#options;
    const envelope: Envelope = {
      from: session.envelope.mailFrom === false ? '' : session.envelope.mailFrom.address,
      recipients: this.#recipients.get(session.envelope) ?? [],
      declaredBytes: declaredBytes(session.envelope),
    };
    this.#busy.add(session);
    try {
      const replies = await receiveMessage({ domain, maxMessageBytes, overQuota, log }, stream, envelope);
      done(null, replies.map(asAnswer));
    } catch (error) {
      if (error instanceof ClientGone) return;
      done(
        null,
        envelope.recipients.map(() => new Refusal(this.#faultReply(error))),
      );
    } finally {
      this.#busy.delete(session);
      this.#endpoint.finished(session);
    }
  }

  #faultReply(err: unknown): Reply {
    this.#options.log.error({ err, listener: this.name }, 'a delivery failed');
    return INTERNAL_ERROR;
  }
}

function asAnswer(reply: Reply): string | Refusal {
  return reply.code === 250 ? reply.text : new Refusal(reply);
}

/** What MAIL said about the size (RFC 1870 §6.1), at least one octet. */
function declaredBytes({ mailFrom }: SMTPServerSession['envelope']): number {
  const size = mailFrom !== false && mailFrom.args !== false ? Number(mailFrom.args.SIZE ?? 1) : 1;
  return Number.isSafeInteger(size) && size > 0 ? size : 1;
}
