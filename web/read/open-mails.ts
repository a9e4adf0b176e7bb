/**
 * Mails with their text, loaded when they are opened and kept while the page is open. What a mail says never changes; which mailboxes
 * and keywords it has does, and of that the cache of all mail is right.
 */
import { type ReadonlySignal, type Signal, signal } from '@preact/signals-core';
import type { JmapClient } from '../sync/jmap-client.ts';
import { FULL_ARGUMENTS, type FullEmail } from './full-email.ts';

export type OpenMail =
  | { readonly state: 'loading' }
  | { readonly state: 'there'; readonly email: FullEmail }
  | { readonly state: 'unreachable' }
  | { readonly state: 'gone' };

/** Texts can be large. */
const MOST = 100;

/** Those that were opened before, where they may be kept. */
export interface TextStore {
  find(id: string): Promise<FullEmail | undefined>;
  keep(email: FullEmail): Promise<void>;
}

export class OpenMails {
  readonly #client: Pick<JmapClient, 'call'>;
  readonly #store: Promise<TextStore | undefined>;
  readonly #mails = new Map<string, Signal<OpenMail>>();

  constructor(
    client: Pick<JmapClient, 'call'>,
    store: Promise<TextStore | undefined> = Promise.resolve(undefined),
  ) {
    this.#client = client;
    this.#store = store;
  }

  /** Asked for at once when it is not there; several of one turn come by one request. */
  open(id: string): ReadonlySignal<OpenMail> {
    const known = this.#mails.get(id);
    if (known !== undefined) {
      this.#mails.delete(id);
      this.#mails.set(id, known);
      return known;
    }
    const mail = signal<OpenMail>({ state: 'loading' });
    this.#mails.set(id, mail);
    const [oldest] = this.#mails.keys();
    if (this.#mails.size > MOST && oldest !== undefined) this.#mails.delete(oldest);
    void this.#load(id, mail);
    return mail;
  }

  again(id: string): void {
    const mail = this.#mails.get(id);
    if (mail === undefined || mail.peek().state === 'loading') return;
    mail.value = { state: 'loading' };
    void this.#load(id, mail);
  }

  async #load(id: string, mail: Signal<OpenMail>): Promise<void> {
    const store = await this.#store;
    const kept = await store?.find(id).catch(() => undefined);
    if (kept !== undefined) {
      mail.value = { state: 'there', email: kept };
      return;
    }
    try {
      const answer = this.#client.call<{ readonly list: readonly FullEmail[] }>('Email/get', {
        ids: [id],
        ...FULL_ARGUMENTS,
      });
      const [email] = (await answer.result).list;
      mail.value = email === undefined ? { state: 'gone' } : { state: 'there', email };
      if (email !== undefined) await store?.keep(email).catch(() => undefined);
    } catch {
      mail.value = { state: 'unreachable' };
    }
  }
}

/** When all of it is there; undefined when it cannot be had. */
export async function wholeMail(mails: Pick<OpenMails, 'open'>, id: string): Promise<FullEmail | undefined> {
  const mail = mails.open(id);
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = mail.subscribe(({ state }) => {
    if (state !== 'loading') resolve();
  });
  await promise;
  stop();
  const now = mail.peek();
  return now.state === 'there' ? now.email : undefined;
}
