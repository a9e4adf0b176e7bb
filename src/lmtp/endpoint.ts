/**
 * The listener library bent to LMTP (RFC 2033) as this server speaks it. It accepts, parses commands, upgrades to TLS and
 * calls back; what it does differently from what is wanted is here:
 *
 * - the octets after DATA go through `DataDecoder`: the library's own decoding depends on how the input was cut when a
 *   message begins with a bare LF, and takes a turn of the event loop for every stuffed line;
 * - the greeting goes out at once (the library waits 100 ms for talkative spammers, which an MTA is not);
 * - a reply of ours brings its own enhanced status code (the library guesses one from the reply code);
 * - `<alice>` without a domain is completed;
 * - handshakes get the certificate that is in use at that moment, and have an end;
 * - a client that ends its side is answered to the last command, then hung up on.
 */
import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import {
  SMTPServer,
  type SMTPServerDataStream,
  type SMTPServerOptions,
  type SMTPServerSession,
} from 'smtp-server';
import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js';
import { SMTPStream } from 'smtp-server/lib/smtp-stream.js';
import type { TlsSource } from '../net/tls.ts';
import { DataDecoder } from './data-decoder.ts';
import { type Reply, SHUTTING_DOWN } from './replies.ts';

/** RFC 5321 §4.5.3.1.4 asks for 512 octets, more with extensions. */
const MAX_COMMAND_BYTES = 4096;

export interface EndpointOptions extends SMTPServerOptions {
  readonly defaultDomain: string;
  readonly tlsSource: TlsSource | undefined;
  readonly handshakeTimeoutMs: number;
  /** Counts the newcomer in, or gives the reply it is refused with. */
  readonly admit: (remoteAddress: string, id: string) => Reply | undefined;
}

export class Endpoint extends SMTPServer {
  readonly #options: EndpointOptions;
  #isStopping = false;

  constructor(options: EndpointOptions) {
    const { tlsSource } = options;
    super({
      ...options,
      ...(tlsSource && { SNICallback: (_name, done) => done(null, tlsSource.current()) }),
    });
    this.#options = options;
    if (tlsSource) this.secureContext = new CurrentContext(tlsSource);
  }

