/**
 * Making, renaming, moving, deleting and emptying mailboxes (RFC 8621 §2.5). Each is asked of the server and shown when it is so; what
 * it says no to is told in words.
 */

import type { Mailboxes } from '../sync/cache.ts';
import { type Arguments, type JmapClient, Refused } from '../sync/jmap-client.ts';
import type { Id, Mailbox } from '../sync/model.ts';

/** What a person is told; undefined is all well. */
export type MailboxFault = 'nameTaken' | 'nameBad' | 'hasChildren' | 'notSaved';

interface SetAnswer {
  readonly created?: Readonly<Record<string, { readonly id: Id }>> | null;
  readonly notCreated?: Readonly<Record<string, SetError>> | null;
  readonly notUpdated?: Readonly<Record<string, SetError>> | null;
  readonly notDestroyed?: Readonly<Record<string, SetError>> | null;
}

interface SetError {
  readonly type: string;
  readonly properties?: readonly string[];
}

const SLICE = 500;
const PAGE = 500;

export class MailboxChanges {
  readonly #client: JmapClient;

  constructor(client: JmapClient) {
    this.#client = client;
  }

  create(name: string, parentId: Id | null): Promise<MailboxFault | undefined> {
    return this.#set({ create: { made: { name: name.trim(), parentId } } });
  }

  change(id: Id, change: Partial<Pick<Mailbox, 'name' | 'parentId'>>): Promise<MailboxFault | undefined> {
    return this.#set({ update: { [id]: change } });
  }

  /** Once nothing is in it. */
  remove(id: Id): Promise<MailboxFault | undefined> {
    return this.#set({ destroy: [id] });
  }

  /** One like that, and its id; undefined: it could not be made. */
  async makeAnew({ name, parentId, sortOrder }: Mailbox): Promise<Id | undefined> {
    const create = { made: { name, parentId, sortOrder } };
    const answer = await this.#client.call<SetAnswer>('Mailbox/set', { create }).result;
    return answer.created?.made?.id;
  }

  /** For good. */
  empty(id: Id): Promise<MailboxFault | undefined> {
    return this.#each(id, (ids) => ({ destroy: ids }));
  }

  /** All emails of a mailbox, a slice at a time, until there are none. */
  async #each(mailbox: Id, change: (ids: readonly Id[]) => Arguments): Promise<MailboxFault | undefined> {
    for (;;) {
      const { ids } = await this.#client.call<{ readonly ids: readonly Id[] }>('Email/query', {
        ...{ filter: { inMailbox: mailbox }, limit: PAGE },
      }).result;
      if (ids.length === 0) return undefined;
      for (let at = 0; at < ids.length; at += SLICE) {
        const answer = await this.#client.call<SetAnswer>('Email/set', change(ids.slice(at, at + SLICE)))
          .result;
        // What cannot be taken out would be asked for again for ever.
        if (faultIn(answer, 'notFound') !== undefined) return 'notSaved';
      }
    }
  }

  async #set(args: object): Promise<MailboxFault | undefined> {
    try {
      return faultIn(await this.#client.call<SetAnswer>('Mailbox/set', { ...args }).result);
    } catch (error) {
      if (error instanceof Refused) return 'notSaved';
      throw error;
    }
  }
}

function faultIn(answer: SetAnswer, ...harmless: readonly string[]): MailboxFault | undefined {
  const errors = [answer.notCreated, answer.notUpdated, answer.notDestroyed].flatMap((all) =>
    Object.values(all ?? {}),
  );
  const [error] = errors.filter(({ type }) => !harmless.includes(type));
  if (error === undefined) return undefined;
  if (error.type === 'mailboxHasChild') return 'hasChildren';
  if (error.type === 'alreadyExists') return 'nameTaken';
  if (error.type === 'invalidProperties')
    return error.properties?.includes('name') === false ? 'notSaved' : 'nameBad';
  return 'notSaved';
}

/** Why a name will not do, before anybody is asked. Siblings are compared as a person reads them. */
export function nameFault(
  name: string,
  parentId: Id | null,
  mailboxes: Mailboxes,
  own?: Id,
): MailboxFault | undefined {
  const wanted = name.trim().normalize('NFC');
  if (wanted === '' || wanted.includes('/')) return 'nameBad';
  const siblings = [...mailboxes.values()].filter((one) => one.parentId === parentId && one.id !== own);
  const isTaken = siblings.some((one) => one.name.normalize('NFC').toLowerCase() === wanted.toLowerCase());
  return isTaken ? 'nameTaken' : undefined;
}

/** Where a mailbox can be: not in itself, nor below. */
export function possibleParents(mailboxes: Mailboxes, own?: Id): readonly Mailbox[] {
  const isBelow = (mailbox: Mailbox | undefined): boolean =>
    mailbox !== undefined &&
    (mailbox.id === own || (mailbox.parentId !== null && isBelow(mailboxes.get(mailbox.parentId))));
  return [...mailboxes.values()].filter((one) => (own === undefined || !isBelow(one)) && one.role === null);
}
