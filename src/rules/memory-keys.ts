/** The keys of what is remembered: hashes, so that nobody's correspondents stand in the store. */
import { createHash } from 'node:crypto';
import { MEMORY_KEY_BYTES } from '../mailbox/model/rules.ts';
import type { ReplyMemory } from '../sieve/effects.ts';

export const seenKey = (handle: string, id: string): string => keyOf('seen', handle, id);
export const repliedKey = ({ key, address }: Pick<ReplyMemory, 'key' | 'address'>): string =>
  keyOf('replied', key, address);
/** That the owner was told that rules fail. */
export const TOLD_KEY = keyOf('told');

function keyOf(...parts: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return hash.slice(0, 2 * MEMORY_KEY_BYTES);
}
