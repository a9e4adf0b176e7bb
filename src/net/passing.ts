/**
 * Octets of one socket to another, as fast as that takes them. Of thousands of connections that wait there is one pair each, so
 * what a pair keeps is little: `pipe` keeps some three kilobytes.
 */
import type { Socket } from 'node:net';

/** The ends of both are somebody else's. `onPassed`: something came. */
export function pass(from: Socket, to: Socket, onPassed?: () => void): void {
  from.on('data', (bytes: Buffer) => {
    onPassed?.();
    if (!to.write(bytes)) from.pause();
  });
  to.on('drain', () => from.resume());
  if (to.writableNeedDrain) from.pause();
  else from.resume();
}
