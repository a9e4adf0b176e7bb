/**
 * What belongs to an account beside its mail, object by object: the identities under which its owner writes, what he has submitted to be
 * sent, where its programs and telephones are told of changes, until when mail is put off, what of it waits to leave though nobody is told of that any more, what
 * others have shared with him. The domain keeps them, knows when each was made and changed, and reads those alone that it writes itself
 * (`operations/snooze.ts`, `operations/share-notices.ts`): their values are octets of whoever puts them.
 *
 * One that is gone stays a while without its value, so that whoever was away learns that it went (RFC 8620 §5.2).
 */
import type { ModSeq } from './model.ts';

export const BELONGING_KINDS = [
  ...(['identity', 'submission', 'push', 'snooze', 'departure', 'device', 'share'] as const),
] as const;
export type BelongingKind = (typeof BELONGING_KINDS)[number];

/**
 * Emails have the numbers below. Numbers of their own, since which email is next is part of what clients know of mail (RFC 8620
 * §5.1): it must not move when something else is made.
 */
export const FIRST_BELONGING = 2 ** 31;

export interface BelongingRow {
  /** `FIRST_BELONGING` or above, ascending, each given once; those of older versions are among the numbers of emails. */
  readonly id: number;
  readonly kind: BelongingKind;
  readonly createdModseq: ModSeq;
  readonly modseq: ModSeq;
  /** When it was made, changed or went; milliseconds since 1970. */
  readonly atMs: number;
  /** Undefined of one that is gone. */
  readonly value: Buffer | undefined;
}

export const BELONGING_LIMITS = Object.freeze({ valueBytes: 256 * 1024, perKind: 10_000 });
