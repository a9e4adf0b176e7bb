/** Mail that is put off, as the account has it: which, and until when (our own methods of JMAP, `docs/JMAP.md`). */
import { type ReadonlySignal, signal } from '@preact/signals-core';
import { type JmapClient, Refused } from '../sync/jmap-client.ts';
import type { Id } from '../sync/model.ts';

export interface Snooze {
  readonly id: Id;
  readonly emailId: Id;
  /** UTC, ISO 8601. */
  readonly until: string;
}

type Client = Pick<JmapClient, 'call'>;

interface SetAnswer {
  readonly created?: Readonly<Record<string, { readonly id: Id }>> | null;
}

export class Snoozes {
  readonly #client: Client;
  readonly #all = signal<ReadonlyMap<Id, Snooze>>(new Map());

  constructor(client: Client) {
    this.#client = client;
  }

  /** By email; as far as was asked. */
  get all(): ReadonlySignal<ReadonlyMap<Id, Snooze>> {
    return this.#all;
  }

  async load(): Promise<void> {
    const { list } = await this.#client.call<{ readonly list: readonly Snooze[] }>('Snooze/get', {
      ids: null,
    }).result;
    this.#all.value = new Map(list.map((one) => [one.emailId, one]));
  }

  /** What has been said here and may not be at the server yet. */
  note(emails: readonly Id[], until: string): void {
    this.#all.value = new Map([
      ...this.#all.peek(),
      ...emails.map((emailId) => [emailId, { id: '', emailId, until }] as const),
    ]);
  }

  /** Where they wait, made when the first mail is put off. Rejects when the server cannot be reached. */
  async mailbox(name: string): Promise<Id> {
    const filter = { role: 'snoozed' };
    const query = async (): Promise<Id | undefined> =>
      (await this.#client.call<{ readonly ids: readonly Id[] }>('Mailbox/query', { filter }).result).ids[0];
    const there = await query();
    if (there !== undefined) return there;
    const create = { made: { name, role: 'snoozed' } };
    const { created } = await this.#client.call<SetAnswer>('Mailbox/set', { create }).result;
    // Another page may have been the first.
    const made = created?.made?.id ?? (await query());
    if (made === undefined) throw new Refused('noMailbox');
    return made;
  }
}
