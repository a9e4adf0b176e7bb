/**
 * Drafts that only this browser has, of pages that are closed or were killed: they come to the account, where all devices have them. One that
 * is open somewhere is its page's own business, which holds a lock of its name.
 */
import type { JmapClient } from '../sync/jmap-client.ts';
import { type Draft, isEmpty, wholeHtml } from './draft.ts';
import { DraftKeeper } from './draft-keeper.ts';
import { draftLock } from './draft-lock.ts';
import { htmlText } from './html-text.ts';
import type { KeptDraft } from './local-drafts.ts';

export interface SweepParts {
  readonly client: Pick<JmapClient, 'call'>;
  readonly drafts: () => string | undefined;
  readonly all: () => Promise<readonly KeptDraft[]>;
  readonly remove: (key: string) => Promise<void>;
  readonly locks: Pick<LockManager, 'request'> | undefined;
  readonly nowMs: () => number;
}

/** How many came to the account. */
export async function sweepDrafts(parts: SweepParts): Promise<number> {
  let count = 0;
  for (const kept of await parts.all()) {
    const sweep = async (): Promise<void> => {
      // It may have been sent, or gone on with, since the list was read.
      const now = (await parts.all()).find(({ key }) => key === kept.key);
      if (now === undefined) return;
      const isNew = !(now.isSaved ?? false) && !isEmpty(now.draft);
      if (isNew && !(await saved(now, parts))) return;
      await parts.remove(now.key);
      if (isNew) count++;
    };
    if (parts.locks === undefined) await sweep();
    else
      await parts.locks.request(draftLock(kept.key), { ifAvailable: true }, (lock) =>
        lock === null ? undefined : sweep(),
      );
  }
  return count;
}

async function saved({ draft, serverId }: KeptDraft, parts: SweepParts): Promise<boolean> {
  const { client, drafts, nowMs } = parts;
  const keeper = new DraftKeeper(
    draft,
    {
      ...{ client, drafts, nowMs, store: undefined },
      wholeText: (one: Draft) => htmlText(wholeHtml(one)),
      sleep: () => new Promise(() => {}),
    },
    { serverId, isResumed: true },
  );
  keeper.change({});
  await keeper.save();
  const { kind } = keeper.state.peek();
  await keeper.end();
  return kind === 'everywhere';
}
