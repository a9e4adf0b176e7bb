/** Methods beyond the standards. */
import type { Method } from '../core/method.ts';
import { SNOOZE_METHODS } from './snoozes.ts';
import { type UnsubscribeParts, unsubscribe } from './unsubscribe.ts';

export function ownMethods(parts: UnsubscribeParts): readonly Method[] {
  return [unsubscribe(parts), ...SNOOZE_METHODS];
}
