/** Methods beyond the standards. */
import type { Method } from '../core/method.ts';
import { DELETED_MAIL_METHODS } from './deleted-mail.ts';
import { RETENTION_METHODS } from './retention.ts';
import { SNOOZE_METHODS } from './snoozes.ts';
import { type UnsubscribeParts, unsubscribe } from './unsubscribe.ts';
import { usageReport } from './usage.ts';

export function ownMethods(parts: UnsubscribeParts): readonly Method[] {
  return [
    unsubscribe(parts),
    usageReport(),
    ...SNOOZE_METHODS,
    ...DELETED_MAIL_METHODS,
    ...RETENTION_METHODS,
  ];
}
