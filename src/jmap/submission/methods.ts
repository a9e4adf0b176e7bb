/** The methods of who sends and what was sent (RFC 8621 §6, §7). */
import type { Method } from '../core/method.ts';
import { IdentityMethods } from './identities.ts';
import { submissionMethods } from './submissions.ts';
import type { Submitting } from './submit.ts';

export function sendingMethods(submitting: Submitting): readonly Method[] {
  const identities = new IdentityMethods(submitting.identities);
  return [...identities.methods, ...submissionMethods(submitting, identities)];
}
