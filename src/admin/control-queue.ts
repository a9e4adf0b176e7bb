/** `QueueAdmin` of a running server, through its control socket; and of several processes, each of which has its part. */
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountId } from '../mailbox/model/model.ts';
import { outgoingAccount, parseOutgoingId } from '../mailbox/model/outgoing.ts';
import {
  MOST_NAMED,
  type QueueAdmin,
  type QueueChange,
  type QueueChanged,
  type QueuedInFull,
  type QueuedMessage,
  type QueueEvent,
  type QueuePage,
  type QueueState,
} from './queue-admin.ts';

/** The control socket, as far as it is needed here. */
export interface QueueWire {
  json<T>(method: string, path: string, body?: object): Promise<T>;
}

export class ControlQueue implements QueueAdmin {
  readonly #wire: QueueWire;

  constructor(wire: QueueWire) {
    this.#wire = wire;
  }

  async list(page: QueuePage): Promise<readonly QueuedMessage[]> {
    return (await this.#wire.json<{ messages: QueuedMessage[] }>('POST', '/v1/queue/list', page)).messages;
  }

  async find(id: string): Promise<QueuedInFull | undefined> {
    return (await this.#wire.json<{ message?: QueuedInFull }>('GET', `/v1/queue/messages/${id}`)).message;
  }

  async events(id: string): Promise<readonly QueueEvent[]> {
    return (await this.#wire.json<{ events: QueueEvent[] }>('GET', `/v1/queue/events/${id}`)).events;
  }

  change(change: QueueChange): Promise<QueueChanged> {
    return this.#wire.json('POST', '/v1/queue/change', change);
  }

  state(): Promise<QueueState> {
    return this.#wire.json('GET', '/v1/queue');
  }

  async setPaused(isPaused: boolean): Promise<void> {
    await this.#wire.json('PATCH', '/v1/queue', { isPaused });
  }
}

type HasQueue = { readonly queue: QueueAdmin };

export interface SharedQueueParts {
  /** Throws `unavailable` while one of them is gone. */
  everybody(): Promise<readonly HasQueue[]>;
  holderOf(address: string): Promise<HasQueue>;
  /** Throws `nonexistent`. */
  holderOfNumber(account: AccountId): Promise<HasQueue>;
}

/** Each process sends the mail of the accounts that it holds. */
export class SharedQueue implements QueueAdmin {
  readonly #parts: SharedQueueParts;

  constructor(parts: SharedQueueParts) {
    this.#parts = parts;
  }

  async list(page: QueuePage): Promise<readonly QueuedMessage[]> {
    if (page.account !== undefined) return (await this.#parts.holderOf(page.account)).queue.list(page);
    const pages = await this.#all((queue) => queue.list(page));
    const all = pages.flat().sort((a, b) => (parseOutgoingId(a.id) ?? 0) - (parseOutgoingId(b.id) ?? 0));
    return all.slice(0, page.limit);
  }

  async find(id: string): Promise<QueuedInFull | undefined> {
    const number = parseOutgoingId(id);
    if (number === undefined) return undefined;
    return (await this.#parts.holderOfNumber(outgoingAccount(number))).queue.find(id);
  }

  async events(id: string): Promise<readonly QueueEvent[]> {
    const number = parseOutgoingId(id);
    if (number === undefined) return [];
    return (await this.#parts.holderOfNumber(outgoingAccount(number))).queue.events(id);
  }

  /** What is not theirs is nothing to the others. */
  async change(change: QueueChange): Promise<QueueChanged> {
    const { account } = change.filter ?? {};
    if (change.ids === undefined && account !== undefined)
      return (await this.#parts.holderOf(account)).queue.change(change);
    const { ids } = change;
    if (ids === undefined) return together(await this.#all((queue) => queue.change(change)));
    const changed: QueueChanged[] = [];
    for (const id of ids) changed.push(await this.#changeOne(change, id));
    return together(changed);
  }

  /** Where nobody holds an account of that number nothing is known of it; the others are none the worse for it. */
  async #changeOne(change: QueueChange, id: string): Promise<QueueChanged> {
    const number = parseOutgoingId(id);
    const unknown: QueueChanged = {
      recipients: 0,
      unchanged: 1,
      messages: [{ id, recipients: 0, why: 'unknown' }],
    };
    if (number === undefined) return unknown;
    try {
      const holder = await this.#parts.holderOfNumber(outgoingAccount(number));
      return await holder.queue.change({ ...change, ids: [id] });
    } catch (error) {
      if (error instanceof MailboxError && error.code === 'nonexistent') return unknown;
      throw error;
    }
  }

  async state(): Promise<QueueState> {
    const all = await this.#all((queue) => queue.state());
    const oldest = all.flatMap(({ oldestMs }) => oldestMs ?? []);
    return {
      messages: sum(all.map(({ messages }) => messages)),
      due: sum(all.map(({ due }) => due)),
      held: sum(all.map(({ held }) => held)),
      isPaused: all.some(({ isPaused }) => isPaused),
      ...(oldest.length === 0 ? {} : { oldestMs: Math.min(...oldest) }),
      destinations: all.flatMap(({ destinations = [] }) => destinations),
    };
  }

  async setPaused(isPaused: boolean): Promise<void> {
    await this.#all((queue) => queue.setPaused(isPaused));
  }

  async #all<T>(ask: (queue: QueueAdmin) => Promise<T>): Promise<readonly T[]> {
    return Promise.all((await this.#parts.everybody()).map(({ queue }) => ask(queue)));
  }
}

function together(changes: readonly QueueChanged[]): QueueChanged {
  return {
    recipients: sum(changes.map(({ recipients }) => recipients)),
    unchanged: sum(changes.map(({ unchanged }) => unchanged)),
    messages: changes.flatMap(({ messages }) => messages).slice(0, MOST_NAMED),
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
