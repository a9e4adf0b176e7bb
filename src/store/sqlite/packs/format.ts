/**
 * A pack: one file that is written once and never changed, with the octets of many blobs. Integers are little-endian.
 *
 *     header  48   magic, version, number of the pack, when it was made, checksum
 *     frame*  24   magic, stored length, raw length, codec, checksum of what is stored, checksum of the head; then what is stored
 *     index        a frame: for each entry the blob, its place, its size and checksum, and the parts it is made of
 *     footer  32   magic, where the index begins, entries, raw octets of all of them, checksum
 *
 * Several small entries share a frame, those of one account; a large one has a chain of frames for itself, one behind the
 * other. What an entry is says `entry.ts`. Every octet is under some checksum, and a broken frame is the loss of its
 * entries alone.
 */
import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { StoreError } from '../../../mailbox/port/store.ts';

export const HEADER_BYTES = 48;
export const FRAME_HEAD_BYTES = 24;
export const FOOTER_BYTES = 32;

/** Raw octets in a frame that entries share, about. */
export const BLOCK_BYTES = 256 * 1024;
/** Raw octets in a frame of a chain; only its last has fewer. */
export const CHAIN_BYTES = 256 * 1024;
/** Of one pack, about: a large message is not divided. */
export const PACK_BYTES = 64 * 1024 * 1024;
/** An index of more than that is none of ours. */
const MAX_RAW_BYTES = 256 * 1024 * 1024;

const HEADER_MAGIC = 0x31_4b_50_56_42n; // "BVPK1"
const FOOTER_MAGIC = 0x45_4b_50_56_42n; // "BVPKE"
const FRAME_MAGIC = 0x52_46_56_42; // "BVFR"
const VERSION = 1;

export const CODEC_RAW = 0;
const CODEC_ZSTD = 1;
/** Longer matches, and so fewer: opened in a tenth to a fifth less time than what level 3 makes of itself, and no larger. */
const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_minMatch]: 6 } };
/** Less is not worth the time that it takes to read. */
const WORTHWHILE = 0.95;

export const packName = (pack: number): string => `${pack.toString(16).padStart(8, '0')}.pk`;
/** Behind the name of one that is being written. */
export const UNFINISHED = '.tmp';
export const PACK_NAME = /^[0-9a-f]{8}\.pk$/;

export interface PackHeader {
  readonly pack: number;
  readonly createdMs: number;
}

export interface FrameHead {
  readonly storedBytes: number;
  readonly rawBytes: number;
  readonly codec: number;
  readonly crc32: number;
}

/** Of a blob: a message as it came, or a part that messages are made of. */
export interface IndexEntry {
  readonly blob: number;
  /** Whose frame it is in; 0 for a part, which may be everybody's. */
  readonly account: number;
  /** Where its first frame begins, and where in what that holds the entry begins. */
  readonly frame: number;
  readonly offset: number;
  /** Of the blob's octets, not of the entry's. */
  readonly sizeBytes: number;
  readonly crc32: number;
  /** Blobs, one for each place where it is needed. */
  readonly parts: readonly number[];
}

export interface PackFooter {
  readonly index: number;
  readonly entries: number;
  readonly rawBytes: number;
}

const damaged = (what: string): StoreError => new StoreError('damaged', what);

export function encodeHeader({ pack, createdMs }: PackHeader): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeBigUInt64LE(HEADER_MAGIC, 0);
  header.writeUInt32LE(VERSION, 8);
  header.writeUInt32LE(pack, 12);
  header.writeDoubleLE(createdMs, 16);
  return sealed(header);
}

/** Throws `damaged` unless it is the header of this pack, in a version that is known. */
export function decodeHeader(header: Buffer, pack: number): PackHeader {
  if (header.length < HEADER_BYTES || header.readBigUInt64LE(0) !== HEADER_MAGIC)
    throw damaged('it is no pack');
  assertSealed(header.subarray(0, HEADER_BYTES), 'the header');
  const version = header.readUInt32LE(8);
  if (version !== VERSION) throw damaged(`its version ${version} is not known`);
  const found = header.readUInt32LE(12);
  if (found !== pack) throw damaged(`it is pack ${found}`);
  return { pack, createdMs: header.readDoubleLE(16) };
}

/** Head and octets, compressed where that is worth it. */
export function encodeFrame(raw: Buffer): Buffer {
  const compressed = raw.length === 0 ? raw : zstdCompressSync(raw, LEVEL);
  const isWorthIt = compressed.length < raw.length * WORTHWHILE;
  const stored = isWorthIt ? compressed : raw;
  const frame = Buffer.allocUnsafe(FRAME_HEAD_BYTES + stored.length);
  frame.writeUInt32LE(FRAME_MAGIC, 0);
  frame.writeUInt32LE(stored.length, 4);
  frame.writeUInt32LE(raw.length, 8);
  frame.writeUInt32LE(isWorthIt ? CODEC_ZSTD : CODEC_RAW, 12);
  frame.writeUInt32LE(crc32(stored), 16);
  sealed(frame.subarray(0, FRAME_HEAD_BYTES));
  stored.copy(frame, FRAME_HEAD_BYTES);
  return frame;
}

