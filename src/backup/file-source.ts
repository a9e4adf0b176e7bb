/** Octets of files and of memory as a place takes them: with their length and their SHA-256, known before they are sent. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createZstdCompress, createZstdDecompress, constants as zlib } from 'node:zlib';
import type { Source } from './place.ts';

const PIECE = 1024 * 1024;
const LEVEL = { params: { [zlib.ZSTD_c_compressionLevel]: 3 } };

export function sourceOf(octets: Buffer): Source {
  return {
    bytes: octets.length,
    sha256: createHash('sha256').update(octets).digest('hex'),
    open: () => Readable.from([octets]),
  };
}

/** At most `mostBytes` from its beginning: what is added behind is the next one's. */
export async function* piecesOf(path: string, mostBytes: number): AsyncGenerator<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    for (let at = 0; at < mostBytes; ) {
      const length = Math.min(PIECE, mostBytes - at);
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

export interface MeasuredFile {
  /** Of the file. */
  readonly bytes: number;
  readonly sha256: string;
  readonly mtimeMs: number;
  /** As it is kept. */
  readonly source: Source;
}

/** Reads it once. Whoever reads it again gets the same, or BackupError `damaged` from the place it is put to. */
export async function measure(path: string, codec: 'raw' | 'zstd'): Promise<MeasuredFile> {
  const { size, mtimeMs } = await stat(path);
  const hash = createHash('sha256');
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const piece of piecesOf(path, size)) {
      hash.update(piece);
      yield piece;
    }
  }
  if (codec === 'raw') {
    for await (const _ of counted());
    const sha256 = hash.digest('hex');
    const open = (): AsyncIterable<Buffer> => piecesOf(path, size);
    return { bytes: size, sha256, mtimeMs, source: { bytes: size, sha256, open } };
  }
  const stored = createHash('sha256');
  let bytes = 0;
  for await (const piece of compressed(counted())) {
    stored.update(piece);
    bytes += piece.length;
  }
  const source = { bytes, sha256: stored.digest('hex'), open: () => compressed(piecesOf(path, size)) };
  return { bytes: size, sha256: hash.digest('hex'), mtimeMs, source };
}

function compressed(octets: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  return piped(octets, createZstdCompress(LEVEL));
}

export function decompressed(octets: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  return piped(octets, createZstdDecompress());
}

function piped(
  octets: AsyncIterable<Buffer>,
  through: NodeJS.ReadWriteStream & Readable,
): AsyncIterable<Buffer> {
  const from = Readable.from(octets, { objectMode: false, highWaterMark: PIECE });
  from.once('error', (error) => through.destroy(error));
  return from.pipe(through) as AsyncIterable<Buffer>;
}
