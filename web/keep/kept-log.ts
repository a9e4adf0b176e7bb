/** What waits to be sent, in the browser's database: it outlives the page, and all tabs have one of it. */
import type { ActionLog, News, Waiting } from '../sync/action-log.ts';
import type { Kept } from './database.ts';

export interface LogParts {
  /** Absent in browsers without: then nobody is kept out. */
  readonly locks: Pick<LockManager, 'request'> | undefined;
  readonly channel: Pick<BroadcastChannel, 'postMessage' | 'addEventListener' | 'close'> | undefined;
}

interface Row extends Waiting {
  /** Of the database, rising. */
  readonly key: number;
}

const LOCK = 'brevduva-queue';

export function keptLog(kept: Pick<Kept, 'all' | 'put' | 'remove'>, { locks, channel }: LogParts): ActionLog {
  const keys = new Map<string, IDBValidKey>();
  const all = async (): Promise<readonly Waiting[]> => {
    const rows = await kept.all<Row>('queue');
    for (const { id, key } of rows) keys.set(id, key);
    return rows.map(({ id, action, undo, lay }) => ({ id, action, undo, lay }));
  };
  return {
    all,
    async add(waiting) {
      keys.set(waiting.id, await kept.put('queue', waiting));
    },
    async remove(id) {
      if (!keys.has(id)) await all();
      const key = keys.get(id);
      if (key !== undefined) await kept.remove('queue', key);
      keys.delete(id);
    },
    alone: async <T>(run: () => Promise<T>): Promise<T> => {
      if (locks === undefined) return run();
      return (await locks.request(LOCK, run)) as T;
    },
    tell: (news) => channel?.postMessage(news),
    hear: (run) => channel?.addEventListener('message', ({ data }) => run(data as News)),
    close: () => channel?.close(),
  };
}
