/** A pack by itself, from its first octet to its last, without the rows that refer to it: for whoever carries it elsewhere. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { crc32 } from 'node:zlib';
import { StoreError } from '../../../mailbox/port/store.ts';
import {
  decodeFooter,
  decodeFrame,
  decodeFrameHead,
  decodeHeader,
  decodeIndex,
  FOOTER_BYTES,
  FRAME_HEAD_BYTES,
  type FrameHead,
  HEADER_BYTES,
  PACK_NAME,
} from './format.ts';

export const isPackName = (path: string): boolean => PACK_NAME.test(basename(path));

/** What is wrong with it, the first thing; undefined when nothing is. Throws what the disk does. */
export function faultOfPack(path: string): string | undefined {
  const fd = openSync(path, 'r');
  try {
    checkFrames(fd, Number.parseInt(basename(path), 16));
    return undefined;
  } catch (error) {
    if (error instanceof StoreError && error.code === 'damaged') return error.message;
    throw error;
  } finally {
    closeSync(fd);
  }
}

function checkFrames(fd: number, pack: number): void {
  const { size } = fstatSync(fd);
  decodeHeader(read(fd, 0, HEADER_BYTES), pack);
  const footer = decodeFooter(read(fd, Math.max(0, size - FOOTER_BYTES), FOOTER_BYTES));
  let at = HEADER_BYTES;
  while (at < footer.index) at = checkFrame(fd, at).next;
  if (at !== footer.index) throw new StoreError('damaged', 'its frames do not end where its index begins');
  const { head, stored } = checkFrame(fd, at);
  if (decodeIndex(decodeFrame(head, stored)).length !== footer.entries)
    throw new StoreError('damaged', 'entries are missing');
}

function checkFrame(fd: number, at: number): { head: FrameHead; stored: Buffer; next: number } {
  const head = decodeFrameHead(read(fd, at, FRAME_HEAD_BYTES));
  const stored = read(fd, at + FRAME_HEAD_BYTES, head.storedBytes);
  // That it opens as well is seen where its messages are read.
  if (crc32(stored) !== head.crc32)
    throw new StoreError('damaged', `the frame at ${at} does not match its checksum`);
  return { head, stored, next: at + FRAME_HEAD_BYTES + head.storedBytes };
}

function read(fd: number, position: number, length: number): Buffer {
  const octets = Buffer.allocUnsafe(length);
  for (let done = 0; done < length; ) {
    const count = readSync(fd, octets, done, length - done, position + done);
    if (count === 0) throw new StoreError('damaged', 'it ends too soon');
    done += count;
  }
  return octets;
}
