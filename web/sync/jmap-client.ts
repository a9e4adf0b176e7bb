/**
 * JMAP as this page speaks it (RFC 8620). Whatever is called in one turn goes out as one request, in order; a call can name what one
 * before it in the same turn will answer (`ref`). A call that the server refuses rejects with `Refused`, one that does not reach it with
 * `Unreachable`: the first says no, after the second nobody knows.
 */

import { timely } from './timely.ts';

export interface ResultReference {
  readonly resultOf: string;
  readonly name: string;
  readonly path: string;
}

export type Arguments = Readonly<Record<string, unknown>>;

export interface Call<T> {
  readonly result: Promise<T>;
  /** For an argument of a call in the same turn: `{ '#ids': call.ref('/ids') }`. */
  ref(path: string): ResultReference;
}

/** The server's no (RFC 8620 §3.6.2): `type` is translated, `description` is for logs. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly type: string;

  constructor(type: string, description = '') {
    super(`${type} ${description}`.trim());
    this.type = type;
  }
}

export class Unreachable extends Error {
  override readonly name: string = 'Unreachable';
}

/** The browser's cookie is another account's by now: nothing that this page was told to do is done there. */
export class OtherAccount extends Unreachable {
  override readonly name = 'OtherAccount';
}

export interface SessionObject {
  /** Of the account whose the session is: its address. */
  readonly username: string;
  readonly apiUrl: string;
  readonly downloadUrl: string;
  readonly uploadUrl: string;
  readonly eventSourceUrl: string;
  readonly primaryAccounts: Readonly<Record<string, string>>;
  readonly capabilities: Readonly<Record<string, Arguments>>;
}

export interface ClientOptions {
  readonly fetch: typeof fetch;
  /** The address of the account that all calls are for. */
  readonly me: string;
  /** The session is another account's: somebody else has signed in, in this browser. */
  readonly onOther: () => void;
  /** The server does not know the session any more. */
  readonly onSignedOut: () => void;
  /** What the server said of itself last: good for addresses when it cannot be reached. */
  readonly kept?: {
    read(): Promise<SessionObject | undefined>;
    write(session: SessionObject): void;
  };
}

const SESSION_URL = '/.well-known/jmap';
const MAIL = 'urn:ietf:params:jmap:mail';
/** RFC 8620 §2 asks for at least 16 of every server. */
const MAX_CALLS = 16;
/** Of a request that did not come whole, and of too many at once: nothing was done, and it can be asked again. */
const TRY_AGAIN: ReadonlySet<number> = new Set([408, 429]);

interface Queued {
  readonly id: string;
  readonly name: string;
  readonly args: Arguments;
  readonly answer: PromiseWithResolvers<unknown>;
}

export class JmapClient {
  readonly #options: ClientOptions;
  #session: Promise<SessionObject> | undefined;
  #queue: Queued[] = [];
  #next = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  async session(): Promise<SessionObject> {
    try {
      this.#session ??= this.#askSession();
      return await this.#session;
    } catch (error) {
      // What failed is asked again by the next who needs it.
      this.#session = undefined;
      const isAway = error instanceof Unreachable && !(error instanceof OtherAccount);
      const kept = isAway ? await this.#options.kept?.read() : undefined;
      if (kept?.username !== this.#options.me) throw error;
      return kept;
    }
  }

  async #askSession(): Promise<SessionObject> {
    const session = await jsonOf<SessionObject>(await this.#ask(SESSION_URL, {}));
    if (session.username !== this.#options.me) throw this.#other();
    this.#options.kept?.write(session);
    return session;
  }

  #other(): OtherAccount {
    this.#session = undefined;
    this.#options.onOther();
    return new OtherAccount('somebody else is signed in');
  }

  async accountId(): Promise<string> {
    const { primaryAccounts } = await this.session();
    return primaryAccounts[MAIL] ?? '';
  }

