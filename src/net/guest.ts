/** A connection that was counted in, as everybody but its session sees it. */

/** A connection as administrators see it. */
export interface ConnectionFacts {
  readonly id: string;
  /** `imap`, `pop3`, `lmtp`. */
  readonly service: string;
  /** The port it came in by: `imaps`. */
  readonly listener: string;
  readonly remote: string;
  readonly sinceMs: number;
  readonly idleMs: number;
  /** `TLSv1.3`, absent in the clear. */
  readonly tls?: string;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Who is signed in, and how. */
  readonly account?: string;
  readonly mechanism?: string;
  /** What the client says it is. */
  readonly client?: string;
}

/** The part of a stream that is asked about its connection. */
export interface Peer {
  readonly remoteAddress: string;
  /** A proxy of ours connects from there for many people. */
  readonly isOfMany?: boolean;
  readonly tlsVersion: string | undefined;
  readonly idleMs: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  destroy(reason?: Error): void;
}

/** Of a connection that comes from another process. */
export interface Arrival {
  readonly id: string;
  readonly service: string;
  readonly listener: string;
  readonly sinceMs: number;
  readonly client?: string;
  /** Until now. */
  readonly bytesIn: number;
  readonly bytesOut: number;
}

interface Beginning extends Omit<Arrival, 'client' | 'bytesIn' | 'bytesOut'> {
  /** Before it came here. */
  readonly bytesBefore?: { readonly bytesIn: number; readonly bytesOut: number };
  readonly peer: Peer;
}

interface Steps {
  readonly signedIn: () => void;
  readonly left: () => void;
}

const NOTHING_BEFORE = Object.freeze({ bytesIn: 0, bytesOut: 0 });

/** A connection that was counted in: which it is, whose it has become, and why it ended. */
export class Guest {
  readonly id: string;
  readonly service: string;
  readonly listener: string;
  readonly sinceMs: number;
  /** What the client says it is (RFC 2971); a session that knows sets it. */
  client: string | undefined;
  readonly #peer: Peer;
  readonly #steps: Steps;
  readonly #bytesBefore: { readonly bytesIn: number; readonly bytesOut: number };
  #wasSignedIn = false;
  #account: string | undefined;
  #mechanism: string | undefined;
  #end: string | undefined;
  #isElsewhere = false;

  constructor({ id, service, listener, sinceMs, peer, bytesBefore }: Beginning, steps: Steps) {
    this.#bytesBefore = bytesBefore ?? NOTHING_BEFORE;
    this.id = id;
    this.service = service;
    this.listener = listener;
    this.sinceMs = sinceMs;
    this.#peer = peer;
    this.#steps = steps;
  }

  get remote(): string {
    return this.#peer.remoteAddress;
  }

  /** `TLSv1.3`, undefined in the clear. */
  get tls(): string | undefined {
    return this.#peer.tlsVersion;
  }

  get account(): string | undefined {
    return this.#account;
  }

  /** Why it ended, when somebody has said so. */
  get end(): string | undefined {
    return this.#end;
  }

  /** Another process serves it, and this one passes octets. */
  get isElsewhere(): boolean {
    return this.#isElsewhere;
  }

  /** For the process that it goes to. */
  arrival(): Arrival {
    const { id, service, listener, sinceMs, client } = this;
    const { bytesRead: bytesIn, bytesWritten: bytesOut } = this.#peer;
    const said = client === undefined ? {} : { client };
    return { id, service, listener, sinceMs, bytesIn, bytesOut, ...said };
  }

  handedOver(): void {
    this.#isElsewhere = true;
  }

  signedIn(account: string, mechanism: string): void {
    const isFirst = !this.#wasSignedIn;
    this.#account = account;
    this.#mechanism = mechanism;
    this.#wasSignedIn = true;
    if (isFirst) this.#steps.signedIn();
  }

  /** Nobody's again. */
  signedOut(): void {
    this.#account = undefined;
    this.#mechanism = undefined;
  }

  /** The first reason is the one that counts. */
  endsBecause(reason: string): void {
    this.#end ??= reason;
  }

  /** Whoever serves it hears that it is gone, and lets it leave. */
  sendAway(): void {
    this.endsBecause('ended by the administrator');
    this.#peer.destroy();
  }

  displace(): void {
    this.endsBecause('displaced by a newcomer before it signed in');
    this.#peer.destroy();
    this.leave();
  }

  leave(): void {
    this.#steps.left();
  }

  facts(nowMs: number): ConnectionFacts {
    const { id, service, listener, remote, sinceMs, tls, account, client } = this;
    const { idleMs, bytesRead, bytesWritten } = this.#peer;
    const bytesIn = this.#bytesBefore.bytesIn + bytesRead;
    const bytesOut = this.#bytesBefore.bytesOut + bytesWritten;
    const mechanism = this.#mechanism;
    return {
      ...{ id, service, listener, remote, sinceMs, bytesIn, bytesOut },
      idleMs: Math.round(Math.min(idleMs, nowMs - sinceMs)),
      ...(tls === undefined ? {} : { tls }),
      ...(account === undefined ? {} : { account }),
      ...(mechanism === undefined ? {} : { mechanism }),
      ...(client === undefined ? {} : { client }),
    };
  }
}
