/** A message that is in memory as a whole, in the form in which a run asks for it. */
import { HeaderBlock } from '../../mail/header.ts';
import { type PartOffsets, scanParts } from '../../mail/part.ts';
import type { Message } from '../environment.ts';

export function messageOf(octets: Buffer): Message {
  let root: PartOffsets | undefined;
  const parts = (): PartOffsets => {
    root ??= scanParts(octets);
    return root;
  };
  return {
    sizeBytes: octets.length,
    header: new HeaderBlock(octets.subarray(0, headerBytes(octets))),
    parts,
    read: (from, to) => octets.subarray(from, to),
  };
}

/** The header with its blank line; all of a message that has none. */
function headerBytes(octets: Buffer): number {
  for (let at = 0; ; ) {
    if (octets[at] === 0x0a) return at + 1;
    if (octets[at] === 0x0d && octets[at + 1] === 0x0a) return at + 2;
    const lf = octets.indexOf(0x0a, at);
    if (lf < 0) return octets.length;
    at = lf + 1;
  }
}
