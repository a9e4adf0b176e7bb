/** Everything that is kept of an account on a device of one's own, at its place in the browser. Loaded only there. */
import type { ActionLog } from '../sync/action-log.ts';
import { Kept } from './database.ts';
import { keptLog } from './kept-log.ts';
import { KeptTexts } from './kept-texts.ts';
import { isSnapshot, type Snapshot, type SnapshotParts, snapshotOf } from './snapshot.ts';

/** `session`: who is signed in; `jmap`: where the server is asked; `identities`: as whom one may write; `told`: mail of which was told by a notification. */
export type Fact = 'session' | 'jmap' | 'identities' | 'snapshot' | 'told' | 'push';

export class Keeping {
  readonly kept: Kept;
  readonly texts: KeptTexts;
  readonly log: ActionLog;

  constructor(kept: Kept) {
    this.kept = kept;
    this.texts = new KeptTexts(kept, () => Date.now());
    this.log = keptLog(kept, {
      locks: navigator.locks,
      channel: typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('brevduva-queue'),
    });
  }

  fact<T>(name: Fact): Promise<T | undefined> {
    return this.kept.read<T>('facts', name).catch(() => undefined);
  }

  /** What cannot be kept is not kept. */
  async keepFact(name: Fact, value: unknown): Promise<void> {
    await this.kept.put('facts', value, name).catch(() => undefined);
  }

  async snapshot(): Promise<Snapshot | undefined> {
    const found = await this.fact<unknown>('snapshot');
    return isSnapshot(found) ? found : undefined;
  }

  keepSnapshot(parts: SnapshotParts): Promise<void> {
    return this.keepFact('snapshot', snapshotOf(parts));
  }

  close(): void {
    this.kept.close();
  }
}

/** Undefined: the browser keeps nothing. */
export async function openKeeping(account: string): Promise<Keeping | undefined> {
  try {
    return new Keeping(await Kept.open(indexedDB, account));
  } catch {
    return undefined;
  }
}