export function decodeFrameHead(head: Buffer): FrameHead {
  if (head.length < FRAME_HEAD_BYTES || head.readUInt32LE(0) !== FRAME_MAGIC)
    throw damaged('there is no frame where one should be');
  assertSealed(head.subarray(0, FRAME_HEAD_BYTES), 'the head of a frame');
  const [storedBytes, rawBytes, codec] = [head.readUInt32LE(4), head.readUInt32LE(8), head.readUInt32LE(12)];
  const isSound = codec === CODEC_RAW ? storedBytes === rawBytes : codec === CODEC_ZSTD;
  if (!isSound || rawBytes > MAX_RAW_BYTES || storedBytes > rawBytes) throw damaged('a frame makes no sense');
  return { storedBytes, rawBytes, codec, crc32: head.readUInt32LE(16) };
}

/** What is in a frame; it may be `stored` itself. */
export function decodeFrame(head: FrameHead, stored: Buffer): Buffer {
  if (stored.length !== head.storedBytes || crc32(stored) !== head.crc32)
    throw damaged('a frame does not match its checksum');
  if (head.codec === CODEC_RAW) return stored;
  let raw: Buffer;
  try {
    raw = zstdDecompressSync(stored, {
      chunkSize: head.rawBytes + SPARE_BYTES,
      maxOutputLength: head.rawBytes,
    });
  } catch (cause) {
    throw new StoreError('damaged', 'a frame cannot be decompressed', { cause });
  }
  if (raw.length !== head.rawBytes) throw damaged('a frame is not as long as it says');
  return raw;
}

/** With a little more room than it needs, all of a frame comes in one piece, which is a quarter of the time. */
const SPARE_BYTES = 64;

const ENTRY_BYTES = 28;
const PART_BYTES = 6;

/** Before it is made a frame. */
export function encodeIndex(entries: readonly IndexEntry[]): Buffer {
  const length = entries.reduce((sum, { parts }) => sum + ENTRY_BYTES + PART_BYTES * parts.length, 0);
  const index = Buffer.allocUnsafe(length);
  let at = 0;
  for (const entry of entries) {
    index.writeUIntLE(entry.blob, at, 6);
    index.writeUInt32LE(entry.account, at + 6);
    index.writeUInt32LE(entry.frame, at + 10);
    index.writeUInt32LE(entry.offset, at + 14);
    index.writeUInt32LE(entry.sizeBytes, at + 18);
    index.writeUInt32LE(entry.crc32, at + 22);
    index.writeUInt16LE(entry.parts.length, at + 26);
    at += ENTRY_BYTES;
    for (const part of entry.parts) {
      index.writeUIntLE(part, at, PART_BYTES);
      at += PART_BYTES;
    }
  }
  return index;
}

export function decodeIndex(index: Buffer): readonly IndexEntry[] {
  const entries: IndexEntry[] = [];
  for (let at = 0; at < index.length; ) {
    if (at + ENTRY_BYTES > index.length) throw damaged('the index is cut');
    const count = index.readUInt16LE(at + 26);
    const end = at + ENTRY_BYTES + PART_BYTES * count;
    if (end > index.length) throw damaged('the index is cut');
    const parts: number[] = [];
    for (let part = at + ENTRY_BYTES; part < end; part += PART_BYTES)
      parts.push(index.readUIntLE(part, PART_BYTES));
    entries.push({
      blob: index.readUIntLE(at, 6),
      account: index.readUInt32LE(at + 6),
      frame: index.readUInt32LE(at + 10),
      offset: index.readUInt32LE(at + 14),
      sizeBytes: index.readUInt32LE(at + 18),
      crc32: index.readUInt32LE(at + 22),
      parts,
    });
    at = end;
  }
  return entries;
}

export function encodeFooter({ index, entries, rawBytes }: PackFooter): Buffer {
  const footer = Buffer.alloc(FOOTER_BYTES);
  footer.writeBigUInt64LE(FOOTER_MAGIC, 0);
  footer.writeUInt32LE(index, 8);
  footer.writeUInt32LE(entries, 12);
  footer.writeDoubleLE(rawBytes, 16);
  return sealed(footer);
}

export function decodeFooter(footer: Buffer): PackFooter {
  if (footer.length < FOOTER_BYTES || footer.readBigUInt64LE(0) !== FOOTER_MAGIC)
    throw damaged('its end is missing');
  assertSealed(footer.subarray(0, FOOTER_BYTES), 'the footer');
  return {
    index: footer.readUInt32LE(8),
    entries: footer.readUInt32LE(12),
    rawBytes: footer.readDoubleLE(16),
  };
}

/** With the checksum of all else in its last four octets. */
function sealed(bytes: Buffer): Buffer {
  const end = bytes.length - 4;
  bytes.writeUInt32LE(crc32(bytes.subarray(0, end)), end);
  return bytes;
}

function assertSealed(bytes: Buffer, what: string): void {
  const end = bytes.length - 4;
  if (bytes.readUInt32LE(end) !== crc32(bytes.subarray(0, end)))
    throw damaged(`${what} does not match its checksum`);
}
