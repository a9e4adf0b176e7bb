/**
 * HEADER.FIELDS and HEADER.FIELDS.NOT of a header that is too long to hold (RFC 9051 §6.4.5.1).
 *
 * A literal is announced with its length, so the header is read once to know it, in slices between which others run. What is wanted
 * is usually short and was kept on the way; else the header is read a second time and sent as it comes.
 */
import { HeaderFilter } from '../../mail/header-filter.ts';
import { withoutNul } from '../../mail/nul.ts';
import type { Section } from '../../mail/section.ts';
import { StreamClosed } from '../../net/stream.ts';
import type { FetchedMessage, Octets } from '../item.ts';
import type { Partial } from '../wire/section.ts';
import type { WireWriter } from '../wire/writer.ts';

/** Of the shortest fields: some milliseconds. */
const PIECE_BYTES = 64 * 1024;

interface Wanted {
  readonly section: Section;
  readonly partial: Partial | undefined;
  /** Answers up to this are kept in memory. */
  readonly heldBytes: number;
}

export async function writeFilteredHeader(
  out: WireWriter,
  message: FetchedMessage,
  range: Octets,
  wanted: Wanted,
): Promise<undefined> {
  const held: Buffer[] = [];
  let size = 0;
  for await (const piece of filtered(message, range, wanted)) {
    size += piece.length;
    if (size <= wanted.heldBytes) held.push(Buffer.from(piece));
    else held.length = 0;
  }
  if (size === 0) out.ascii('""');
  else if (size <= wanted.heldBytes) out.literal(withoutNul(Buffer.concat(held)));
  else await send(out, message, range, wanted, size);
  return undefined;
}

async function send(
  out: WireWriter,
  message: FetchedMessage,
  range: Octets,
  wanted: Wanted,
  size: number,
): Promise<void> {
  out.literalHeader(size);
  let left = size;
  for await (const piece of filtered(message, range, wanted)) {
    left -= piece.length;
    if (left < 0) break;
    out.raw(withoutNul(piece));
  }
  if (left !== 0) throw new StreamClosed('a header became another while it was sent');
}

/** The octets of the answer, the partial taken out of it. */
async function* filtered(
  message: FetchedMessage,
  { start, end }: Octets,
  { section, partial }: Wanted,
): AsyncGenerator<Buffer> {
  const filter = new HeaderFilter(section.fields ?? [], section.kind === 'header.fields.not');
  const from = partial?.offset ?? 0;
  const to = partial === undefined ? Number.POSITIVE_INFINITY : from + partial.length;
  let at = 0;
  const cut = function* (pieces: readonly Buffer[]): Generator<Buffer> {
    for (const piece of pieces) {
      const part = piece.subarray(Math.max(0, from - at), Math.max(0, to - at));
      at += piece.length;
      if (part.length > 0) yield part;
    }
  };
  for await (const slice of message.stream(start, end)) {
    for (let read = 0; read < slice.length; read += PIECE_BYTES) {
      yield* cut(filter.write(slice.subarray(read, read + PIECE_BYTES)));
      if (at >= to) return;
      const pause = message.breathe();
      if (pause !== undefined) await pause;
    }
  }
  yield* cut(filter.end());
}
