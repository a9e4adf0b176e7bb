/** What the owner of a shard asks of the thread that makes its packs (`pack-worker.ts`), and what it answers. */
import type { StoreErrorCode } from '../../../mailbox/port/store.ts';

export interface PackWorkerData {
  /** The database, read and never written to. */
  readonly path: string;
  readonly segments: string;
  readonly packs: string;
  /** Sleeps as long as it works. */
  readonly isGentle: boolean;
  /** Breaks the store; for the test that proves that the power-cut test sees it. */
  readonly isUnsynced: boolean;
}

export type PackRequest =
  | {
      readonly kind: 'pack';
      /** The number of the pack that is made. */
      readonly pack: number;
      readonly createdMs: number;
      /** Emails behind this one. */
      readonly after: number;
      /** Blobs with a number up to this one. */
      readonly upTo: number;
      /** Numbers for new parts. */
      readonly parts: { readonly first: number; readonly count: number };
    }
  | {
      readonly kind: 'rewrite';
      readonly pack: number;
      readonly createdMs: number;
      readonly from: readonly number[];
    }
  /** The next steps of what began with the first such request of a pass. */
  | { readonly kind: 'facts'; readonly nowMs: number; readonly takesNew: boolean }
  | { readonly kind: 'survey'; readonly upTo: number };

/** A blob that is in the pack, and comes out of it as it should. */
export interface Move {
  readonly blob: number;
  /** Where it was: only from there is it moved. */
  readonly from: Place;
  readonly frame: number;
  readonly offset: number;
  /** One for each place where it needs one, in order; of a rewritten pack they are known already. */
  readonly parts: readonly number[];
}

export interface Place {
  readonly kind: number;
  readonly segment: number;
  readonly offset: number;
}

export interface NewPart {
  readonly blob: number;
  readonly sizeBytes: number;
  readonly crc32: number;
  readonly hash: Uint8Array;
  readonly frame: number;
  readonly offset: number;
}

/** A pack is there, or there was nothing to put into one. */
export interface Packed {
  readonly kind: 'packed';
  readonly moves: readonly Move[];
  readonly parts: readonly NewPart[];
  /** The last email that was looked at; undefined when there are no more. */
  readonly after: number | undefined;
  /** Of the messages, before and after. */
  readonly mailBytes: number;
  readonly fileBytes: number;
}

/** A block of facts (`fact-block.ts`) that is to be a row, and the emails that are to name it. */
export interface MadeBlock {
  readonly key: number;
  /** In its account. */
  readonly number: number;
  readonly madeMs: number;
  /** Before they were compressed. */
  readonly bytes: number;
  readonly sum: number;
  readonly wire: Uint8Array;
  readonly listing: Uint8Array;
  readonly search: Uint8Array;
  readonly moves: readonly FactMove[];
}

/** Facts are known again by their length and their checksum. */
interface Sealed {
  readonly length: number;
  readonly sum: number;
}

export interface FactMove {
  readonly email: number;
  /** Where its facts were: only from there are they moved. */
  readonly from:
    | { readonly kind: 'row'; readonly facts: Sealed; readonly derived: Sealed | undefined }
    | { readonly kind: 'block'; readonly block: number };
}

export type FactStep =
  | { readonly kind: 'made'; readonly made: MadeBlock }
  /** Keys of blocks that no email names once the steps before are done. */
  | { readonly kind: 'gone'; readonly gone: readonly number[] };

export interface FactSteps {
  readonly kind: 'facts';
  readonly steps: readonly FactStep[];
  readonly isOver: boolean;
}

export interface PackSurvey {
  readonly pack: number;
  readonly createdMs: number;
  readonly fileBytes: number;
  readonly entries: number;
  readonly live: number;
  /** Of the octets of its entries, those that nobody needs any more: 0 to 1. */
  readonly deadShare: number;
}

export interface Survey {
  readonly kind: 'survey';
  readonly packs: readonly PackSurvey[];
  /** Blobs that are in no pack, and those of them up to the number that was asked about. */
  readonly unpacked: Amount;
  readonly due: Amount;
  /** Blobs in packs, as large as they are outside. */
  readonly packed: Amount;
}

export interface Amount {
  readonly blobs: number;
  readonly bytes: number;
}

export type PackReply =
  | Packed
  | FactSteps
  | Survey
  | { readonly kind: 'failed'; readonly message: string; readonly code: StoreErrorCode };
