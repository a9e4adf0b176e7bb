/**
 * BDAT (RFC 3030 §2): a message in chunks whose size is said beforehand. Pure but for the reading that is passed in.
 */
import { EMPTY } from '../base/bytes.ts';
import type { DataRead } from './input.ts';
import { Farewell, type ReadMessage } from './role.ts';

export interface Chunk {
  readonly sizeBytes: number;
  readonly isLast: boolean;
  /** Where its octets come from, when not from the client: a URL (RFC 4468). They may be fewer. */
  readonly octets?: AsyncIterator<Buffer>;
}

const CHUNK = /^(\d{1,15})(?:\s+(LAST))?$/i;

/** Throws `Farewell`: whoever does not say how much comes cannot be understood any more. */
export function parseChunk(argument: string): Chunk {
  const [, digits, last] = CHUNK.exec(argument) ?? [];
  if (digits === undefined)
    throw new Farewell({ code: 501, text: '5.5.4 expected BDAT, a number of octets and perhaps LAST' });
  return { sizeBytes: Number(digits), isLast: last !== undefined };
}

export interface ChunkSource {
  /** At most so many octets; undefined when the client went away. */
  octets(most: number): Promise<Buffer | undefined>;
  /** All of this one is there: say so, and give the next. Undefined when the client went away. */
  next(chunk: Chunk): Promise<Chunk | undefined>;
}

/** The message whose first chunk begins. Throws `Farewell` for one that is far beyond what is taken. */
export function readChunks(first: Chunk, maxBytes: number, source: ChunkSource): ReadMessage {
  let chunk = first;
  let left = first.sizeBytes;
  let total = bounded(first.sizeBytes, maxBytes);
  const advance = async (): Promise<boolean> => {
    const next = await source.next(chunk);
    if (next === undefined) return false;
    chunk = next;
    left = next.sizeBytes;
    total = bounded(total + next.sizeBytes, maxBytes);
    return true;
  };
  return async (): Promise<DataRead | undefined> => {
    while (left === 0 && !chunk.isLast) if (!(await advance())) return undefined;
    if (left === 0) return { bytes: EMPTY, isLast: true };
    const bytes = chunk.octets === undefined ? await source.octets(left) : await taken(chunk.octets);
    if (bytes === undefined) return undefined;
    left = bytes.length === 0 ? 0 : left - bytes.length;
    return { bytes, isLast: left === 0 && chunk.isLast };
  };
}

/** Nothing at the end. */
async function taken(octets: AsyncIterator<Buffer>): Promise<Buffer> {
  for (;;) {
    const { done, value } = await octets.next();
    if (done === true) return EMPTY;
    if (value.length > 0) return value;
  }
}

/** What is a little too big is read past and refused at its end; nobody reads past a terabyte. */
function bounded(total: number, maxBytes: number): number {
  if (total <= 2 * maxBytes) return total;
  throw new Farewell({ code: 552, text: `5.3.4 a message can have at most ${maxBytes} octets` });
}
