/** Results before and after a change as what a client is told of it (RFC 5267 §4.3.3, §4.3.4). Pure. */

/** Numbers in the order of the result, from this position on; 0 where the result is in the order of the mailbox. */
export interface Insertion {
  readonly position: number;
  readonly uids: readonly number[];
}

/** What of `uids` goes, from the end on, so that no removal moves another; and what is left. */
export function removals(
  uids: Uint32Array,
  gone: ReadonlySet<number>,
  isSorted: boolean,
): { readonly pairs: readonly Insertion[]; readonly left: Uint32Array } {
  const left = uids.filter((uid) => !gone.has(uid));
  if (!isSorted) {
    const removed = [...uids.filter((uid) => gone.has(uid))];
    return { left, pairs: removed.length === 0 ? [] : [{ position: 0, uids: removed }] };
  }
  return { left, pairs: runsOf(uids, (uid) => gone.has(uid)).reverse() };
}

/** What has to be inserted, in order, to make `before` of `after`; undefined when what was there has another order. */
export function additions(before: Uint32Array, after: Uint32Array): readonly Insertion[] | undefined {
  const known = new Set(before);
  let at = 0;
  for (const uid of after) if (known.has(uid) && before[at++] !== uid) return undefined;
  return at === before.length ? runsOf(after, (uid) => !known.has(uid)) : undefined;
}

function runsOf(uids: Uint32Array, isMember: (uid: number) => boolean): Insertion[] {
  const runs: { position: number; uids: number[] }[] = [];
  uids.forEach((uid, i) => {
    if (!isMember(uid)) return;
    const last = runs.at(-1);
    if (last !== undefined && last.position + last.uids.length === i + 1) last.uids.push(uid);
    else runs.push({ position: i + 1, uids: [uid] });
  });
  return runs;
}
