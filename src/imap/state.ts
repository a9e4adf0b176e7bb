/**
 * Where a dialogue stands (RFC 9051 §3), each state with what belongs to it. A command declares the states it runs in
 * and is handed exactly that member; a transition is a value that the dialogue applies.
 */
import type { Socket } from 'node:net';
import type { AccountState } from '../mailbox/state/account.ts';
import type { Selected } from './selected.ts';

export type State =
  | { readonly kind: 'not-authenticated' }
  /** `own`: whose session it is; the mailbox that is open may be another's (`selected.account`). */
  | { readonly kind: 'authenticated'; readonly own: AccountState }
  | { readonly kind: 'selected'; readonly own: AccountState; readonly selected: Selected }
  | { readonly kind: 'logout' }
  /** Signed in, and served by whoever holds the account, who answers the command as well. */
  | { readonly kind: 'elsewhere'; readonly holder: Socket };

export type StateKind = Exclude<State['kind'], 'logout' | 'elsewhere'>;
export type StateOf<Kind extends StateKind> = Extract<State, { readonly kind: Kind }>;

export const NOT_AUTHENTICATED: State = Object.freeze({ kind: 'not-authenticated' });
export const LOGOUT: State = Object.freeze({ kind: 'logout' });
