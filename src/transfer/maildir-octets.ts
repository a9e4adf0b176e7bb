/**
 * From the octets of a file in a Maildir to those of its message: LF becomes CRLF, unless our own export marked the file as
 * not to be touched, and what Dovecot compressed is decompressed.
 *
 * Dovecot writes the size of the message into the file's name (`,S=1355`). A file that is just as large is not compressed,
 * whatever it begins with.
 */
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import {
  type Compression,
  compressionOf,
  decompress,
  MAGIC_BYTES,
  MAX_DECOMPRESSED_BYTES,
} from './compression.ts';
import { FileWindow } from './file-window.ts';
import { LineReader } from './line-form.ts';
import { UnreadableMessage } from './source.ts';

export const RAW_MARK = ',E=raw';
/** Smaller messages are read once and kept until they are sent. */
const SMALL_BYTES = 256 * 1024;

/** Throws UnreadableMessage. The function gives the same octets each time. */
export function maildirOctets(path: string): () => Iterable<Buffer> {
  const name = basename(path);
  const isRaw = name.includes(RAW_MARK);
  const sizeBytes = statSync(path).size;
  const statedBytes = /,S=(\d{1,15})(?=[,:;!]|$)/.exec(name)?.[1];
  const isAsStated = statedBytes !== undefined && Number(statedBytes) === sizeBytes;
  if (sizeBytes === 0 && !isRaw && !isAsStated) throw new UnreadableMessage('it is empty');
  const compression = isRaw || isAsStated ? undefined : compressionOf(headOf(path));
  if (compression === undefined) {
    if (sizeBytes > SMALL_BYTES) return () => slices(path, !isRaw);
    const message = converted(readFileSync(path), !isRaw);
    return () => [message];
  }
  const message = decompressed(path, sizeBytes, compression);
  if (message.length <= SMALL_BYTES) return () => [message];
  return () => [decompressed(path, sizeBytes, compression)];
}

function decompressed(path: string, sizeBytes: number, compression: Compression): Buffer {
  if (sizeBytes > MAX_DECOMPRESSED_BYTES)
    throw new UnreadableMessage('it is compressed and larger than 256 MiB');
  return converted(decompress(readFileSync(path), compression), true);
}

function headOf(path: string): Buffer {
  const file = new FileWindow(path);
  try {
    return file.read(0, Math.min(MAGIC_BYTES, file.sizeBytes));
  } finally {
    file.close();
  }
}

function converted(bytes: Buffer, wantsCrlf: boolean): Buffer {
  return new LineReader({ quoting: 'none', wantsCrlf }).push(bytes);
}

function* slices(path: string, wantsCrlf: boolean): Generator<Buffer> {
  const reader = new LineReader({ quoting: 'none', wantsCrlf });
  const file = new FileWindow(path);
  try {
    for (const slice of file.slices(0, file.sizeBytes)) yield reader.push(slice);
  } finally {
    file.close();
  }
}
