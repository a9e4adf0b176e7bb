/**
 * A copy of what is stored, each part of it as of one moment, that stays as it is while everybody reads and writes on: for whoever carries it
 * elsewhere. It lies in the data folder and takes little room, for what never changes is in it under a second name.
 */
export interface Snapshots {
  /** Anew, of what this process holds. Throws `full`. It stays until `release`, or until ten minutes after the last `keep`. */
  take(): Promise<readonly SnapshotPart[]>;
  keep(): Promise<void>;
  release(): Promise<void>;
}

/** Of one part of the store. */
export interface SnapshotPart {
  /** Where it lies in the data folder, and where that lies of which it is a copy: `shard-00/snapshot`, `shard-00`. */
  readonly folder: string;
  readonly of: string;
  /** Files that should be there and are not: what they held was lost before. */
  readonly missing: readonly string[];
}

/** Of a store that keeps nothing. */
export const NO_SNAPSHOTS: Snapshots = Object.freeze({
  take: async () => [],
  keep: async () => {},
  release: async () => {},
});
