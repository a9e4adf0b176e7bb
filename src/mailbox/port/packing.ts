/** How a store keeps the octets of older mail: packed into less room, in the background, and never in the way of anybody. */
export interface Packing {
  /** Packs all mail at once, whatever its age, and lets go of what nobody needs any more. Throws `full` where there is no room for that. */
  compact(): Promise<PackingReport>;
  status(): Promise<PackingStatus>;
}

export interface PackingReport {
  /** Messages that were packed, and what they took before and take now. */
  readonly blobs: number;
  readonly mailBytes: number;
  readonly fileBytes: number;
  /** Packs that are gone, because nothing in them was needed or what was is in others. */
  readonly removed: number;
}

export interface Octets {
  readonly blobs: number;
  /** As they are outside of packs. */
  readonly bytes: number;
}

export interface PackingStatus {
  /** The age from which on mail is packed; undefined when it is not. */
  readonly afterMs: number | undefined;
  /** Files, what they take, and how much of that nobody needs any more. */
  readonly packs: number;
  readonly packBytes: number;
  readonly deadBytes: number;
  readonly packed: Octets;
  readonly unpacked: Octets;
  /** Of what is not packed, what is old enough. */
  readonly due: Octets;
}

export const NOTHING_PACKED: PackingReport = Object.freeze({
  blobs: 0,
  mailBytes: 0,
  fileBytes: 0,
  removed: 0,
});
const NONE: Octets = Object.freeze({ blobs: 0, bytes: 0 });

/** Of a store that packs nothing. */
export const NO_PACKING: Packing = Object.freeze({
  compact: async () => NOTHING_PACKED,
  status: async () => ({
    afterMs: undefined,
    packs: 0,
    packBytes: 0,
    deadBytes: 0,
    packed: NONE,
    unpacked: NONE,
    due: NONE,
  }),
});

export function sumOfReports(a: PackingReport, b: PackingReport): PackingReport {
  return {
    blobs: a.blobs + b.blobs,
    mailBytes: a.mailBytes + b.mailBytes,
    fileBytes: a.fileBytes + b.fileBytes,
    removed: a.removed + b.removed,
  };
}

/** Of parts of one store. */
export function sumOfStatus(a: PackingStatus, b: PackingStatus): PackingStatus {
  return {
    afterMs: a.afterMs,
    packs: a.packs + b.packs,
    packBytes: a.packBytes + b.packBytes,
    deadBytes: a.deadBytes + b.deadBytes,
    packed: sumOfOctets(a.packed, b.packed),
    unpacked: sumOfOctets(a.unpacked, b.unpacked),
    due: sumOfOctets(a.due, b.due),
  };
}

function sumOfOctets(a: Octets, b: Octets): Octets {
  return { blobs: a.blobs + b.blobs, bytes: a.bytes + b.bytes };
}
