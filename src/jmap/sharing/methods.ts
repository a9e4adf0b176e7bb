/** The methods of principals and of notices about what is shared (RFC 9670 §2, §3). */
import type { Method } from '../core/method.ts';
import { type PrincipalParts, principalMethods } from './principals.ts';
import { NOTIFICATION_METHODS } from './share-notifications.ts';

export function sharingMethods(parts: PrincipalParts): readonly Method[] {
  return [...principalMethods(parts), ...NOTIFICATION_METHODS];
}
