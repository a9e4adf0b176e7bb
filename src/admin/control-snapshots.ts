/** `Snapshots` through the control socket; and of several processes, at all of them. */
import type { SnapshotPart, Snapshots } from '../mailbox/port/snapshots.ts';
import { on, type Route } from './route.ts';

type Json = <T>(method: string, path: string) => Promise<T>;

const PATH = '/v1/snapshot';

export function snapshotsOver(json: Json): Snapshots {
  return {
    take: async () => (await json<{ parts: readonly SnapshotPart[] }>('POST', PATH)).parts,
    keep: async () => void (await json('PATCH', PATH)),
    release: async () => void (await json('DELETE', PATH)),
  };
}

/** `everybody`: whoever writes the accounts first. */
export function sharedSnapshots(
  everybody: () => Promise<readonly { readonly snapshots: Snapshots }[]>,
): Snapshots {
  return {
    async take() {
      const parts: SnapshotPart[] = [];
      // The accounts come last; see `store/sqlite/snapshot/`.
      for (const { snapshots } of (await everybody()).toReversed()) parts.push(...(await snapshots.take()));
      return parts;
    },
    keep: async () => void (await Promise.all((await everybody()).map(({ snapshots }) => snapshots.keep()))),
    release: async () =>
      void (await Promise.all((await everybody()).map(({ snapshots }) => snapshots.release()))),
  };
}

export const SNAPSHOT_ROUTES: readonly Route[] = Object.freeze([
  on('POST', PATH, async ({ admin }) => ({ json: { parts: await admin.snapshots.take() } })),
  on('PATCH', PATH, async ({ admin }) => ({ json: await admin.snapshots.keep() })),
  on('DELETE', PATH, async ({ admin }) => ({ json: await admin.snapshots.release() })),
]);
