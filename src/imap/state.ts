/**
 * Where a session stands (RFC 9051 §3), each state with what belongs to it. A command declares the states it runs in
 * and is handed exactly that member; a transition is a value that the session applies.
 */
import type { AccountState } from '../mailbox/state/account.ts';
import type { Selected } from './selected.ts';

export type State =
  | { readonly kind: 'not-authenticated' }
  | { readonly kind: 'authenticated'; readonly account: AccountState }
  | { readonly kind: 'selected'; readonly account: AccountState; readonly selected: Selected }
  | { readonly kind: 'logout' };

export type StateKind = Exclude<State['kind'], 'logout'>;
export type StateOf<Kind extends StateKind> = Extract<State, { readonly kind: Kind }>;

export const NOT_AUTHENTICATED: State = Object.freeze({ kind: 'not-authenticated' });
export const LOGOUT: State = Object.freeze({ kind: 'logout' });
