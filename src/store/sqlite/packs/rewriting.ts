/** Which packs are made anew: what is dead in them has to go, or they are many and small. */
import { PACK_BYTES } from './format.ts';
import type { PackSurvey } from './pack-work.ts';

/** What is dead in a pack is gone after that, and no pack is rewritten for it more often. */
export const FORGET_MS = 7 * 24 * 3600_000;
/** Earlier, when so much of it is dead. */
export const MOST_DEAD = 0.4;
/** So many packs of an eighth of their size or less become one. */
const MOST_SMALL = 16;
const SMALL_BYTES = PACK_BYTES / 8;

/** In groups of which each becomes one pack. `isGentle`: only what has to be now. */
export function chosen(
  packs: readonly PackSurvey[],
  nowMs: number,
  isGentle: boolean,
): readonly (readonly PackSurvey[])[] {
  const small = packs.filter(({ fileBytes }) => fileBytes <= SMALL_BYTES);
  const areMany = small.length >= MOST_SMALL;
  const wanted = packs.filter(({ createdMs, entries, live, deadShare, fileBytes }) => {
    if (areMany && fileBytes <= SMALL_BYTES) return true;
    if (live >= entries) return false;
    return !isGentle || deadShare >= MOST_DEAD || Math.abs(nowMs - createdMs) >= FORGET_MS;
  });
  const groups: PackSurvey[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const pack of wanted) {
    if (bytes + pack.fileBytes > PACK_BYTES) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(pack);
    bytes += pack.fileBytes;
  }
  return groups;
}
