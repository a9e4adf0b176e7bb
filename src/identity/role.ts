/**
 * Who administers this server in a browser: an account that says so among its settings, which the command line gives and takes. Looked
 * at with each request, so a role that was taken away is gone at once, wherever its person is signed in.
 */
import { isClosed } from '../mailbox/model/access.ts';
import type { AccountRecord } from '../mailbox/model/model.ts';

/** By the name under which an account keeps it. */
export const ROLE = 'account.role';
export const ROLES = ['person', 'admin'] as const;

export function isAdmin(record: Pick<AccountRecord, 'settings'>): boolean {
  return record.settings[ROLE] === 'admin' && !isClosed(record);
}
