/**
 * Step 5 of THREAD=REFERENCES (RFC 5256 §3): conversations that have the same base subject become one.
 */

import type { Pause } from '../../base/time-slice.ts';
import type { Thread } from './conversation.ts';

const STEP_MASK = 255;

/** The roots come in the order of step 4, and go as they are merged. */
export async function gatherSubjects(roots: readonly Thread[], pause: Pause): Promise<Thread[]> {
  const table = new Map<string, Thread>();
  let step = 0;
  for (const root of roots) {
    const subject = subjectOf(root);
    const known = subject === '' ? undefined : table.get(subject);
    if (subject !== '' && (known === undefined || isBetter(root, known))) table.set(subject, root);
    const resting = (++step & STEP_MASK) === 0 ? pause() : undefined;
    if (resting !== undefined) await resting;
  }
  const merged = new Set<Thread>();
  const made: Thread[] = [];
  for (const root of roots) {
    const subject = subjectOf(root);
    const known = subject === '' ? undefined : table.get(subject);
    const resting = (++step & STEP_MASK) === 0 ? pause() : undefined;
    if (resting !== undefined) await resting;
    if (known === undefined || known === root) continue;
    merged.add(root);
    if (known.message === undefined) {
      if (root.message === undefined) for (const child of root.children) known.children.push(child);
      else known.children.push(root);
    } else if (isReply(root) && !isReply(known)) known.children.push(root);
    else {
      const both: Thread = { message: undefined, children: [known, root] };
      merged.add(known);
      made.push(both);
      table.set(subject, both);
    }
  }
  const left: Thread[] = [];
  for (const root of roots) {
    if (!merged.has(root)) left.push(root);
    const resting = (++step & STEP_MASK) === 0 ? pause() : undefined;
    if (resting !== undefined) await resting;
  }
  for (const both of made) left.push(both);
  return left;
}

/** Of a place without a message, its first child's: that is the one sent first. */
function subjectOf({ message, children }: Thread): string {
  if (message !== undefined) return message.subject;
  let first = children[0];
  for (const child of children) {
    const [one, other] = [child.message, first?.message];
    if (
      one !== undefined &&
      other !== undefined &&
      (one.sent < other.sent || (one.sent === other.sent && one.row < other.row))
    )
      first = child;
  }
  return first?.message?.subject ?? '';
}

/** Step 5.B.iv. */
function isBetter(root: Thread, known: Thread): boolean {
  if (known.message === undefined) return false;
  return root.message === undefined || (isReply(known) && !isReply(root));
}

function isReply({ message }: Thread): boolean {
  return message?.isReply === true;
}
