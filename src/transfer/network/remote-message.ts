/** A message as the old server tells of it, in our words. */
import type { FetchMessageObject } from 'imapflow';
import { parseSystemFlag } from '../../mail/flags.ts';
import { keywordsOf } from '../bookkeeping.ts';

export interface RemoteMessage {
  readonly uid: number;
  /** Bits of `FLAG`. */
  readonly flags: number;
  readonly keywords: readonly string[];
  /** Seconds since 1970; undefined when the server tells none. */
  readonly internalDate: number | undefined;
  /** As announced; what comes may be of another size. */
  readonly sizeBytes: number;
  /** Of Gmail, decoded: `\Inbox`, `Work/2024`. */
  readonly labels: readonly string[];
}

/** Undefined for a row without a UID, as servers send them when the flags of another message change. */
export function listedOf(row: FetchMessageObject): RemoteMessage | undefined {
  if (!Number.isInteger(row.uid) || row.uid < 1 || row.uid > 0xffff_ffff || row.flags === undefined)
    return undefined;
  const names = [...row.flags];
  const { internalDate } = row;
  const seconds = internalDate instanceof Date ? Math.floor(internalDate.getTime() / 1000) : undefined;
  return {
    uid: row.uid,
    flags: names.reduce((bits, name) => bits | (parseSystemFlag(name) ?? 0), 0),
    // `\Recent` and the server's own flags are none; Gmail has a label for what others have a keyword for (RFC 8457).
    keywords: keywordsOf(row.labels?.has('\\Important') === true ? [...names, '$Important'] : names),
    internalDate: seconds !== undefined && seconds >= 0 && seconds <= 0xffff_ffff ? seconds : undefined,
    sizeBytes: row.size ?? 0,
    labels: row.labels === undefined ? [] : [...row.labels],
  };
}
