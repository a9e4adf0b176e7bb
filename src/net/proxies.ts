/**
 * Proxies in front of our ports, which say first whose connection it is (`proxy-header.ts`). Only those whose addresses are known are believed,
 * and on the ports that are named they have to; whoever else connects there is who he is.
 */
import type { BlockList, Socket } from 'node:net';
import { EMPTY } from '../base/bytes.ts';
import { withoutMapping } from '../base/ip-address.ts';
import { isIn, networks } from './networks.ts';
import { type Origin, readProxyHeader } from './proxy-header.ts';

export interface ProxySettings {
  /** Addresses and networks. */
  readonly from: readonly string[];
  /** Names of listeners, with blanks or commas between them: `imaps, smtp`. */
  readonly listeners: string;
}

/** The header is the first thing that a proxy sends. */
const PATIENCE_MS = 5000;

export class Proxies {
  readonly #from: BlockList;
  readonly #listeners: ReadonlySet<string>;

  constructor({ from, listeners }: ProxySettings) {
    this.#from = networks(from);
    this.#listeners = new Set(listeners.split(/[\s,]+/).filter((name) => name !== ''));
  }

  /** Whether who connects from there to this listener is a proxy, and has to say for whom. */
  expects(listener: string, address: string): boolean {
    return this.#listeners.has(listener) && isIn(this.#from, withoutMapping(address));
  }

  /** What one of ours says that connects from there to a port of ours itself, to look at it. */
  greeting(listener: string, address: string): string {
    return this.expects(listener, address) ? 'PROXY UNKNOWN\r\n' : '';
  }
}

/**
 * Whose connection it is, as the proxy says; `itself`: the proxy's own. Undefined, and the socket destroyed, for what is no header, in time. What stands
 * behind the header is left in the socket, of which nothing else may have been read.
 */
export async function originOf(socket: Socket): Promise<Origin | 'itself' | undefined> {
  const timer = setTimeout(() => socket.destroy(), PATIENCE_MS);
  const onError = (): void => {};
  socket.on('error', onError);
  try {
    let octets = EMPTY;
    for (;;) {
      const piece = socket.read() as Buffer | null;
      if (piece !== null) octets = octets.length === 0 ? piece : Buffer.concat([octets, piece]);
      const header = readProxyHeader(octets);
      if (header.kind === 'header') {
        const rest = octets.subarray(header.bytes);
        if (rest.length > 0) socket.unshift(rest);
        return header.origin ?? 'itself';
      }
      if (header.kind === 'none' || socket.destroyed || socket.readableEnded) {
        socket.destroy();
        return undefined;
      }
      await more(socket);
    }
  } finally {
    clearTimeout(timer);
    socket.off('error', onError);
    if (socket.destroyed) socket.on('error', onError);
  }
}

function more(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('readable', done).off('end', done).off('close', done);
      resolve();
    };
    socket.once('readable', done).once('end', done).once('close', done);
  });
}
