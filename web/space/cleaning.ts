/**
 * Moves all mail that a filter fits to the Trash, exactly that and not the conversations it is in, a slice at a time; and puts it back where
 * it was. Asked of the server, for most of it the page does not know.
 */
import type { JmapClient } from '../sync/jmap-client.ts';
import type { Filter, Id } from '../sync/model.ts';

type Places = Readonly<Record<Id, true>>;

interface Placed {
  readonly id: Id;
  readonly mailboxIds: Places;
}

interface SetAnswer {
  readonly updated?: Readonly<Record<Id, unknown>> | null;
}

const SLICE = 500;

export class Cleaning {
  readonly #client: Pick<JmapClient, 'call'>;
  readonly #trash: Id;
  /** Where everything was that has been moved. */
  readonly #moved = new Map<Id, Places>();

  constructor(client: Pick<JmapClient, 'call'>, trash: Id) {
    this.#client = client;
    this.#trash = trash;
  }

  get moved(): number {
    return this.#moved.size;
  }

  async count(filter: Filter): Promise<number> {
    const { total } = await this.#client.call<{ readonly total: number }>('Email/query', {
      ...{ filter, limit: 1, calculateTotal: true },
    }).result;
    return total;
  }

  /** Rejects as the client does; what is moved by then is in `moved` and can be put back. */
  async clean(filter: Filter, onMoved: () => void = () => {}): Promise<void> {
    for (;;) {
      const { ids } = await this.#client.call<{ readonly ids: readonly Id[] }>('Email/query', {
        ...{ filter, limit: SLICE },
      }).result;
      if (ids.length === 0 || (await this.cleanThese(ids)) === 0) return;
      onMoved();
    }
  }

  /** How many of them have gone. */
  async cleanThese(ids: readonly Id[]): Promise<number> {
    const { list } = await this.#client.call<{ readonly list: readonly Placed[] }>('Email/get', {
      ...{ ids, properties: ['mailboxIds'] },
    }).result;
    const places = new Map(list.map((one) => [one.id, one.mailboxIds]));
    const gone = await this.#place(places.keys(), () => ({ [this.#trash]: true }));
    for (const id of gone) this.#moved.set(id, places.get(id) ?? {});
    return gone.length;
  }

  /** `nowIs`: of a mailbox that has gone and was made anew. */
  async undo(nowIs: (mailbox: Id) => Id = (mailbox) => mailbox): Promise<void> {
    const ids = [...this.#moved.keys()];
    const places = (id: Id): Places =>
      Object.fromEntries(Object.keys(this.#moved.get(id) ?? {}).map((one) => [nowIs(one), true]));
    for (let at = 0; at < ids.length; at += SLICE) await this.#place(ids.slice(at, at + SLICE), places);
  }

  async #place(ids: Iterable<Id>, placesOf: (id: Id) => Places): Promise<Id[]> {
    const update = Object.fromEntries([...ids].map((id) => [id, { mailboxIds: placesOf(id) }]));
    const { updated } = await this.#client.call<SetAnswer>('Email/set', { update }).result;
    return Object.keys(updated ?? {});
  }
}
