/**
 * Handing a connection over: it was accepted and signed in here, and is served by whoever holds its account. From then on this
 * process passes octets and parses nothing.
 */
import type { Socket } from 'node:net';
import type { PeerFacts } from './connection.ts';
import type { Arrival } from './guest.ts';

/** All that the holder has to know of a connection; small, and plain JSON. */
export interface Handover {
  readonly guest: Arrival;
  readonly peer: PeerFacts;
  readonly account: number;
  /** The number of what was signed in with, when the account has it. */
  readonly credential?: number;
  readonly mechanism: string;
  /** What the protocol knows of its session. */
  readonly session: Readonly<Record<string, string | boolean>>;
}

/** The holder does not take the connection; the client can be told why, and go on here. */
export class HandoverRefused extends Error {
  override readonly name = 'HandoverRefused';
  /** A code of the domain's errors, or of the protocol. */
  readonly code: string;
  /** The message is meant for the client, in the words of its protocol. */
  readonly isReply: boolean;

  constructor(code: string, message: string, isReply = false, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.isReply = isReply;
  }
}

export interface Relay {
  /** Resolves when the holder has taken the connection, and gives what it is joined to. Throws `HandoverRefused`. */
  handOver(holder: string, handover: Handover): Promise<Socket>;
  /** A connection of another kind, with its preamble sent. Throws when nobody is there. */
  dial(holder: string, kind: string, body: object): Promise<Socket>;
}

/** Of a process that holds everything. */
export const NO_RELAY: Relay = Object.freeze({
  handOver(holder: string): Promise<Socket> {
    return Promise.reject(new HandoverRefused('unavailable', `${holder} cannot be reached`));
  },
  dial(holder: string): Promise<Socket> {
    return Promise.reject(new Error(`${holder} cannot be reached`));
  },
});
