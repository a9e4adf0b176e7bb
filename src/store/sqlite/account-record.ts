/** An account as its row in `accounts.db` says. */
import type { StoredCredential } from '../../mailbox/model/credential.ts';
import { type AccountRecord, asAccountId } from '../../mailbox/model/model.ts';
import type { Row } from './database.ts';

export function recordOf(row: Row, shard: number, credentials: readonly StoredCredential[]): AccountRecord {
  return {
    id: asAccountId(row[0] as number),
    address: row[1] as string,
    credentials,
    createdMs: row[4] as number,
    shard,
    settings: JSON.parse(row[5] as string) as Record<string, string>,
    ...quota((row[2] as number | null) ?? undefined, (row[3] as number | null) ?? undefined),
  };
}

/** The limits that are set. */
export function quota(quotaBytes: number | undefined, quotaMessages: number | undefined) {
  const bytes = quotaBytes === undefined ? {} : { quotaBytes };
  return quotaMessages === undefined ? bytes : { ...bytes, quotaMessages };
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
