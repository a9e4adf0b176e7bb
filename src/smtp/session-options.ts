/** What a session is told of where it stands: its bounds, and what is particular to its connection. */
import type { Log } from '../base/log.ts';
import type { TlsSource } from '../net/tls.ts';
import type { Deadlines } from './pace.ts';
import type { Reply } from './reply.ts';
import type { Hello, Role } from './role.ts';

export interface SessionOptions {
  readonly role: Role;
  /** In the greeting, and in the answer to EHLO. */
  readonly hostname: string;
  readonly maxMessageBytes: number;
  /** Recipients of a transaction. */
  readonly maxRecipients: number;
  /** Commands that make no sense, after which the connection is over. */
  readonly maxMistakes: number;
  /** Transactions of a connection (RFC 9422 §4.1, MAILMAX), whatever became of them: one that is given up has cost its time. */
  readonly maxMessages?: number;
  /** Commands since the last message or recipient was taken: whoever only says hello and NOOP wants our time. */
  readonly maxIdleCommands?: number;
  /** 4 KiB when absent. */
  readonly maxLineBytes?: number;
  /**
   * The client is a stranger, who may speak for nobody else: lines end in CRLF and nothing else, addresses are such as RFC 5321 and
   * RFC 6531 write them, and nobody speaks before it is their turn (RFC 2920 §3.1).
   */
  readonly isStrict?: boolean;
  /** Who speaks before the greeting is sent away; how long it is waited for that. */
  readonly greetingDelayMs?: number;
  /** It began at another process: what was said there, and the reply that is owed. */
  readonly resumed?: { readonly hello: Hello; readonly reply: Reply };
  /** STARTTLS is offered with it. */
  readonly tls: TlsSource | undefined;
  readonly handshakeTimeoutMs: number;
  readonly deadlines: Deadlines;
  readonly log: Log;
}
