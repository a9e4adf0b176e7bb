/** Who is signed in, asked of the server's small API beside JMAP: `/web/session`, `/web/sign-in`, `/web/sign-out`. */
import { type ReadonlySignal, signal } from '@preact/signals-core';
import { timely } from '../sync/timely.ts';

export interface SessionFacts {
  /** The account's address. */
  readonly address: string;
  /** What the server calls itself where it says what it found out about a mail. */
  readonly hostname: string;
  /** On a device of one's own things may be kept. */
  readonly isOwnDevice: boolean;
  /** Whether the person administers the server, as far as it said last. */
  readonly isAdmin?: boolean;
  /** Came by a link a moment ago: may choose a password without the one before. */
  readonly mayChoosePassword?: boolean;
  /** As `preferences.ts` has written them. */
  readonly preferences: Readonly<Record<string, unknown>>;
}

export type SignedIn =
  | { readonly state: 'unknown' }
  | { readonly state: 'out'; readonly why?: 'ended' }
  | { readonly state: 'in'; readonly session: SessionFacts };

export interface Credential {
  readonly id: number;
  readonly name: string;
  readonly createdMs: number;
  readonly lastUse?: { readonly atMs: number; readonly remote: string; readonly service: string };
}

export interface Devices {
  readonly devices: readonly (Credential & { readonly isOwnDevice: boolean; readonly isThis: boolean })[];
  readonly appPasswords: readonly Credential[];
}

export type ChangePath =
  | '/web/devices/end'
  | '/web/app-passwords'
  | '/web/app-passwords/profile'
  | '/web/app-passwords/code'
  | '/web/app-passwords/revoke'
  | '/web/password'
  | '/web/passkey/begin'
  | `/web/security/${string}`;

export type SignInFault =
  | 'wrong'
  | 'wrongCode'
  | 'wrongPasskey'
  | 'tooMany'
  | 'notAllowed'
  | 'closed'
  | 'unreachable'
  | 'failed';

/** What may be shown beside the password, where that is not enough. */
export interface WaysIn {
  readonly hasCodes: boolean;
  readonly hasRecoveryCodes: boolean;
  /** What keys are asked, where the account has some for this place. */
  readonly passkey?: object;
}

/** What is shown as the second step: typed, or signed by a key. */
export type StepShown = { readonly code: string } | { readonly passkey: object };

/** Undefined: it went well. */
export type SignInOutcome = SignInFault | WaysIn | undefined;

export interface Credentials {
  readonly address: string;
  readonly password: string;
  readonly isOwnDevice: boolean;
}

const FAULTS: Readonly<Record<number, SignInFault>> = { 401: 'wrong', 403: 'notAllowed', 429: 'tooMany' };

/** Where nobody answers for so long, what was known is shown, and put right when somebody does. */
const PATIENCE_MS = 1500;

export class Account {
  readonly #fetch: typeof fetch;
  readonly #kept: () => Promise<SessionFacts | undefined>;
  readonly #now = signal<SignedIn>({ state: 'unknown' });
  #openAtMs: number | undefined;

  /** `kept`: who was signed in last, on a device of one's own. */
  constructor(ask: typeof fetch, kept: () => Promise<SessionFacts | undefined> = async () => undefined) {
    this.#fetch = ask;
    this.#kept = kept;
  }

  get now(): ReadonlySignal<SignedIn> {
    return this.#now;
  }

  /** After `tooMany`, when another attempt is let in, as far as the server has said. */
  get openAtMs(): number | undefined {
    return this.#openAtMs;
  }