  override connect(socket: Socket): void {
    const connection = new Connection(this, socket, this.#options);
    const refusal = this.#options.admit(connection.remoteAddress, connection.id);
    if (refusal || this.#isStopping) {
      const { code, text } = refusal ?? SHUTTING_DOWN;
      socket.on('error', () => {});
      socket.end(`${code} ${text}\r\n`, () => socket.destroy());
      return;
    }
    this.connections.add(connection);
    connection.on('error', (error) => this._onError(error));
    connection.init();
    connection.connectionReady();
  }

  /** Says goodbye to those who are not in the middle of a message, and to the others when they are done. */
  stop(graceMs: number, isBusy: (session: SMTPServerSession) => boolean): Promise<void> {
    this.#isStopping = true;
    this.options.closeTimeout = Math.max(1, graceMs); // zero is half a minute there
    const { promise, resolve } = Promise.withResolvers<void>();
    this.close(resolve);
    for (const connection of [...this.connections]) if (!isBusy(connection.session)) bye(connection);
    return promise;
  }

  /** A message of this session is done, its replies are about to be sent. */
  finished(session: SMTPServerSession): void {
    if (!this.#isStopping) return;
    for (const connection of this.connections) {
      if (connection.session === session) setImmediate(bye, connection);
    }
  }
}

function bye(connection: SMTPConnection): void {
  connection.send(SHUTTING_DOWN.code, SHUTTING_DOWN.text);
}

/** The greeting, and the reply to STARTTLS. */
const READY = 220;
const LIBRARY_SHUTDOWN = 'Server shutting down';
const ENHANCED = /^[245]\.\d{1,3}\.\d{1,3} /;
/** RFC 5321 wants a domain everywhere but for postmaster; local senders (cron, scripts) leave it out. */
const BARE_PATH = /^((?:mail from|rcpt to):\s*<)([^<>@\s]+)>/i;

class Connection extends SMTPConnection {
  readonly #options: EndpointOptions;
  #isGreeted = false;

  constructor(server: SMTPServer, socket: Socket, options: EndpointOptions) {
    super(server, socket);
    this.#options = options;
  }

  /** Called by us at once, and by the library's timer again. */
  override connectionReady(next?: () => void): void {
    if (this.#isGreeted) return;
    this.#isGreeted = true;
    super.connectionReady(next);
  }

  /** The library waits for a handshake as long as for a command, also when the client has ended its side. */
  override upgrade(callback: () => void, secureCallback?: () => void): void {
    const socket = this._socket;
    super.upgrade(callback, secureCallback);
    const timer = setTimeout(() => {
      if (!this.secure) socket.destroy();
    }, this.#options.handshakeTimeoutMs);
    socket.once('close', () => clearTimeout(timer));
  }

  /** As the library does, which falls silent when the client has ended its side; its last commands have answers too. */
  #answerHalfOpen(code: number, text: string, context: string | false | undefined): void {
    const enhanced = this._getEnhancedStatusCode(code, context);
    this._socket.write(`${code} ${enhanced === '' ? '' : `${enhanced} `}${text}\r\n`);
  }

  /** Refusals always have an enhanced code; the greeting and the answer to LHLO have none (RFC 2034 §3). */
  override send(code: number, text?: string | string[] | null, context?: string | false): void {
    const words = text === LIBRARY_SHUTDOWN ? SHUTTING_DOWN.text : text;
    const isOurs = typeof words === 'string' && ENHANCED.test(words);
    const hint = isOurs ? false : context === false && code >= 400 ? undefined : context;
    this.#holdReplies(code === READY);
    if (this._socket.readyState === 'writeOnly' && typeof words === 'string') {
      this.#answerHalfOpen(code, words, hint);
    }
    super.send(code, words, hint);
  }

  /** Replies of one turn leave in one write. The one before a handshake leaves at once: TLS takes the socket over. */
  #holdReplies(isUrgent: boolean): void {
    const socket = this._socket;
    if (isUrgent) {
      while (socket.writableCorked > 0) socket.uncork();
    } else if (socket.writableCorked === 0) {
      socket.cork();
      setImmediate(() => socket.uncork());
    }
  }

  override _parseAddressCommand(name: string, command: string | Buffer) {
    const completed = command.toString().replace(BARE_PATH, `$1$2@${this.#options.defaultDomain}>`);
    return super._parseAddressCommand(name, completed);
  }

  /** Its input has ended and every command of it was answered. */
  override _createParser() {
    const parser = new Parser({ maxCommandLength: MAX_COMMAND_BYTES });
    parser.oncommand = (command, done) => this._onCommand(command, done);
    parser.on('error', (error) => this.send(421, `5.5.2 ${error.message}`));
    parser.on('finish', () => this.close());
    return parser;
  }
}

class Parser extends SMTPStream {
  #decoder = new DataDecoder();

  override startDataMode(maxBytes?: number): SMTPServerDataStream {
    this.#decoder = new DataDecoder();
    return super.startDataMode(maxBytes);
  }

  override _feedDataStream(chunk: Buffer, done: (error?: Error | null) => void): void {
    const stream = this._dataStream;
    const { bytes, rest } = this.#decoder.feed(chunk);
    this._countDataBytes(bytes.length);
    if (rest !== undefined) {
      this._endDataMode(bytes, rest, done);
    } else if (bytes.length === 0 || !stream?.writable || stream.write(bytes)) {
      done();
    } else {
      const goOn = (): void => {
        stream.off('drain', goOn).off('close', goOn);
        done();
      };
      stream.once('drain', goOn).once('close', goOn);
    }
  }
}

/** Looks like the library's table of contexts by server name; every name has the current one. */
class CurrentContext extends Map<string, SecureContext> {
  readonly #source: TlsSource;

  constructor(source: TlsSource) {
    super();
    this.#source = source;
  }

  override get(): SecureContext {
    return this.#source.current();
  }
}
