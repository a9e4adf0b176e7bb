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
  readonly notCreated?: Readonly<Record<string, { readonly type: string }>> | null;
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

  /** Until then; their numbers, by which they are taken back. `mailboxName`: what the mailbox is called when there is none yet. */
  async put(emails: readonly Id[], until: Date, mailboxName: string): Promise<readonly Id[]> {
    await this.#mailbox(mailboxName);
    const utc = until.toISOString().replace(/\.\d+Z$/, 'Z');
    const create = Object.fromEntries(emails.map((emailId) => [emailId, { emailId, until: utc }]));
    const { created, notCreated } = await this.#client.call<SetAnswer>('Snooze/set', { create }).result;
    const [fault] = Object.values(notCreated ?? {});
    const ids = Object.values(created ?? {}).map(({ id }) => id);
    if (fault !== undefined && ids.length === 0) throw new Refused(fault.type);
    return ids;
  }

  /** Back where they were. */
  async takeBack(ids: readonly Id[]): Promise<void> {
    await this.#client.call('Snooze/set', { destroy: ids }).result;
  }

  /** Made when the first mail is put off. */
  async #mailbox(name: string): Promise<void> {
    const filter = { role: 'snoozed' };
    const query = () =>
      this.#client.call<{ readonly ids: readonly Id[] }>('Mailbox/query', { filter }).result;
    if ((await query()).ids.length > 0) return;
    const create = { made: { name, role: 'snoozed' } };
    const { created } = await this.#client.call<SetAnswer>('Mailbox/set', { create }).result;
    // Another page may have been the first.
    if (created?.made === undefined && (await query()).ids.length === 0) throw new Refused('noMailbox');
  }
}
