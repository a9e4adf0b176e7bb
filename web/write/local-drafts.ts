/**
 * Drafts in the browser's own storage, on a device that is the person's own: each under the address of the page that it is written on, so
 * that a page that was closed or killed has it when it is opened again.
 */
import type { Kept } from '../keep/database.ts';
import type { Draft } from './draft.ts';
import type { DraftStore } from './draft-keeper.ts';

export interface KeptDraft {
  readonly key: string;
  readonly draft: Draft;
  readonly serverId: string | undefined;
  readonly atMs: number;
  /** The account has this version. */
  readonly isSaved?: boolean;
  /** It was to be sent, and waited for the server. */
  readonly wasWaiting?: boolean;
}

export interface LocalDrafts extends DraftStore {
  /** Under this address, or of this version that the account has. */
  find(key: string, serverId: string | undefined): Promise<KeptDraft | undefined>;
}

export function localDrafts(kept: Pick<Kept, 'all' | 'put' | 'remove'>): LocalDrafts {
  const drafts: LocalDrafts = {
    async put(draft, serverId, isSaved) {
      const row: KeptDraft = { key: draft.key, draft, serverId, atMs: Date.now(), isSaved };
      await kept.put('drafts', row);
    },
    remove: (key) => kept.remove('drafts', key),
    async find(key, serverId) {
      const all = await kept.all<KeptDraft>('drafts');
      return all.find((one) =>
        serverId === undefined ? one.key === key : one.serverId === serverId || one.key === key,
      );
    },
  };
  return drafts;
}
