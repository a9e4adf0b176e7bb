/** Ids of accounts (RFC 8620 §1.6.2): `a` and the number. */
import { type AccountId, asAccountId, MAX_ACCOUNT_ID } from '../../mailbox/model/model.ts';

export const accountObjectId = (id: AccountId): string => `a${id}`;

/** Undefined when it is none that could ever be given. */
export function accountOfObjectId(text: string): AccountId | undefined {
  if (!/^a[1-9]\d{0,9}$/.test(text)) return undefined;
  const number = Number(text.slice(1));
  return number <= MAX_ACCOUNT_ID ? asAccountId(number) : undefined;
}
