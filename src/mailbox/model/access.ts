/** Whether anybody may come in to an account. One that is closed keeps its mail and gets more, and waits for its person. */
import type { AccountRecord } from './model.ts';

/** By the name under which an account keeps it. */
export const ACCESS = 'account.access';
export const ACCESSES = ['open', 'closed'] as const;

export function isClosed({ settings }: Pick<AccountRecord, 'settings'>): boolean {
  return settings[ACCESS] === 'closed';
}