  /** `args` without the account: all of it is about the person's own. */
  call<T>(name: string, args: Arguments): Call<T> {
    const id = `c${this.#next++}`;
    const answer = Promise.withResolvers<unknown>();
    // Whoever wants to know asks `result`; a call of which nobody does is no fault of the page.
    answer.promise.catch(() => {});
    if (this.#queue.length === 0) queueMicrotask(() => this.#flush());
    this.#queue.push({ id, name, args, answer });
    return {
      result: answer.promise as Promise<T>,
      ref: (path) => ({ resultOf: id, name, path }),
    };
  }

  #flush(): void {
    const queue = this.#queue;
    this.#queue = [];
    for (const calls of batches(queue)) {
      this.#send(calls).catch((error: unknown) => {
        for (const { answer } of calls) answer.reject(error);
      });
    }
  }

  async #send(calls: readonly Queued[]): Promise<void> {
    const { apiUrl, capabilities } = await this.session();
    const accountId = await this.accountId();
    const methodCalls = calls.flatMap(({ name, args, id }) =>
      name === 'PushSubscription/set'
        ? guarded(accountId, { name, args, id })
        : [[name, { accountId, ...args }, id]],
    );
    const response = await this.#ask(apiUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ using: Object.keys(capabilities), methodCalls }),
    });
    const { methodResponses } = await jsonOf<{
      readonly methodResponses: readonly (readonly [string, Arguments, string])[];
    }>(response);
    const byId = new Map(calls.map((call) => [call.id, call]));
    for (const [name, value, id] of methodResponses) {
      const call = byId.get(id.replace(GUARD, ''));
      if (name !== 'error' && id.endsWith(GUARD)) continue;
      // A call may be answered several times (RFC 8621 §7.5: what follows a submission); the first is its own.
      byId.delete(id.replace(GUARD, ''));
      // The session was asked for earlier than somebody else signed in.
      if (name === 'error' && value.type === 'accountNotFound') call?.answer.reject(this.#other());
      else if (name === 'error')
        call?.answer.reject(new Refused(String(value.type), String(value.description ?? '')));
      else call?.answer.resolve(value);
    }
    for (const { answer } of byId.values()) answer.reject(new Refused('serverFail', 'not answered'));
  }

  async #ask(url: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await timely(this.#options.fetch, url, {
        ...init,
        ...{ credentials: 'same-origin', cache: 'no-store' },
      });
    } catch (cause) {
      throw new Unreachable('no answer', { cause });
    }
    if (response.ok) return response;
    if (response.status === 401) {
      this.#session = undefined;
      this.#options.onSignedOut();
      throw new Unreachable('signed out');
    }
    if (TRY_AGAIN.has(response.status) || response.status >= 500)
      throw new Unreachable(`status ${response.status}`);
    throw new Refused('request', `status ${response.status}`);
  }
}

const GUARD = 'g';

/**
 * Subscriptions belong to no account (RFC 8620 §7.2): whoever's the cookie is by then would have them. So a call before each set names the account, and
 * where that fails what refers to it is not done. No mailbox has the id of a subscription, so what is to be destroyed is `notFound` there.
 */
function guarded(accountId: string, { name, args, id }: Pick<Queued, 'name' | 'args' | 'id'>): unknown[][] {
  const { destroy: ids = [], ...rest } = args;
  const guard = `${id}${GUARD}`;
  const referred = { resultOf: guard, name: 'Mailbox/get', path: '/notFound' };
  return [
    ['Mailbox/get', { accountId, ids }, guard],
    [name, { ...rest, '#destroy': referred }, id],
  ];
}

/** An answer that breaks off is none: what was asked for may have been done. */
async function jsonOf<T>(response: Response): Promise<T> {
  try {
    return (await response.json()) as T;
  } catch (cause) {
    throw new Unreachable('the answer broke off', { cause });
  }
}

/** Cut where nothing refers across. */
function batches(queue: readonly Queued[]): Queued[][] {
  const out: Queued[][] = [];
  let current: Queued[] = [];
  for (const [at, call] of queue.entries()) {
    current.push(call);
    if (current.length < MAX_CALLS / 2) continue;
    const named = new Set(queue.slice(at + 1, at + 1 + MAX_CALLS).flatMap(({ args }) => referred(args)));
    if (current.length < MAX_CALLS && current.some(({ id }) => named.has(id))) continue;
    out.push(current);
    current = [];
  }
  return current.length === 0 ? out : [...out, current];
}

function referred(args: Arguments): string[] {
  return Object.entries(args)
    .filter(([name]) => name.startsWith('#'))
    .map(([, value]) => (value as ResultReference).resultOf);
}
