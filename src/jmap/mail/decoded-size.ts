/**
 * How many octets a part has without its transfer encoding (RFC 8621 §4.1.4), for which an encoded one has to be read. A large one in
 * base64 is not read through: its lines are all of one length but for the last, and where this is so at a few places the size follows
 * from it.
 */
import { CR, LF } from '../../base/bytes.ts';
import { TimeSlice } from '../../base/time-slice.ts';
import type { PartOffsets } from '../../mail/part.ts';
import { transferDecoder } from '../../mail/transfer-decoder.ts';
import type { MessageOctets } from './message-octets.ts';

/** Larger ones are looked at in places. */
const READ_THROUGH_BYTES = 512 * 1024;
const LOOKED_AT_BYTES = 4096;
const PLACES = 8;
const MAX_LINE = 1000;
const PAD = 0x3d;

export async function decodedSize(octets: MessageOctets, part: PartOffsets): Promise<number> {
  const size = part.end - part.bodyStart;
  if (part.encoding !== 'base64' && part.encoding !== 'quoted-printable') return size;
  const uniform =
    part.encoding === 'base64' && size > READ_THROUGH_BYTES ? await uniformSize(octets, part) : undefined;
  return uniform ?? (await countedSize(octets, part));
}

async function countedSize(
  octets: MessageOctets,
  { bodyStart, end, encoding }: PartOffsets,
): Promise<number> {
  const decoder = transferDecoder(encoding);
  const slice = new TimeSlice();
  let size = 0;
  for await (const piece of octets.stream({ start: bodyStart, end })) {
    size += decoder?.write(piece).length ?? 0;
    const spent = slice.spent();
    if (spent !== undefined) await spent;
  }
  return size + (decoder?.end().length ?? 0);
}

/** Undefined when the lines are not all alike. */
async function uniformSize(
  octets: MessageOctets,
  { bodyStart, end }: PartOffsets,
): Promise<number | undefined> {
  const [head = Buffer.alloc(0)] = await octets.read([{ start: bodyStart, end: bodyStart + MAX_LINE }]);
  const lf = head.indexOf(LF);
  if (lf < 1) return undefined;
  const letters = head[lf - 1] === CR ? lf - 1 : lf;
  const line = lf + 1;
  if (letters % 4 !== 0 || letters === 0) return undefined;
  const size = end - bodyStart;
  const last = size - LOOKED_AT_BYTES;
  const places = Array.from({ length: PLACES }, (_, i) => {
    const at = Math.floor((last * i) / (PLACES - 1));
    return at - (at % line);
  });
  const pieces = await octets.read(
    places.map((at, i) => ({
      start: bodyStart + at,
      end: i === PLACES - 1 ? end : bodyStart + at + LOOKED_AT_BYTES,
    })),
  );
  for (const piece of pieces.slice(0, -1)) if (!areLines(piece, letters, line)) return undefined;
  const tail = pieces.at(-1) as Buffer;
  return tailSize(tail, { letters, line, before: places.at(-1) as number });
}

function areLines(piece: Buffer, letters: number, line: number): boolean {
  for (let at = 0; at + line <= piece.length; at += line) {
    if (piece.indexOf(LF, at) !== at + line - 1) return false;
    if (!isLetters(piece, at, at + letters)) return false;
  }
  return true;
}

interface Lines {
  readonly letters: number;
  readonly line: number;
  /** Octets before, whole lines all. */
  readonly before: number;
}

/** The last lines: whole ones, then one that may be shorter and padded, then nothing but line ends. */
function tailSize(tail: Buffer, { letters, line, before }: Lines): number | undefined {
  let at = 0;
  while (
    at + line <= tail.length &&
    tail.indexOf(LF, at) === at + line - 1 &&
    isLetters(tail, at, at + letters)
  )
    at += line;
  let stop = at;
  while (stop < tail.length && isLetter(tail[stop] as number)) stop++;
  let padding = 0;
  while (tail[stop + padding] === PAD) padding++;
  const rest = stop - at;
  if (padding > 2 || (rest + padding) % 4 !== 0) return undefined;
  for (let i = stop + padding; i < tail.length; i++) if (tail[i] !== CR && tail[i] !== LF) return undefined;
  const lines = (before + at) / line;
  return (lines * letters * 3) / 4 + Math.floor((rest * 3) / 4);
}

function isLetters(octets: Buffer, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (!isLetter(octets[i] as number)) return false;
  return true;
}

function isLetter(c: number): boolean {
  const isAlphanumeric = (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a);
  return isAlphanumeric || c === 0x2b || c === 0x2f;
}
