/** An account as its row in `accounts.db` says. */
import type { StoredCredential } from '../../mailbox/model/credential.ts';
import { type AccountRecord, asAccountId } from '../../mailbox/model/model.ts';
import { asOwnLimits, changedChoices, type LimitChoice, type OwnLimits } from '../../mailbox/model/quota.ts';
import type { Row } from './database.ts';

export function recordOf(row: Row, shard: number, credentials: readonly StoredCredential[]): AccountRecord {
  return {
    id: asAccountId(row[0] as number),
    address: row[1] as string,
    credentials,
    createdMs: row[4] as number,
    shard,
    settings: JSON.parse(row[5] as string) as Record<string, string>,
    ...limitsIn(row),
  };
}

/** How a row says that there is no limit. */
const NO_LIMIT = -1;

function limitsIn(row: Row): OwnLimits {
  const choice = (column: number): LimitChoice | undefined => {
    const value = row[column] as number | null | undefined;
    return value === NO_LIMIT ? 'none' : (value ?? undefined);
  };
  return asOwnLimits(changedChoices({}, { bytes: choice(2), messages: choice(3), mailboxes: choice(7) }));
}

/** Octets, messages, mailboxes. */
export function limitColumns({ quotaBytes, quotaMessages, quotaMailboxes }: OwnLimits) {
  return [quotaBytes, quotaMessages, quotaMailboxes].map((choice) =>
    choice === 'none' ? NO_LIMIT : (choice ?? null),
  ) as [number | null, number | null, number | null];
}

/** Settings after a change; a value of undefined takes one away. */
export function changed(
  old: Readonly<Record<string, string>>,
  change: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const entries = new Map(Object.entries(old));
  for (const [key, value] of Object.entries(change)) {
    if (value === undefined) entries.delete(key);
    else entries.set(key, value);
  }
  return Object.fromEntries(entries);
}
