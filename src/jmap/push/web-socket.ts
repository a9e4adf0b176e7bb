/**
 * JMAP over WebSocket (RFC 8887): requests and their answers as messages, several at once, and changes of states on the same
 * connection, once they are asked for. The library (`ws`) speaks the protocol below; what a message is, how many there may be and
 * how long one may not be taken is decided here.
 */
import type { WebSocket } from 'ws';
import type { HttpRequest } from '../../http/exchange.ts';
import type { Admission } from '../../identity/authenticator.ts';
import { MailboxError } from '../../mailbox/model/errors.ts';
import type { AccountListener, AccountState } from '../../mailbox/state/account.ts';
import { isList, isObject, type Json, type JsonObject } from '../core/json.ts';
import { RequestProblem } from '../core/problem.ts';
import type { Requests } from '../requests.ts';
import type { JmapServices } from '../services.ts';
import { PAUSE_MS } from './account-watch.ts';
import { stateString, statesIn } from './type-states.ts';
import { Watches } from './watches.ts';

/** Of one connection, before it is read no further. */
const MOST_IN_FLIGHT = 8;
const PING_MS = 60_000;
/** How long a message may not be taken. */
const SEND_MS = 60_000;
const MAX_TYPES = 100;
const GOING_AWAY = 1001;
const NOT_TEXT = 1003;
const SIGNED_OUT = 1008;
const TRY_LATER = 1013;

interface Parts {
  readonly services: JmapServices;
  readonly requests: Requests;
  readonly socket: WebSocket;
  readonly request: HttpRequest;
  readonly who: Admission;
}

/** Serves the connection to its end. To be called in the turn in which there is one; never rejects. */
export async function serveWebSocket(parts: Parts): Promise<void> {
  const { services, who, socket } = parts;
  // Nothing is read before somebody listens. What goes wrong before is nobody's surprise.
  socket.pause();
  socket.on('error', () => socket.terminate());
  let session: Session | undefined;
  try {
    const account = await services.domain.accounts.open(who.record.id);
    session = new Session(parts, account);
    await services.domain.accounts.join(account, session);
    session.begin();
  } catch (error) {
    const isExpected = error instanceof MailboxError;
    if (!isExpected) services.log.error({ err: error }, 'a WebSocket could not be served');
    session?.onEvicted();
    socket.close(isExpected && error.code !== 'unavailable' ? SIGNED_OUT : TRY_LATER);
    socket.resume();
  }
}

class Session implements AccountListener {
  readonly credential: number | undefined;
  lastActiveMs = performance.now();
  readonly #parts: Parts;
  readonly #account: AccountState;
  readonly #gone = new AbortController();
  #inFlight = 0;
  /** Came with what was read before it was read no further: one piece of the stream can hold thousands. */
  readonly #waiting: Buffer[] = [];
  #watch: Watches | undefined;
  /** Wishes about push are granted one after the other, so that each ends what the one before it began. */
  #pushWishes: Promise<void> = Promise.resolve();
  #isAlive = true;
  #timer: NodeJS.Timeout | undefined;
  #leave: () => void = () => {};

  constructor(parts: Parts, account: AccountState) {
    this.#parts = parts;
    this.#account = account;
    this.credential = parts.who.credential?.id;
  }

