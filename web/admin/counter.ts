/**
 * Asks the server for an administrator. What is dangerous it does not do before the password was typed again: then this asks for it,
 * once for ten minutes, and asks the server anew. What the server said of the password is kept here, as long as the page is there.
 */
import { type ReadonlySignal, signal } from '@preact/signals-core';

export interface Fault {
  /** As the server calls it, or `unreachable`, `failed`. */
  readonly code: string;
  /** In the server's words, for whoever wants to know more. */
  readonly why?: string;
}

export type Answer<T> = { readonly value: T; readonly fault?: undefined } | { readonly fault: Fault };

export interface CounterOptions {
  readonly fetch: typeof fetch;
  readonly nowMs: () => number;
  /** The session has ended. */
  readonly onSignedOut: () => void;
}

/** What is done with a password that was typed: undefined when it was right. */
export type Prove = (password: string) => Promise<Fault | undefined>;

interface Proof {
  readonly proof: string;
  readonly untilMs: number;
}

/** A proof that is about to end is none: the request takes a moment. */
const MARGIN_MS = 10_000;

export class Counter {
  readonly #options: CounterOptions;
  readonly #isOpen = signal(true);
  readonly #asks = signal<((isProven: boolean) => void) | undefined>(undefined);
  #proof: Proof | undefined;

  constructor(options: CounterOptions) {
    this.#options = options;
  }

  /** False: whoever is signed in administers nothing, any more. */
  get isOpen(): ReadonlySignal<boolean> {
    return this.#isOpen;
  }

  /** The password is wanted now. */
  get wantsPassword(): boolean {
    return this.#asks.value !== undefined;
  }

  async ask<T>(what: string, body: object = {}): Promise<Answer<T>> {
    const proof = this.#current();
    const answer = await this.#send<T>(what, proof === undefined ? body : { ...body, proof });
    if (answer.fault?.code !== 'prove') return answer;
    this.#proof = undefined;
    if (!(await this.#wanted())) return { fault: { code: 'prove' } };
    return this.#send<T>(what, { ...body, proof: this.#current() });
  }

  prove: Prove = async (password) => {
    const { value, fault } = { value: undefined, ...(await this.#send<Proof>('prove', { password })) };
    if (fault !== undefined) return fault;
    this.#proof = value;
    this.#done(true);
    return undefined;
  };

  /** The person thinks better of it. */
  cancel(): void {
    this.#done(false);
  }

  #done(isProven: boolean): void {
    const tell = this.#asks.peek();
    this.#asks.value = undefined;
    tell?.(isProven);
  }

  #wanted(): Promise<boolean> {
    // One window for one question: whoever asked before is answered no.
    this.#done(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#asks.value = resolve;
    return promise;
  }

  #current(): string | undefined {
    const { proof, untilMs = 0 } = this.#proof ?? {};
    return untilMs - MARGIN_MS > this.#options.nowMs() ? proof : undefined;
  }

  async #send<T>(what: string, body: object): Promise<Answer<T>> {
    const response = await this.#options
      .fetch(`/web/admin/${what}`, {
        ...{ method: 'POST', credentials: 'same-origin', cache: 'no-store' },
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      .catch(() => undefined);
    if (response === undefined) return { fault: { code: 'unreachable' } };
    const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false;
    const value: unknown = isJson ? await response.json().catch(() => undefined) : undefined;
    if (response.ok) return { value: value as T };
    if (response.status === 404 && !isJson) this.#isOpen.value = false;
    const { error = 'failed', why } = (value ?? {}) as { readonly error?: string; readonly why?: string };
    if (error === 'signed-out') this.#options.onSignedOut();
    return { fault: why === undefined ? { code: error } : { code: error, why } };
  }
}
