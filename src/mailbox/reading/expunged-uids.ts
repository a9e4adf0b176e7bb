/** UIDs of messages that have left a mailbox since a modseq, from the history; also of those that nobody can read any more. */
import type { Domain } from '../domain.ts';
import type { ModSeq } from '../model/model.ts';
import { unpackUids } from '../model/record.ts';
import type { AccountState } from '../state/account.ts';
import type { MailboxState } from '../state/mailbox.ts';

/** Each has a thousand at most. */
const ROWS_PER_LOAD = 200;

export interface ExpungedSince {
  readonly account: AccountState;
  readonly mailbox: MailboxState;
  readonly since: ModSeq;
  /** Between loads; what it returns is waited for. */
  readonly pause: () => Promise<void> | undefined;
}

/** Up to here the history may be incomplete: what has left before is known by what is there. */
export function historyFloorOf(
  { historyFloor }: Pick<AccountState, 'historyFloor'>,
  { expungedFloor }: Pick<MailboxState, 'expungedFloor'>,
): number {
  return Math.max(historyFloor, expungedFloor);
}

/** In the order in which they left, ascending within each piece; an expunge that is not yet decided is waited for. */
export async function* expungedUids(
  { store }: Pick<Domain, 'store'>,
  { account, mailbox, since, pause }: ExpungedSince,
): AsyncGenerator<Uint32Array> {
  if (account.unsettled !== undefined) await account.unsettled;
  for (let after = since; ; ) {
    const rows = await store.loadExpunged(account.id, mailbox.id, after, ROWS_PER_LOAD);
    for (const row of rows) {
      after = row.modseq;
      yield unpackUids(row.uids);
    }
    if (rows.length < ROWS_PER_LOAD) return;
    await pause();
  }
}
