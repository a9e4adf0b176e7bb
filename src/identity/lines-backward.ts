/** The lines of a file from its end, in pieces, as far back as somebody is willing to read. */
import { type FileHandle, open } from 'node:fs/promises';

const PIECE = 64 * 1024;
const NEWLINE = 0x0a;

/** The last line first, of at most `maxBytes` at the end of the file; nothing of one that is not there. A line that is cut off by that is none. */
export async function* linesBackward(path: string, maxBytes: number): AsyncGenerator<string> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return;
  try {
    yield* linesOf(file, maxBytes);
  } finally {
    await file.close();
  }
}

async function* linesOf(file: FileHandle, maxBytes: number): AsyncGenerator<string> {
  const { size } = await file.stat();
  const floor = Math.max(0, size - maxBytes);
  let rest: Buffer = Buffer.alloc(0);
  for (let end = size; end > floor; ) {
    const start = Math.max(floor, end - PIECE);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
    let piece = Buffer.concat([buffer.subarray(0, bytesRead), rest]);
    for (let at = piece.lastIndexOf(NEWLINE); at >= 0; at = piece.lastIndexOf(NEWLINE)) {
      if (at + 1 < piece.length) yield piece.toString('utf8', at + 1);
      piece = piece.subarray(0, at);
    }
    rest = piece;
    end = start;
  }
  if (floor === 0 && rest.length > 0) yield rest.toString('utf8');
}
