/**
 * What the filter of a server before us has written into a message. It is believed only of servers that are ours or whom the
 * administrator trusts: everybody else could write it too, and would not write that.
 */
import { HeaderBlock } from '../mail/header.ts';
import type { Opinion } from './opinion.ts';

/** Fields that begin with a yes; the first that is there counts. */
const FIELDS = ['x-spam-flag', 'x-spam-status', 'x-spam'] as const;
const YES = /^\s*(?:yes|true)\b/i;
/** Octets of the header that are looked at. */
export const LOOKED_AT_BYTES = 256 * 1024;

/** `header`: the beginning of the message. */
export function upstreamOpinion(header: Buffer): Opinion {
  const block = new HeaderBlock(header.subarray(0, LOOKED_AT_BYTES));
  for (const name of FIELDS) {
    const at = block.indexOf(name);
    if (at < 0) continue;
    return YES.test(block.textAt(at))
      ? { action: 'junk', reason: 'the filter of the server that brought it takes it for spam' }
      : { action: 'accept' };
  }
  return { action: 'accept' };
}
