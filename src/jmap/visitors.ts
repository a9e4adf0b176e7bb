/**
 * What methods can be called of an account of somebody else (RFC 8620 §1.6.2), and what of such an account is announced. Its owner's settings,
 * rules and submissions are nobody's but his.
 */
import type { AccountId } from '../mailbox/model/model.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import { BLOB, CORE, MAIL } from './capabilities.ts';
import { MethodError } from './core/fault.ts';
import type { Method } from './core/method.ts';

/** Of accounts of others. */
export const SHARED_CAPABILITIES: ReadonlySet<string> = new Set([CORE, MAIL, BLOB]);

const WRITES = /\/(?:set|import|copy|upload)$/;

/** Throws `MethodError` when the method is not for whoever is there by leave. */
export function requireForVisitors({ capability }: Method): void {
  if (!SHARED_CAPABILITIES.has(capability))
    throw new MethodError(
      'accountNotSupportedByMethod',
      'there is nothing of that in an account that is shared',
    );
}

/** It is not carried out a second time. */
export function writes(method: string): boolean {
  return WRITES.test(method);
}

/** Rights with which something can be changed. */
const CHANGES = /[swikxtea]/;

/** Whether somebody can change nothing of what he sees (RFC 8620 §2, `isReadOnly`). */
export function isReadOnly({ mailboxes, visit }: AccountState): boolean {
  return [...mailboxes.keys()].every((id) => !CHANGES.test(visit?.rightsIn(id) ?? ''));
}

/** Whose uploads and whose room for them: everybody has his own, wherever he uses what he has uploaded. */
export function uploaderIn({ id, visit }: AccountState): AccountId {
  return visit?.person.id ?? id;
}
