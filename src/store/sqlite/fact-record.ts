/**
 * What delivery computed about an email beside what is sent of it, as one self-describing BLOB: its version, which parts
 * there are and how long each is, the parts, a checksum over all of it.
 *
 * Format: version and number of parts, an octet each; for every part its number (one octet) and its length (three); the octets
 * of the parts; CRC-32 of all that, little-endian as all numbers are. A part of a number that this program does not know is passed over, so
 * that parts can be added without rewriting what is there.
 */
import { crc32 } from 'node:zlib';
import type { DerivedPart, DerivedParts } from '../../mailbox/model/facts.ts';

/** Stored: a number never changes its meaning. */
const NUMBERS: { readonly [Part in DerivedPart]: number } = {
  header: 1,
  search: 2,
  preview: 3,
  sort: 4,
  links: 5,
};
const PARTS = Object.keys(NUMBERS) as readonly DerivedPart[];

const HEAD_BYTES = 2;
const ENTRY_BYTES = 4;
const SUM_BYTES = 4;

export function sealRecord(version: number, parts: DerivedParts): Buffer {
  const present = PARTS.filter((name) => parts[name] !== undefined);
  const octets = present.map((name) => parts[name] as Buffer);
  const start = HEAD_BYTES + present.length * ENTRY_BYTES;
  const size = octets.reduce((sum, part) => sum + part.length, start);
  const out = Buffer.allocUnsafe(size + SUM_BYTES);
  out[0] = version;
  out[1] = present.length;
  let at = start;
  for (const [i, name] of present.entries()) {
    const part = octets[i] as Buffer;
    out[HEAD_BYTES + i * ENTRY_BYTES] = NUMBERS[name];
    out.writeUIntLE(part.length, HEAD_BYTES + i * ENTRY_BYTES + 1, 3);
    part.copy(out, at);
    at += part.length;
  }
  out.writeUInt32LE(crc32(out.subarray(0, size)), size);
  return out;
}

/** The record's version, with the wanted parts written into `into`; undefined when it is not what was sealed. */
export function openRecord(
  record: Buffer,
  wanted: readonly DerivedPart[],
  into: { -readonly [Part in DerivedPart]: Buffer | undefined },
): number | undefined {
  const size = record.length - SUM_BYTES;
  if (size < HEAD_BYTES || crc32(record.subarray(0, size)) !== record.readUInt32LE(size)) return undefined;
  const count = record[1] as number;
  let at = HEAD_BYTES + count * ENTRY_BYTES;
  for (let i = 0; i < count; i++) {
    const entry = HEAD_BYTES + i * ENTRY_BYTES;
    const end = at + record.readUIntLE(entry + 1, 3);
    for (const name of wanted) if (NUMBERS[name] === record[entry]) into[name] = record.subarray(at, end);
    at = end;
  }
  return at === size ? record[0] : undefined;
}
