/**
 * The ports of one protocol: in the clear with an upgrade, and with TLS from the first octet (RFC 8314 §3). All of them
 * open, or none: a server that listens on half of what it was told would look as if it ran.
 */
import type { Refusal } from './connections.ts';
import type { Guest } from './guest.ts';
import { Listener, type ListenerOptions } from './listener.ts';
import type { TlsSource } from './tls.ts';

export interface Port<Name extends string> {
  readonly name: Name;
  readonly host: string;
  /** 0 binds a free one. */
  readonly port: number;
}

/** What the listeners of all ports have in common. */
export type SharedOptions = Pick<
  ListenerOptions,
  'connections' | 'stream' | 'handshakeTimeoutMs' | 'isShared' | 'log'
>;

export interface PortsOptions<Name extends string> {
  readonly listen: readonly Port<Name>[];
  /** The protocol. */
  readonly service: string;
  /** The port on which TLS comes first. */
  readonly secureName: Name;
  readonly tls: TlsSource;
  readonly shared: SharedOptions;
  /** A refused connection is told this and the reason, on one line; or what it makes of the reason. */
  readonly farewell: string | ((reason: string) => string);
  readonly accept: ListenerOptions['accept'];
  readonly onLeft: (guest: Guest) => void;
}

const REASONS: Readonly<Record<Refusal, string>> = Object.freeze({
  'server-full': 'Too many connections; try again later',
  'address-full': 'Too many connections from your address; close some',
});

export async function openPorts<Name extends string>(
  options: PortsOptions<Name>,
): Promise<readonly Listener[]> {
  const { listen, service, secureName, tls, farewell, accept, onLeft } = options;
  const { connections, stream, handshakeTimeoutMs, isShared = false, log } = options.shared;
  const shared = { service, connections, stream, handshakeTimeoutMs, isShared, log, accept, onLeft };
  const listeners: Listener[] = [];
  try {
    for (const { name, host, port } of listen) {
      listeners.push(
        await Listener.open({
          ...shared,
          name,
          host,
          port,
          ...(name === secureName ? { tls } : {}),
          farewell: (refusal) => {
            const reason = REASONS[refusal];
            const words = typeof farewell === 'string' ? `${farewell} ${reason}` : farewell(reason);
            return Buffer.from(`${words}\r\n`);
          },
        }),
      );
    }
  } catch (error) {
    await Promise.all(listeners.map((listener) => listener.close(0)));
    throw error;
  }
  return listeners;
}
