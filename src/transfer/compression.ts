/**
 * Files that Dovecot's zlib plugin has compressed: told by how they begin, since their names say nothing, and read as the
 * messages they hold. What cannot be read is refused by name.
 *
 * A message is decompressed as a whole, up to a limit: a file of a few octets may hold gigabytes.
 */
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import Bunzip from 'seek-bzip';
import { decodeLz4Block } from './lz4-block.ts';
import { UnreadableMessage } from './source.ts';

export const MAX_DECOMPRESSED_BYTES = 256 * 1024 * 1024;
/** Octets that `compressionOf` looks at. */
export const MAGIC_BYTES = 16;

export interface Compression {
  readonly name: string;
  /** Missing: what to do instead. */
  readonly decompress?: (bytes: Buffer) => Buffer;
  readonly remedy?: string;
}

const LZ4_MAGIC = Buffer.from('Dovecot-LZ4\r*\x9b\xc5', 'latin1');

const COMPRESSIONS: readonly (readonly [magic: Buffer, Compression])[] = [
  [Buffer.from('1f8b08', 'hex'), { name: 'gzip', decompress: (bytes) => gunzipSync(bytes, LIMIT) }],
  [Buffer.from('28b52ffd', 'hex'), { name: 'zstd', decompress: (bytes) => zstdDecompressSync(bytes, LIMIT) }],
  [LZ4_MAGIC, { name: 'lz4', decompress: decompressLz4 }],
  [
    Buffer.from('fd377a585a00', 'hex'),
    { name: 'xz', remedy: 'decompress it with "xz -dc" first, keeping its name' },
  ],
  [
    Buffer.from('04224d18', 'hex'),
    { name: 'lz4 frames', remedy: 'decompress it with "lz4 -dc" first, keeping its name' },
  ],
  [
    Buffer.from('1f9d', 'hex'),
    { name: 'compress (.Z)', remedy: 'decompress it with "gzip -dc" first, keeping its name' },
  ],
  [
    Buffer.from('CRYPTED\x03\x07', 'latin1'),
    {
      name: "Dovecot's mail_crypt",
      remedy: 'the old server must write it without encryption first (doveadm sync)',
    },
  ],
];
const LIMIT = { maxOutputLength: MAX_DECOMPRESSED_BYTES };
const BZIP2 = /^BZh[1-9](?:1AY&SY|\x17rE8P\x90)/;

export function compressionOf(head: Buffer): Compression | undefined {
  const found = COMPRESSIONS.find(([magic]) => head.subarray(0, magic.length).equals(magic));
  if (found !== undefined) return found[1];
  return BZIP2.test(head.toString('latin1')) ? { name: 'bzip2', decompress: decompressBzip2 } : undefined;
}

/** Throws UnreadableMessage with what is wrong, or what to do. */
export function decompress(bytes: Buffer, { name, decompress: run, remedy }: Compression): Buffer {
  if (run === undefined)
    throw new UnreadableMessage(`it is compressed by ${name}, which is not read here; ${remedy}`);
  try {
    return run(bytes);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE' || error instanceof TooLarge)
      throw new UnreadableMessage(`it is compressed by ${name} and holds more than 256 MiB`);
    throw new UnreadableMessage(`it is compressed by ${name} and damaged: ${message}`);
  }
}

class TooLarge extends Error {
  override readonly name = 'TooLarge';
}

/** The octets of the chunks that come, within the limit. */
class Gathered {
  readonly #parts: Buffer[] = [];
  #bytes = 0;

  push(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#bytes > MAX_DECOMPRESSED_BYTES) throw new TooLarge();
    this.#parts.push(part);
  }

  whole(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** Dovecot's own container: magic, largest chunk (u32, high octet first), then chunks, each behind its length. */
function decompressLz4(bytes: Buffer): Buffer {
  const out = new Gathered();
  const limit = bytes.readUInt32BE(LZ4_MAGIC.length);
  if (limit > 16 * 1024 * 1024) throw new Error('its chunks are too long');
  for (let at = LZ4_MAGIC.length + 4; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) throw new Error('it ends too early');
    out.push(decodeLz4Block(bytes.subarray(at + 4, end), limit));
    at = end;
  }
  return out.whole();
}

function decompressBzip2(bytes: Buffer): Buffer {
  const out = new Gathered();
  let piece = Buffer.allocUnsafe(64 * 1024);
  let have = 0;
  const flush = (): void => {
    out.push(piece.subarray(0, have));
    piece = Buffer.allocUnsafe(piece.length);
    have = 0;
  };
  let at = 0;
  const readByte = (): number => {
    // The decoder itself would go on with nothing for ever.
    if (at >= bytes.length) throw new Error('it ends too early');
    return bytes[at++] as number;
  };
  const read = (into: Buffer, start: number, length: number): number => {
    for (let i = 0; i < length; i++) into[start + i] = readByte();
    return length;
  };
  const writeByte = (octet: number): void => {
    piece[have++] = octet;
    if (have === piece.length) flush();
  };
  Bunzip.decode(
    { readByte, read, eof: () => at >= bytes.length },
    { writeByte, flush: () => undefined },
    true,
  );
  flush();
  return out.whole();
}
