/**
 * One block of LZ4 (the "LZ4 Block Format Description" of its author): sequences of literals and of copies from what came
 * before. Bounded: a block that says it is larger than `limit`, or refers to what it does not have, throws.
 */
const MIN_MATCH = 4;

export function decodeLz4Block(block: Buffer, limit: number): Buffer {
  const out = Buffer.allocUnsafe(limit);
  let from = 0;
  let to = 0;
  const byte = (): number => {
    if (from >= block.length) throw new Error('an LZ4 block ends too early');
    return block[from++] as number;
  };
  const length = (nibble: number): number => {
    let sum = nibble;
    if (nibble === 15) {
      let more: number;
      do {
        more = byte();
        sum += more;
      } while (more === 255);
    }
    return sum;
  };
  while (from < block.length) {
    const token = byte();
    const literals = length(token >> 4);
    if (from + literals > block.length || to + literals > limit) throw new Error('an LZ4 block is too long');
    block.copy(out, to, from, from + literals);
    from += literals;
    to += literals;
    // The last sequence has no copy.
    if (from === block.length) break;
    const distance = byte() | (byte() << 8);
    const copied = length(token & 15) + MIN_MATCH;
    if (distance === 0 || distance > to || to + copied > limit)
      throw new Error('an LZ4 block refers to what it does not have');
    // Octet by octet: a copy may reach into itself.
    for (let i = 0; i < copied; i++, to++) out[to] = out[to - distance] as number;
  }
  return out.subarray(0, to);
}
