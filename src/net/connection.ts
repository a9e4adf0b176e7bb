/**
 * A connection as a session wants it: bytes are pulled when the session is ready for them, bytes are written in batches,
 * and every wait has an end. Knows nothing of lines or commands, nor whether its client is at the other end of a socket here
 * or came in at another process that passes octets: `stream.ts` makes both.
 */
import type { Socket } from 'node:net';
import type { TlsSource } from './tls.ts';

export class ReadTimeout extends Error {
  override readonly name = 'ReadTimeout';
}

export interface ReadLimits {
  /** How long one `read()` may wait for the next byte; undefined: for ever. */
  readonly idleMs?: number;
  /** The end of all reading, counted from now, whatever arrives: a drip of bytes does not extend it. */
  readonly totalMs?: number;
}

/** Who is at the other end, as whoever accepted the connection saw it. */
export interface PeerFacts {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  /** `TLSv1.3`, undefined in the clear. It stays when the connection has ended. */
  readonly tlsVersion: string | undefined;
}

export interface Connection extends PeerFacts {
  readonly isSecure: boolean;
  readonly isLoopback: boolean;
  /**
   * Octets that only the two ends of this TLS connection have in common (RFC 9266; RFC 5929 §4: a digest of the certificate).
   * Undefined without TLS 1.3: what exporters give below it may be the same on two connections (RFC 7627).
   */
  channelBinding(type: 'tls-exporter' | 'tls-server-end-point'): Buffer | undefined;
  /** The addresses in the certificate that the client has shown and a trusted authority signed; none: `client-certificate.ts`. */
  readonly certifiedAddresses: readonly string[];
  /** Why the connection broke, when it did not simply end. */
  readonly failure: Error | undefined;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** When bytes last came in, on the sweep's clock: who has been idle longest. */
  readonly lastActiveMs: number;
  /** On the clock that the deadlines are on. */
  readonly nowMs: number;
  readonly idleMs: number;
  /** Resolves once the connection is gone, for whatever reason. */
  readonly closed: Promise<void>;

  /**
   * The next bytes, or undefined when the peer has said everything. One read waits at a time; a session that waits for
   * something else as well keeps the promise and comes back to it. Throws `ReadTimeout`.
   */
  read(): Promise<Buffer | undefined>;
  /** Replaces the limits of reading, for the phase that begins now. */
  limitReads(limits: ReadLimits): void;
  /**
   * Queues bytes; everything written in one turn of the event loop leaves as one batch. The buffers are not copied. `taken` is
   * called when all of them have left and nobody reads them any more; never when the connection breaks before.
   */
  write(bytes: Buffer | readonly Buffer[], taken?: () => void): void;
  /** True while the peer keeps up; a producer of much output asks before making more. */
  readonly isWritable: boolean;
  /** Resolves when there is room for more output. Throws `StreamClosed` when there never will be. */
  drained(): Promise<void>;
  /** Resolves when all that was written has left this process. */
  flushed(): Promise<void>;
  /**
   * Upgrades in place. `lastPlain` is the reply that invites the handshake; what came in before it was sent is thrown
   * away, since a man in the middle may have put it there to be obeyed as if it had come encrypted (RFC 9051 §6.2.1,
   * RFC 2595 §2.1 and §4; CVE-2011-0411). A caller that buffers input itself drops its own buffer too. Without it TLS is what comes
   * first, and what is there already is its beginning.
   */
  startTls(tls: TlsSource, lastPlain?: Buffer): Promise<void>;
  readonly isCompressed: boolean;
  /**
   * From here on octets are deflated in both directions (RFC 4978 §3). `lastPlain` is the reply that says so; `unread` came
   * behind the command.
   */
  startCompression(lastPlain: Buffer, unread: Buffer): Promise<void>;
  /**
   * From here on its octets are passed to and from `other`, with back-pressure, first those that were read and not used.
   * The end of either side is the other's; resolves when both are over. Nothing is read or written here any more.
   */
  join(other: Socket, unread: Buffer): Promise<void>;
  /** Sends what is queued, ends our side, and waits for the peer's; a peer that never answers is cut off. */
  close(): Promise<void>;
  /** Ends the connection now, with whatever was not sent yet. */
  destroy(reason?: Error): void;
}
