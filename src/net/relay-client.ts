/** How a process reaches the others: by the name of one, a Unix socket each. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Handover, HandoverRefused, type Relay } from './relay.ts';
import { preambleOf, readAnswer } from './relay-wire.ts';

/** A process that has ended is started anew within a second or two. */
const RETRY_MS = [300, 700, 1000] as const;

export class RelayClient implements Relay {
  readonly #pathOf: (holder: string) => string;

  /** `pathOf`: where the one of this name listens. */
  constructor(pathOf: (holder: string) => string) {
    this.#pathOf = pathOf;
  }

  async handOver(holder: string, handover: Handover): Promise<Socket> {
    const socket = await this.dial(holder, 'session', handover).catch(unreachable);
    const refused = await readAnswer(socket).catch((error: unknown) => {
      socket.destroy();
      return unreachable(error);
    });
    if (refused === undefined) return socket;
    socket.destroy();
    throw new HandoverRefused(refused.code, refused.message, refused.isReply);
  }

  /** Tries again for a moment while nobody is there. */
  async dial(holder: string, kind: string, body: object = {}): Promise<Socket> {
    for (const pauseMs of RETRY_MS) {
      try {
        return await this.dialOnce(holder, kind, body);
      } catch {
        await sleep(pauseMs);
      }
    }
    return this.dialOnce(holder, kind, body);
  }

  /** With the preamble sent. Throws when nobody is there. */
  async dialOnce(holder: string, kind: string, body: object = {}): Promise<Socket> {
    const socket = this.connect(holder, kind, body);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once('connect', resolve);
    socket.once('error', reject);
    await promise;
    socket.off('error', reject);
    socket.on('error', () => {});
    return socket;
  }

  /** Not yet there; the preamble goes first. */
  connect(holder: string, kind: string, body: object = {}): Socket {
    const socket = connect({ path: this.#pathOf(holder), allowHalfOpen: true });
    socket.write(preambleOf(kind, body));
    return socket;
  }
}

/** Why is for the log, not for the client. */
function unreachable(cause: unknown): never {
  const message = 'the account cannot be reached at this moment; try again';
  throw new HandoverRefused('unavailable', message, false, { cause });
}
