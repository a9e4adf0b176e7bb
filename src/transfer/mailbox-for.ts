/**
 * Which mailbox a folder of a source becomes. A folder at the top that other programs use for a role ("Sent Items",
 * "Deleted Messages") becomes the account's mailbox of that role, and what lies below the one lies below the other
 * ("Archives/2020" becomes "Archive/2020"): a second tree beside it would be used by no client.
 */

import type { Role } from '../mailbox/model/model.ts';
import { roleOfName } from '../mailbox/operations/folders.ts';

export type RoleHolders = readonly { readonly name: string; readonly role?: Role }[];

export interface Placement {
  readonly roles: RoleHolders;
  /** The name the person gave. */
  readonly below: string | undefined;
  /** The source is this one folder: the name given is its own. */
  readonly isOnly: boolean;
}

export function mailboxFor(folder: string, { roles, below, isOnly }: Placement): string {
  const name = allowed(folder);
  if (below !== undefined) return isOnly || name.toUpperCase() === 'INBOX' ? below : `${below}/${name}`;
  const [top = '', ...deeper] = name.split('/');
  return [mailboxAtTop(top, roles), ...deeper].join('/');
}

function mailboxAtTop(name: string, roles: RoleHolders): string {
  if (name.toUpperCase() === 'INBOX') return 'INBOX';
  const role = roleOfName(name);
  return (role === undefined ? undefined : roles.find((holder) => holder.role === role)?.name) ?? name;
}

/** What no mailbox name may hold becomes `_`; empty levels go. */
function allowed(folder: string): string {
  const levels = folder.replace(/[*%\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '_').split('/');
  return levels.filter((level) => level !== '').join('/') || 'Imported';
}
