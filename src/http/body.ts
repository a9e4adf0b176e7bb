/**
 * The body of a request as it comes, within a size and a pace. Node.js bounds the header; a body may be long, so how long it
 * may take follows from how much of it has come. What is not read is left where it is, so that the request can be answered.
 */
import type { IncomingMessage } from 'node:http';
import { EMPTY } from '../base/bytes.ts';
import { BodyFault } from './exchange.ts';

export interface BodyBounds {
  readonly maxBytes: number;
  /** How long the client may be silent, all told. */
  readonly startMs: number;
  /** So many octets buy the client another second; none do when it is left out. */
  readonly bytesPerSecond?: number;
}

/** In pieces; takes more from the client only when they are taken from here. Throws `BodyFault`. */
export async function* readPieces(incoming: IncomingMessage, bounds: BodyBounds): AsyncGenerator<Buffer> {
  const { maxBytes, startMs, bytesPerSecond } = bounds;
  if (Number(incoming.headers['content-length'] ?? 0) > maxBytes) throw new BodyFault('too-large');
  let size = 0;
  // Of the client's time: while whoever takes the pieces is at work, it cannot send.
  let leftMs = startMs;
  for (;;) {
    const piece = incoming.read() as Buffer | null;
    if (piece === null) {
      if (incoming.readableEnded) break;
      if (incoming.destroyed) throw new BodyFault('gone');
      const sinceMs = performance.now();
      await somethingHappens(incoming, leftMs);
      leftMs -= performance.now() - sinceMs;
      if (leftMs <= 0) throw new BodyFault('slow');
      continue;
    }
    size += piece.length;
    if (size > maxBytes) throw new BodyFault('too-large');
    if (bytesPerSecond !== undefined)
      leftMs = Math.min(startMs, leftMs + (piece.length * 1000) / bytesPerSecond);
    yield piece;
  }
  if (!incoming.complete) throw new BodyFault('gone');
}

/** Throws `BodyFault`. */
export async function readWhole(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return all.length === 0 ? EMPTY : Buffer.concat(all);
}

const EVENTS = ['readable', 'end', 'close', 'error'] as const;

function somethingHappens(incoming: IncomingMessage, mostMs: number): Promise<void> {
  return new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      for (const event of EVENTS) incoming.off(event, done);
      resolve();
    };
    const timer = setTimeout(done, Math.max(1, mostMs));
    for (const event of EVENTS) incoming.on(event, done);
  });
}
