/**
 * A conversation as THREAD makes it (RFC 5256 §3), and what of a message decides where it belongs.
 */
import type { Pause } from '../../base/time-slice.ts';

/** A message with those that follow from it; a place without a message holds siblings together. */
export interface Thread {
  /** Undefined: the message that these answer is not here. */
  readonly message: ThreadedMessage | undefined;
  readonly children: Thread[];
}

export interface ThreadedMessage {
  readonly uid: number;
  /** Place among the messages, which ties are broken by. */
  readonly row: number;
  readonly sent: number;
  /** Key of the base subject. */
  readonly subject: string;
  readonly isReply: boolean;
  /** Hash of its id. */
  readonly id: string | undefined;
  /** Hashes of the ids it refers to, the oldest first; of In-Reply-To when it has no References. */
  readonly references: readonly string[];
}

/** Conversations in a row, as THREAD writes them: UIDs and brackets. */
export const BEGIN = 0;
export const END = 0xffff_ffff;

/** Deep nesting is written from a list of its own, not from the call stack. */
export async function inRow(threads: readonly Thread[], pause: Pause): Promise<Uint32Array> {
  let out = new Uint32Array(1024);
  let count = 0;
  const put = (value: number): void => {
    if (count === out.length) {
      const larger = new Uint32Array(2 * count);
      larger.set(out);
      out = larger;
    }
    out[count++] = value;
  };
  const open: (Thread | typeof BEGIN | typeof END)[] = [];
  for (const thread of threads) {
    open.push(END, thread, BEGIN);
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (typeof next === 'number') {
        put(next);
        continue;
      }
      const { message, children } = next;
      if (message !== undefined) put(message.uid);
      const isSplit = children.length > 1;
      for (let i = children.length - 1; i >= 0; i--) {
        if (isSplit) open.push(END, children[i] as Thread, BEGIN);
        else open.push(children[i] as Thread);
      }
      const resting = pause();
      if (resting !== undefined) await resting;
    }
  }
  return out.slice(0, count);
}
