/**
 * What messages are sorted by that no record says: the keys that delivery computed (`mail/sort-keys.ts`), which are those of the usual
 * collation; for another one, and where they are lost or not computed yet, those of their headers. One that cannot be read has
 * empty keys.
 */
import { type TextCollation, USUAL_COLLATION } from '../../mail/fold.ts';
import { HeaderBlock, MAX_PARSED_BYTES } from '../../mail/header.ts';
import { type HeaderSummary, summary } from '../../mail/header-summary.ts';
import { sortKeys } from '../../mail/sort-keys.ts';
import { selectFields, wantedFields } from '../../mail/stored-header.ts';
import type { Domain } from '../domain.ts';
import { type EmailId, emailId } from '../model/model.ts';
import type { MessageRecord } from '../model/record.ts';
import { loadFacts, partsOf, readIntact } from '../reading/message-reader.ts';
import type { AccountState } from '../state/account.ts';

export const EMPTY_KEYS = Buffer.alloc(0);
const FIELDS = wantedFields(['from', 'to', 'cc', 'subject', 'date']) as Uint8Array;

/** In the order of the records, some hundred at once. */
export async function loadSortKeys(
  domain: Domain,
  account: AccountState,
  records: readonly MessageRecord[],
  collation: TextCollation = USUAL_COLLATION,
): Promise<readonly Buffer[]> {
  if (collation !== USUAL_COLLATION) {
    const headers = await loadHeaders(domain, account, records);
    return headers.map((header) => sortKeys(header, collation));
  }
  const ids = records.map(({ email }) => emailId(account.id, email));
  const facts = await loadFacts(domain, ids, ['sort']);
  const keys = facts.map((one) => one?.sort);
  for (const [i, key] of keys.entries()) {
    if (key !== undefined) continue;
    const header = await readHeader(domain, ids[i] as EmailId, (records[i] as MessageRecord).size);
    keys[i] = header === undefined ? EMPTY_KEYS : sortKeys(summary(header));
  }
  return keys as readonly Buffer[];
}

/** Of the fields that mail is sorted by, in the order of the records. */
export async function loadHeaders(
  domain: Domain,
  account: AccountState,
  records: readonly MessageRecord[],
): Promise<readonly HeaderSummary[]> {
  const ids = records.map(({ email }) => emailId(account.id, email));
  const facts = await loadFacts(domain, ids, ['header']);
  const headers: HeaderSummary[] = [];
  for (const [i, id] of ids.entries()) {
    const stored = facts[i]?.header;
    const pieces = stored && selectFields(stored, FIELDS);
    const header = pieces
      ? new HeaderBlock(Buffer.concat(pieces))
      : await readHeader(domain, id, (records[i] as MessageRecord).size);
    headers.push(summary(header ?? new HeaderBlock(Buffer.alloc(0))));
  }
  return headers;
}

export async function readHeader(
  domain: Domain,
  email: EmailId,
  sizeBytes: number,
): Promise<HeaderBlock | undefined> {
  const [facts] = await loadFacts(domain, [email], ['parts']);
  const end = Math.min(partsOf(facts, sizeBytes).bodyStart, MAX_PARSED_BYTES);
  const [bytes] = await readIntact(domain, [{ email, start: 0, end }]);
  return bytes === undefined ? undefined : new HeaderBlock(bytes);
}
