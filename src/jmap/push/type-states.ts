/**
 * The state of each type in an account (RFC 8620 §7.1), for whoever is pushed changes: what `/get` of the type would say. Those
 * of other types than mail are named in `routes.ts`.
 */
import { type Moment, momentOf } from '../../mailbox/reading/moment.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { momentString } from '../core/state-string.ts';

/** By type, in memory, with its belongings loaded: it may be told when `account.unsettled` has resolved. */
export type StateSources = Readonly<Record<string, (account: AccountState) => string>>;
export type TypeStates = Readonly<Record<string, string>>;

export const MAIL_STATES: StateSources = Object.freeze({
  Email: (account) => momentString('emails', momentOf(account, 'emails')),
  Thread: (account) => momentString('threads', momentOf(account, 'emails')),
  Mailbox: (account) => momentString('mailboxes', momentOf(account, 'mailboxes')),
  // Mail has come; reading it is no reason to wake a phone (RFC 8621 §1.5).
  EmailDelivery: (account) => deliveryState(momentOf(account, 'emails')),
});

/** Of an account that is shown to somebody else, who is not the one that its mail is delivered to. */
export const SHARED_STATES: StateSources = Object.freeze(
  Object.fromEntries(Object.entries(MAIL_STATES).filter(([type]) => type !== 'EmailDelivery')),
);

function deliveryState({ nextEmail }: Moment): string {
  return `d${nextEmail}`;
}

export function statesOf(
  sources: StateSources,
  account: AccountState,
  wanted: ReadonlySet<string> | undefined,
): TypeStates {
  const pairs = Object.entries(sources)
    .filter(([type]) => wanted?.has(type) ?? true)
    .map(([type, read]) => [type, read(account)] as const);
  return Object.fromEntries(pairs);
}

/** Those of now that are not as before. */
export function changedStates(before: TypeStates, now: TypeStates): TypeStates {
  return Object.fromEntries(Object.entries(now).filter(([type, state]) => before[type] !== state));
}

const MAX_STRING = 4000;

/** States as one string, by which a client says where it was; of very many accounts those of its own. */
export function stateString(states: TypeStates): string {
  const pairs = Object.entries(states);
  const all = joined(pairs);
  return all.length <= MAX_STRING ? all : joined(pairs.filter(([type]) => !type.includes('/')));
}

function joined(pairs: readonly (readonly [type: string, state: string])[]): string {
  return pairs.map(([type, state]) => `${type}=${state}`).join(',');
}

/** Undefined when it is none of ours. */
export function statesIn(text: string | undefined): TypeStates | undefined {
  if (text === undefined || text.length > MAX_STRING || !/^[\w/]+=[\w@-]+(?:,[\w/]+=[\w@-]+)*$/.test(text))
    return undefined;
  return Object.fromEntries(text.split(',').map((pair) => pair.split('=', 2) as [string, string]));
}
