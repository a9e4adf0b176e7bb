/**
 * All mail that the page knows, each thing once: mailboxes, conversations, emails, as signals, so that what shows one is drawn
 * anew when it changes. Only `MailSync` and `Actions` write.
 */
import { batch, type ReadonlySignal, type Signal, signal } from '@preact/signals-core';
import type { Email, Id, Mailbox, Thread } from './model.ts';

export type Mailboxes = ReadonlyMap<Id, Mailbox>;

export class MailCache {
  readonly #mailboxes = signal<Mailboxes>(new Map());
  readonly #emails = new Map<Id, Signal<Email | undefined>>();
  readonly #threads = new Map<Id, Signal<Thread | undefined>>();

  get mailboxes(): ReadonlySignal<Mailboxes> {
    return this.#mailboxes;
  }

  /** Undefined: not known (yet), or gone. */
  email(id: Id): ReadonlySignal<Email | undefined> {
    return slot(this.#emails, id);
  }

  thread(id: Id): ReadonlySignal<Thread | undefined> {
    return slot(this.#threads, id);
  }

  /** Those of a conversation that are known, oldest first. */
  emailsOf(thread: Id): readonly Email[] {
    const { emailIds = [] } = this.thread(thread).value ?? {};
    return emailIds.flatMap((id) => this.email(id).value ?? []);
  }

  hasEmail(id: Id): boolean {
    return this.#emails.get(id)?.peek() !== undefined;
  }

  hasThread(id: Id): boolean {
    return this.#threads.get(id)?.peek() !== undefined;
  }

  byRole(role: string): Mailbox | undefined {
    for (const mailbox of this.#mailboxes.value.values()) if (mailbox.role === role) return mailbox;
    return undefined;
  }

  setMailboxes(all: Mailboxes): void {
    this.#mailboxes.value = all;
  }

  put({
    emails = [],
    threads = [],
  }: {
    readonly emails?: readonly Email[];
    readonly threads?: readonly Thread[];
  }): void {
    batch(() => {
      for (const email of emails) slot(this.#emails, email.id).value = email;
      for (const thread of threads) slot(this.#threads, thread.id).value = thread;
    });
  }

  drop({
    emails = [],
    threads = [],
  }: {
    readonly emails?: readonly Id[];
    readonly threads?: readonly Id[];
  }): void {
    batch(() => {
      for (const id of emails) slot(this.#emails, id).value = undefined;
      for (const id of threads) slot(this.#threads, id).value = undefined;
    });
  }
}

function slot<T>(map: Map<Id, Signal<T | undefined>>, id: Id): Signal<T | undefined> {
  let found = map.get(id);
  if (found === undefined) {
    found = signal<T | undefined>(undefined);
    map.set(id, found);
  }
  return found;
}