  begin(): void {
    const { socket, services, request, who } = this.#parts;
    this.#leave = services.streams.join(who.record.address, this);
    const close = (): void => this.stop();
    request.closing.addEventListener('abort', close, { once: true });
    socket.on('message', (data, isBinary) => this.#receive(data as Buffer, isBinary));
    socket.on('pong', () => {
      this.#isAlive = true;
    });
    const end = (): void => {
      request.closing.removeEventListener('abort', close);
      this.#end();
    };
    this.#timer = setInterval(() => this.#look(), PING_MS);
    socket.once('close', end);
    if (socket.readyState === socket.CLOSED) end();
    socket.resume();
    if (request.closing.aborted) close();
  }

  /** Too many connections of the account, or the server stops. */
  stop(): void {
    this.#parts.socket.close(GOING_AWAY);
  }

  onEvicted(): void {
    this.#parts.socket.close(SIGNED_OUT);
    this.#end();
  }

  #end(): void {
    this.#gone.abort();
    clearInterval(this.#timer);
    this.#watch?.stop();
    this.#account.listeners.delete(this);
    this.#leave();
  }

  /** Whoever has not answered since the last look is gone. */
  #look(): void {
    const { socket } = this.#parts;
    if (!this.#isAlive) socket.terminate();
    this.#isAlive = false;
    socket.ping();
  }

  #receive(data: Buffer, isBinary: boolean): void {
    const { socket } = this.#parts;
    this.lastActiveMs = performance.now();
    if (isBinary) {
      socket.close(NOT_TEXT);
      return;
    }
    this.#waiting.push(data);
    if (this.#inFlight + this.#waiting.length >= MOST_IN_FLIGHT) socket.pause();
    if (this.#inFlight < MOST_IN_FLIGHT) void this.#work();
  }

  /** Takes a place and answers what waits, until nothing does. */
  async #work(): Promise<void> {
    this.#inFlight++;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        if (this.#gone.signal.aborted) return;
        await this.#hear(next);
      }
    } finally {
      this.#inFlight--;
    }
    this.#parts.socket.resume();
  }

  async #hear(data: Buffer): Promise<void> {
    const { requests, services } = this.#parts;
    let requestId: string | undefined;
    try {
      const message = await requests.read(data);
      if (!isObject(message)) throw new RequestProblem('notRequest', 'expected an object');
      if (typeof message.id === 'string') requestId = message.id.slice(0, 255);
      await this.#obey(message, requestId);
    } catch (error) {
      const problem = error instanceof RequestProblem ? error : undefined;
      if (problem === undefined) services.log.error({ err: error }, 'a message could not be answered');
      const what = problem?.toObject() ?? { type: 'about:blank', status: 500 };
      await this.#send([
        Buffer.from(JSON.stringify({ '@type': 'RequestError', requestId: requestId ?? null, ...what })),
      ]);
    }
  }

  async #obey(message: JsonObject, requestId: string | undefined): Promise<void> {
    const { '@type': type, id: _, ...rest } = message;
    switch (type) {
      case 'Request': {
        const { requests, request, who } = this.#parts;
        const asker = {
          ...{ record: who.record, credential: who.credential?.id },
          ...{ client: request.headers['user-agent'], gone: this.#gone.signal },
          remote: request.remoteAddress,
        };
        const more = { '@type': 'Response', ...(requestId === undefined ? {} : { requestId }) };
        const pieces = await requests.within(who.record, () => requests.answer(rest as Json, asker, more));
        if (pieces !== undefined) await this.#send(pieces);
        return;
      }
      case 'WebSocketPushEnable':
        await this.#inOrder(() => this.#enablePush(rest));
        return;
      case 'WebSocketPushDisable':
        await this.#inOrder(() => {
          this.#watch?.stop();
          this.#watch = undefined;
        });
        return;
      default:
        throw new RequestProblem('notRequest', 'no such type of message');
    }
  }

  async #inOrder(grant: () => void | Promise<void>): Promise<void> {
    const granted = this.#pushWishes.then(grant);
    this.#pushWishes = granted.catch(() => {});
    await granted;
  }

  async #enablePush({ dataTypes, pushState }: JsonObject): Promise<void> {
    const isAll = dataTypes === null || dataTypes === undefined;
    if (
      !isAll &&
      (!isList(dataTypes) ||
        dataTypes.length > MAX_TYPES ||
        !dataTypes.every((one) => typeof one === 'string'))
    )
      throw new RequestProblem('notRequest', '"dataTypes" is a list of types, or null');
    this.#watch?.stop();
    const { services, who } = this.#parts;
    const { domain, visits, stateSources: sources } = services;
    const types = isAll ? undefined : new Set(dataTypes as readonly string[]);
    const watch = await Watches.begin(this.#account, {
      ...{ domain, sources, types, visits },
      record: who.record,
      credential: this.credential,
    });
    this.#watch = watch;
    if (this.#gone.signal.aborted) watch.stop();
    const missed = typeof pushState === 'string' ? statesIn(pushState) : undefined;
    if (missed !== undefined) watch.wasTold(missed);
    void this.#push(watch);
  }

  async #push(watch: Watches): Promise<void> {
    while (!watch.isOver) {
      const changed = await watch.next(PING_MS);
      // What was wished meanwhile counts.
      if (changed === undefined || watch.isOver) continue;
      const change = {
        '@type': 'StateChange',
        changed,
        pushState: stateString(watch.told),
      };
      await this.#send([Buffer.from(JSON.stringify(change))]);
      await new Promise((resolve) => void setTimeout(resolve, PAUSE_MS));
    }
  }

  /** When the client has taken it; one that takes nothing is cut off. */
  async #send(pieces: readonly Buffer[]): Promise<void> {
    const { socket } = this.#parts;
    const timer = setTimeout(() => socket.terminate(), SEND_MS);
    await new Promise<void>((resolve) => {
      socket.send(Buffer.concat(pieces), { binary: false }, () => resolve());
    });
    clearTimeout(timer);
  }
}
