/**
 * The file to start for an entry of the program: its source, or in a whole run of the tests the same in few files, which start in half
 * the time (`tools/joined.ts`).
 */
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
const { BREVDUVA_TEST_JOINED: joined } = process.env;

/** `source`: from the root, `src/main.ts`. */
export function entry(source: string): string {
  return joined === undefined ? join(ROOT, source) : join(joined, source.replace(/\.ts$/, '.js'));
}
