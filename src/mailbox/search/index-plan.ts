/** What is to be done about the index of an account: which emails get a new segment, and which segments go for it. Pure, but that it waits. */
import { TimeSlice } from '../../base/time-slice.ts';
import type { NamedSegment, Segments } from '../text-index/text-index.ts';

/** So many that are in no segment, and it is worth one: searches read fewer by themselves. */
export const LEAST_NEW = 500;
/** A small segment; so many of them become one. */
const SMALL = 4096;
const MOST_SMALL = 8;
/** A segment goes when this part of its emails is gone … */
const DEAD_SHARE = 0.25;
/** … and when it is so old and one is gone: what was deleted is not kept for longer. */
const FORGET_MS = 7 * 24 * 60 * 60_000;

export interface IndexPlan {
  /** Ascending. */
  readonly emails: Uint32Array;
  readonly replaced: Segments;
}

/**
 * `alive`: ascending. What takes the place of segments comes first, and by itself: it needs no more room than they have. Emails that are in
 * none are for when there is nothing to replace, and only where the index `hasRoom`. Undefined when all is well.
 */
export async function planOf(
  segments: Segments,
  alive: Uint32Array,
  { nowMs, hasRoom }: { readonly nowMs: number; readonly hasRoom: boolean },
): Promise<IndexPlan | undefined> {
  const last = alive.at(-1) ?? 0;
  const state = new Uint8Array(last + 1);
  for (const email of alive) state[email] = ALIVE;
  const slice = new TimeSlice();
  const replaced: NamedSegment[] = [];
  const small: NamedSegment[] = [];
  for (const one of segments) {
    const { emails } = one.segment;
    let dead = 0;
    for (const email of emails) {
      if (state[email] === ALIVE) state[email] = KNOWN;
      else dead++;
    }
    const isOld = nowMs - one.writtenMs > FORGET_MS;
    if (dead > 0 && (isOld || dead > emails.length * DEAD_SHARE)) replaced.push(one);
    else if (emails.length < SMALL) small.push(one);
    const rest = slice.spent();
    if (rest !== undefined) await rest;
  }
  if (small.length >= MOST_SMALL) replaced.push(...small);
  for (const { segment } of replaced)
    for (const email of segment.emails) if (state[email] === KNOWN) state[email] = AGAIN;
  if (replaced.length > 0) return { emails: alive.filter((email) => state[email] === AGAIN), replaced };
  const emails = hasRoom ? alive.filter((email) => state[email] === ALIVE) : NO_EMAILS;
  return emails.length < LEAST_NEW ? undefined : { emails, replaced };
}

const NO_EMAILS = new Uint32Array(0);
const ALIVE = 1;
const KNOWN = 2;
const AGAIN = 3;
