/**
 * What the browser keeps of an account, on a device that is the person's own and on no other: in one database of IndexedDB, which
 * belongs to one account at a time. Whoever else signs in finds it empty. A tab in which somebody else is still signed in writes
 * nothing any more: each write looks whose the database is, in the same transaction.
 */

/** `facts` by name, the others by the key that they carry. */
export type Area = 'facts' | 'texts' | 'queue' | 'outbox' | 'drafts';

const NAME = 'brevduva';
const VERSION = 1;
const AREAS: Readonly<Record<Area, IDBObjectStoreParameters>> = {
  facts: {},
  texts: { keyPath: 'id' },
  queue: { keyPath: 'key', autoIncrement: true },
  outbox: { keyPath: 'id' },
  drafts: { keyPath: 'key' },
};
const OWNER = 'owner';

export class Kept {
  readonly #database: IDBDatabase;
  readonly #owner: string;

  private constructor(database: IDBDatabase, owner: string) {
    this.#database = database;
    this.#owner = owner;
  }

  /** What was another account's is gone when it resolves. */
  static async open(factory: IDBFactory, owner: string): Promise<Kept> {
    const database = await opened(factory);
    const names = Object.keys(AREAS) as Area[];
    const change = database.transaction(names, 'readwrite');
    const facts = change.objectStore('facts');
    if ((await resultOf(facts.get(OWNER))) !== owner) {
      for (const name of names) change.objectStore(name).clear();
      facts.put(owner, OWNER);
    }
    await done(change);
    return new Kept(database, owner);
  }

  /** Without making it this account's: what is written is written only as long as it is. */
  static async join(factory: IDBFactory, owner: string): Promise<Kept> {
    return new Kept(await opened(factory), owner);
  }

  /** Rejects when the database has become somebody else's, as everything here does: what is in it is not this account's. */
  async read<T>(area: Area, key: IDBValidKey): Promise<T | undefined> {
    return (await this.#asked(area, (store) => store.get(key))) as T | undefined;
  }

  async all<T>(area: Area): Promise<readonly T[]> {
    return (await this.#asked(area, (store) => store.getAll())) as T[];
  }

  /** Whose it is and what is in it, of one moment. */
  async #asked(area: Area, ask: (store: IDBObjectStore) => IDBRequest): Promise<unknown> {
    const reading = this.#database.transaction([...new Set<Area>([area, 'facts'])]);
    const [owner, found] = await Promise.all([
      resultOf(reading.objectStore('facts').get(OWNER)),
      resultOf(ask(reading.objectStore(area))),
    ]);
    if (owner !== this.#owner) throw new Error('the database is of another account');
    return found;
  }

  /** Rejects when it is full, too. */
  async put(area: Area, value: unknown, name?: string): Promise<IDBValidKey> {
    let key: IDBValidKey = '';
    await this.change([area], async (store) => {
      key = await resultOf(store(area).put(value, name));
    });
    return key;
  }

  async remove(area: Area, key: IDBValidKey): Promise<void> {
    await this.change([area], async (store) => {
      await resultOf(store(area).delete(key));
    });
  }

  /** All of it or nothing. Only what the store itself answers may be awaited within. */
  async change(
    areas: readonly Area[],
    run: (store: (area: Area) => IDBObjectStore) => Promise<void>,
  ): Promise<void> {
    const change = this.#database.transaction([...new Set<Area>([...areas, 'facts'])], 'readwrite');
    const ended = done(change);
    ended.catch(() => {});
    if ((await resultOf(change.objectStore('facts').get(OWNER))) !== this.#owner) {
      change.abort();
      throw new Error('the database is of another account');
    }
    await run((area) => change.objectStore(area));
    await ended;
  }

  close(): void {
    this.#database.close();
  }
}

/** A fact of whoever it belongs to: for a start without a network, when nobody can be asked who is signed in. */
export async function keptFact<T>(factory: IDBFactory, name: string): Promise<T | undefined> {
  const database = await opened(factory);
  try {
    return (await resultOf(database.transaction('facts').objectStore('facts').get(name))) as T | undefined;
  } finally {
    database.close();
  }
}

export async function forgetAll(factory: IDBFactory): Promise<void> {
  await resultOf(factory.deleteDatabase(NAME));
}

export function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function opened(factory: IDBFactory): Promise<IDBDatabase> {
  const opening = factory.open(NAME, VERSION);
  opening.onupgradeneeded = () => {
    for (const [name, how] of Object.entries(AREAS)) opening.result.createObjectStore(name, how);
  };
  const database = await resultOf(opening);
  // Another tab forgets everything, or is of a later version: nobody waits for this one.
  database.onversionchange = () => database.close();
  return database;
}

function done(change: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    change.oncomplete = () => resolve();
    change.onabort = () => reject(change.error ?? new Error('not kept'));
  });
}
