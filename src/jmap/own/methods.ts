/** Methods beyond the standards. */
import type { Method } from '../core/method.ts';
import { type UnsubscribeParts, unsubscribe } from './unsubscribe.ts';

export function ownMethods(parts: UnsubscribeParts): readonly Method[] {
  return [unsubscribe(parts)];
}
