/**
 * `ifInState` (RFC 8620 §5.3) where it counts: inside the first change, together with it. Between the look at the state before and
 * that change others may have come.
 */
import type { Domain } from '../../mailbox/domain.ts';
import { momentOf, type Shown } from '../../mailbox/reading/moment.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { MethodError } from './fault.ts';
import { momentString, type StateKind } from './state-string.ts';

/** The same domain, whose first change throws `stateMismatch`, and is none, when the account is in another state. */
export function onlyInState(
  domain: Domain,
  account: AccountState,
  kind: StateKind,
  ifInState: string | undefined,
): Domain {
  const shown: Shown = kind === 'mailboxes' ? 'mailboxes' : 'emails';
  return onlyIf(domain, ifInState, () => momentString(kind, momentOf(account, shown)));
}

/** Of what has a state of another kind: `state` is asked within the change. */
export function onlyIf(domain: Domain, ifInState: string | undefined, state: () => string): Domain {
  if (ifInState === undefined) return domain;
  let isTested = false;
  const { turns } = domain;
  return {
    ...domain,
    turns: {
      outbox: turns.outbox,
      onRoom: turns.onRoom,
      onRoomMade: turns.onRoomMade,
      onShared: turns.onShared,
      run: (operation) =>
        turns.run({
          ...operation,
          run: (change) => {
            if (!isTested && state() !== ifInState)
              throw new MethodError('stateMismatch', 'the state is another by now');
            isTested = true;
            return operation.run(change);
          },
        }),
    },
  };
}
