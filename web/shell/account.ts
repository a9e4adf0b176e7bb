/** Who is signed in, asked of the server's small API beside JMAP: `/web/session`, `/web/sign-in`, `/web/sign-out`. */
import { type ReadonlySignal, signal } from '@preact/signals-core';

export interface SessionFacts {
  /** The account's address. */
  readonly address: string;
  /** On a device of one's own things may be kept. */
  readonly isOwnDevice: boolean;
}

export type SignedIn =
  | { readonly state: 'unknown' }
  | { readonly state: 'out'; readonly why?: 'ended' }
  | { readonly state: 'in'; readonly session: SessionFacts };

export type SignInFault = 'wrong' | 'tooMany' | 'notAllowed' | 'unreachable' | 'failed';

export interface Credentials {
  readonly address: string;
  readonly password: string;
  readonly isOwnDevice: boolean;
}

const FAULTS: Readonly<Record<number, SignInFault>> = { 401: 'wrong', 403: 'notAllowed', 429: 'tooMany' };

export class Account {
  readonly #fetch: typeof fetch;
  readonly #now = signal<SignedIn>({ state: 'unknown' });

  constructor(ask: typeof fetch) {
    this.#fetch = ask;
  }

  get now(): ReadonlySignal<SignedIn> {
    return this.#now;
  }

  /** Asks who is signed in. Without a network what was known stays. */
  async look(): Promise<void> {
    const response = await this.#ask('/web/session', {});
    if (response?.ok) this.#now.value = { state: 'in', session: (await response.json()) as SessionFacts };
    else if (response?.status === 401) this.#now.value = { state: 'out' };
    else if (this.#now.value.state === 'unknown') this.#now.value = { state: 'out' };
  }

  /** Undefined: it went well. */
  async signIn(credentials: Credentials): Promise<SignInFault | undefined> {
    const response = await this.#post('/web/sign-in', credentials);
    if (response === undefined) return 'unreachable';
    if (!response.ok) return FAULTS[response.status] ?? 'failed';
    this.#now.value = { state: 'in', session: (await response.json()) as SessionFacts };
    return undefined;
  }

  async signOut(): Promise<void> {
    const response = await this.#post('/web/sign-out', {});
    if (response?.ok || response?.status === 401) this.#now.value = { state: 'out' };
  }

  /** The server no longer knows the session: it has ended, or was ended elsewhere. */
  ended(): void {
    if (this.#now.value.state === 'in') this.#now.value = { state: 'out', why: 'ended' };
  }

  #post(path: string, body: object): Promise<Response | undefined> {
    const headers = { 'content-type': 'application/json' };
    return this.#ask(path, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  async #ask(path: string, init: RequestInit): Promise<Response | undefined> {
    try {
      return await this.#fetch(path, { ...init, credentials: 'same-origin', cache: 'no-store' });
    } catch {
      return undefined;
    }
  }
}