  /** Asks who is signed in. Without a network what was known stays, from the last time that the page was open too. */
  async look(): Promise<void> {
    const asked = this.#ask('/web/session', {}).then((response) => this.#take(response));
    if (this.#now.peek().state !== 'unknown') return asked;
    const { promise: late, resolve } = Promise.withResolvers<'late'>();
    const timer = setTimeout(() => resolve('late'), PATIENCE_MS);
    const isLate = (await Promise.race([asked, late])) === 'late';
    clearTimeout(timer);
    if (!isLate || (await this.#presume())) return;
    await asked;
  }

  async #take(response: Response | undefined): Promise<void> {
    if (response?.status === 200)
      this.#now.value = { state: 'in', session: (await response.json()) as SessionFacts };
    else if (response?.status === 204) this.#now.value = { state: 'out' };
    else if (!(await this.#presume()) && this.#now.peek().state === 'unknown')
      this.#now.value = { state: 'out' };
  }

  async #presume(): Promise<boolean> {
    const session = await this.#kept().catch(() => undefined);
    if (session === undefined || this.#now.peek().state !== 'unknown') return false;
    this.#now.value = { state: 'in', session };
    return true;
  }

  /** `step`: when the first time has said that there is a second one. */
  signIn(credentials: Credentials, step?: StepShown): Promise<SignInOutcome> {
    return this.#enter('/web/sign-in', { ...credentials, ...step });
  }

  /** By a link that is good once. */
  signInByLink(token: string, step?: StepShown): Promise<SignInOutcome> {
    return this.#enter('/web/sign-in-link', { token, ...step });
  }

  /** By a key alone, which has looked who holds it. */
  signInByPasskey(passkey: object, isOwnDevice: boolean): Promise<SignInOutcome> {
    return this.#enter('/web/sign-in-passkey', { passkey, isOwnDevice });
  }

  async #enter(path: string, body: object): Promise<SignInOutcome> {
    const response = await this.#post(path, body);
    if (response === undefined) return 'unreachable';
    if (response.status === 202)
      return ((await response.json()) as { readonly secondStep: WaysIn }).secondStep;
    const waitSeconds = Number(response.headers.get('retry-after'));
    this.#openAtMs = waitSeconds > 0 ? Date.now() + waitSeconds * 1000 : undefined;
    if (!response.ok) return faultIn(response);
    this.#now.value = { state: 'in', session: (await response.json()) as SessionFacts };
    return undefined;
  }

  async keep(preferences: Readonly<Record<string, unknown>>): Promise<boolean> {
    const response = await this.#post('/web/preferences', preferences);
    return response?.ok ?? false;
  }

  async devices(): Promise<Devices | undefined> {
    return (await this.read('/web/devices')) as Devices | undefined;
  }

  /** What the small API says; undefined when it was not reached, or says nothing. */
  async read(path: '/web/devices' | '/web/security'): Promise<unknown> {
    const response = await this.#ask(path, {});
    return response?.ok ? response.json() : undefined;
  }

  /** What the small API answers to a change: its status, and what it says. Status 0: it was not reached. */
  async change(
    path: ChangePath,
    body: object,
  ): Promise<{ readonly status: number; readonly value: unknown }> {
    const response = await this.#post(path, body);
    if (response === undefined) return { status: 0, value: undefined };
    const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false;
    return { status: response.status, value: isJson ? await response.json() : undefined };
  }

  /** False: the server was not reached, and the session is as good as before. */
  async signOut(): Promise<boolean> {
    const response = await this.#post('/web/sign-out', {});
    const isOut = response?.ok === true || response?.status === 401;
    if (isOut) this.#now.value = { state: 'out' };
    return isOut;
  }

  /** The server no longer knows the session: it has ended, or was ended elsewhere. */
  ended(): void {
    if (this.#now.value.state !== 'in') return;
    this.#now.value = { state: 'out', why: 'ended' };
    // It answers that the browser is to forget everything of ours (Clear-Site-Data).
    void this.#ask('/web/session', {});
  }

  #post(path: string, body: object): Promise<Response | undefined> {
    const headers = { 'content-type': 'application/json' };
    return this.#ask(path, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  async #ask(path: string, init: RequestInit): Promise<Response | undefined> {
    try {
      return await timely(this.#fetch, path, { ...init, credentials: 'same-origin', cache: 'no-store' });
    } catch {
      return undefined;
    }
  }
}

async function faultIn(response: Response): Promise<SignInFault> {
  const value = (await response.json().catch(() => undefined)) as { readonly error?: string } | undefined;
  // The account is one that nobody may come in to now, or it was the second step that was wrong.
  if (value?.error === 'closed') return 'closed';
  if (value?.error === 'bad-passkey') return 'wrongPasskey';
  return value?.error === 'bad-code' ? 'wrongCode' : (FAULTS[response.status] ?? 'failed');
}
