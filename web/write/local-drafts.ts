/**
 * Drafts in the browser's own storage, on a device that is the person's own: each under the address of the page that it is written on, so
 * that a page that was closed or killed has it when it is opened again.
 */
import type { Draft } from './draft.ts';
import type { DraftStore } from './draft-keeper.ts';

export interface KeptDraft {
  readonly key: string;
  readonly draft: Draft;
  readonly serverId: string | undefined;
  readonly atMs: number;
}

export interface LocalDrafts extends DraftStore {
  /** Under this address, or of this version that the account has. */
  find(key: string, serverId: string | undefined): Promise<KeptDraft | undefined>;
}

const DATABASE = 'brevduva-drafts';
const STORE = 'drafts';
/** What nobody came back to. */
const MAX_AGE_MS = 30 * 86_400_000;

export async function openLocalDrafts(factory: IDBFactory, account: string): Promise<LocalDrafts> {
  const opening = factory.open(`${DATABASE}-${account}`, 1);
  opening.onupgradeneeded = () => void opening.result.createObjectStore(STORE, { keyPath: 'key' });
  const database = await resultOf(opening);
  const store = (mode: IDBTransactionMode): IDBObjectStore =>
    database.transaction(STORE, mode).objectStore(STORE);
  const drafts: LocalDrafts = {
    async put(draft, serverId) {
      await resultOf(
        store('readwrite').put({ key: draft.key, draft, serverId, atMs: Date.now() } as KeptDraft),
      );
    },
    async remove(key) {
      await resultOf(store('readwrite').delete(key));
    },
    async find(key, serverId) {
      const all = (await resultOf(store('readonly').getAll())) as KeptDraft[];
      for (const { key: old, atMs } of all) if (atMs < Date.now() - MAX_AGE_MS) await drafts.remove(old);
      return all.find((one) =>
        serverId === undefined ? one.key === key : one.serverId === serverId || one.key === key,
      );
    },
  };
  return drafts;
}

function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
