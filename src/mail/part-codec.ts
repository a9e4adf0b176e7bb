/**
 * The part tree as a few bytes, kept beside each message so that fetching a section parses nothing.
 *
 * Format, version 1: one version byte, then the parts depth first. A part is one byte (kind in bits 0-1, transfer
 * encoding in bits 2-3) and varints: gap from where the previous part at this level ended (the first: from its
 * parent's body) to its header, header length, body length, and for a multipart the number of children. A message
 * part has exactly one child.
 *
 * Promises: decode(encode(tree)) equals the offsets of the tree; decoding damaged bytes throws and never loops or
 * runs away. The numbers of kinds and encodings are stored: they never change their meaning.
 */
import { MAX_PART_DEPTH, MAX_PARTS, type PartKind, type PartOffsets } from './part.ts';
import type { TransferEncoding } from './transfer-encoding.ts';

const VERSION = 1;
const KINDS: readonly PartKind[] = ['leaf', 'multipart', 'message'];
const ENCODINGS: readonly TransferEncoding[] = ['identity', 'base64', 'quoted-printable', 'unknown'];

export function encodeParts(root: PartOffsets): Buffer {
  const out: number[] = [VERSION];
  encodePart(out, root, 0);
  return Buffer.from(out);
}

export function decodeParts(bytes: Uint8Array): PartOffsets {
  return new PartDecoder(bytes).decode();
}

/** Where the message's own header ends, without decoding the rest; undefined for damaged bytes. */
export function headerEnd(bytes: Uint8Array): number | undefined {
  if (bytes[0] !== VERSION) return undefined;
  let at = 2;
  let sum = 0;
  for (let number = 0; number < 2; number++) {
    for (let scale = 1; ; scale *= 0x80) {
      const byte = bytes[at++];
      if (byte === undefined || scale > Number.MAX_SAFE_INTEGER) return undefined;
      sum += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
  }
  return sum;
}

/**
 * The offsets of the same message with `byBytes` octets of header fields in front. All but the root's header are
 * relative.
 */
export function shiftParts(bytes: Uint8Array, byBytes: number): Buffer {
  let at = 2;
  const next = (): number => {
    let value = 0;
    for (let scale = 1; scale < Number.MAX_SAFE_INTEGER; scale *= 0x80) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('part offsets: cut short');
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new Error('part offsets: number too long');
  };
  const out = [bytes[0] as number, bytes[1] as number];
  varint(out, next());
  varint(out, next() + byBytes);
  return Buffer.concat([Buffer.from(out), bytes.subarray(at)]);
}

function encodePart(out: number[], part: PartOffsets, origin: number): void {
  out.push(KINDS.indexOf(part.kind) | (ENCODINGS.indexOf(part.encoding) << 2));
  varint(out, part.headerStart - origin);
  varint(out, part.bodyStart - part.headerStart);
  varint(out, part.end - part.bodyStart);
  if (part.kind === 'multipart') varint(out, part.children.length);
  let at = part.bodyStart;
  for (const child of part.children) {
    encodePart(out, child, at);
    at = child.end;
  }
}

/** Seven bits a byte, the low ones first. Sizes may pass 2^31, so no bit operators on the whole. */
function varint(out: number[], value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    out.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  out.push(rest);
}

class PartDecoder {
  readonly #bytes: Uint8Array;
  #at = 0;
  #count = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  decode(): PartOffsets {
    if (this.#byte() !== VERSION) throw new Error('part offsets: unknown version');
    const root = this.#part(0, 0);
    if (this.#at !== this.#bytes.length) throw new Error('part offsets: trailing bytes');
    return root;
  }

  #part(origin: number, depth: number): PartOffsets {
    // Twice: an empty multipart has one part more than were counted.
    if (depth > MAX_PART_DEPTH || ++this.#count > 2 * MAX_PARTS)
      throw new Error('part offsets: too many parts');
    const head = this.#byte();
    const kind = KINDS[head & 3];
    const encoding = ENCODINGS[(head >> 2) & 3];
    if (kind === undefined || encoding === undefined || head > 15)
      throw new Error('part offsets: unknown kind');
    const headerStart = origin + this.#varint();
    const bodyStart = headerStart + this.#varint();
    const end = bodyStart + this.#varint();
    const count = kind === 'multipart' ? this.#varint() : kind === 'message' ? 1 : 0;
    const children: PartOffsets[] = [];
    let at = bodyStart;
    for (let i = 0; i < count; i++) {
      const child = this.#part(at, depth + 1);
      children.push(child);
      at = child.end;
    }
    return { kind, headerStart, bodyStart, end, encoding, children };
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new Error('part offsets: cut short');
    return byte;
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1; scale < Number.MAX_SAFE_INTEGER; scale *= 0x80) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new Error('part offsets: number too long');
  }
}
