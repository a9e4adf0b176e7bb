/**
 * What methods can be called of an account of somebody else (RFC 8620 §1.6.2), and what of such an account is announced. Its owner's settings,
 * rules and submissions are nobody's but his.
 */
import { BLOB, CORE, MAIL } from './capabilities.ts';
import { MethodError } from './core/fault.ts';
import type { Method } from './core/method.ts';

/** Of accounts of others. */
export const SHARED_CAPABILITIES: ReadonlySet<string> = new Set([CORE, MAIL, BLOB]);

const WRITES = /\/(?:set|import|copy|upload)$/;

/** Throws `MethodError` when the method is not for whoever is there by leave. */
export function requireForVisitors({ name, capability }: Method): void {
  if (!SHARED_CAPABILITIES.has(capability))
    throw new MethodError(
      'accountNotSupportedByMethod',
      'there is nothing of that in an account that is shared',
    );
  if (writes(name)) throw new MethodError('accountReadOnly', 'what is shared with you is there for reading');
}

/** It is not carried out a second time. */
export function writes(method: string): boolean {
  return WRITES.test(method);
}
