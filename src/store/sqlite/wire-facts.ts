/**
 * What is sent of an email as it stands, as one BLOB of its row: one costs a reader a third of three. The lengths of the first
 * two are columns of the row, and the checksum at the end is about them as well.
 */
import { crc32 } from 'node:zlib';
import type { WireParts } from '../../mailbox/model/facts.ts';
import { bufferOf, type Row } from './database.ts';

const SUM_BYTES = 4;

export function sealFacts({ envelope, bodyStructure, parts }: WireParts): Buffer {
  const length = envelope.length + bodyStructure.length + parts.length;
  const sealed = Buffer.concat([envelope, bodyStructure, parts], length + SUM_BYTES);
  const sum = sumOf(sealed.subarray(0, length), envelope.length, bodyStructure.length);
  sealed.writeUInt32LE(sum, length);
  return sealed;
}

/** The lengths are columns: where the pieces begin is checked with them. */
function sumOf(facts: Buffer, envelopeBytes: number, structureBytes: number): number {
  return crc32(facts, (Math.imul(envelopeBytes, 0x9e3779b1) ^ structureBytes) >>> 0);
}

/** Of a row that begins with id, the two lengths and the BLOB. False when they are not what was written. */
export function openFacts(
  row: Row,
  wanted: readonly (keyof WireParts)[],
  into: { -readonly [Part in keyof WireParts]: Buffer | undefined },
): boolean {
  const [, structureAt, structureBytes, blob] = row;
  if (!(blob instanceof Uint8Array) || blob.length < SUM_BYTES) return false;
  const sealed = bufferOf(blob);
  const facts = sealed.subarray(0, sealed.length - SUM_BYTES);
  if (typeof structureAt !== 'number' || typeof structureBytes !== 'number') return false;
  if (sumOf(facts, structureAt, structureBytes) !== sealed.readUInt32LE(facts.length)) return false;
  const partsAt = structureAt + structureBytes;
  if (wanted.includes('envelope')) into.envelope = facts.subarray(0, structureAt);
  if (wanted.includes('bodyStructure')) into.bodyStructure = facts.subarray(structureAt, partsAt);
  if (wanted.includes('parts')) into.parts = facts.subarray(partsAt);
  return true;
}
