/** What an account may have, and who has said so. */
import type { Domain } from '../mailbox/domain.ts';
import { domainOf } from '../mailbox/model/domains.ts';
import type { AccountRecord } from '../mailbox/model/model.ts';
import { asOwnLimits, ownChoices, RESOURCES } from '../mailbox/model/quota.ts';
import type { AccountSummary } from './admin.ts';

type LimitsSummary = Pick<AccountSummary, 'quotaBytes' | 'quotaMessages' | 'quotaMailboxes' | 'quotaFrom'>;

export function limitsSummary(
  { accounts, store }: Pick<Domain, 'accounts' | 'store'>,
  record: AccountRecord,
): LimitsSummary {
  const limits = accounts.limitsOf(record);
  const own = ownChoices(record);
  const ofDomain = store.directory.domains.quotaOf(domainOf(record.address));
  const quotaFrom: { -readonly [R in keyof LimitsSummary['quotaFrom']]: LimitsSummary['quotaFrom'][R] } = {};
  for (const resource of RESOURCES) {
    if (own[resource] !== undefined) quotaFrom[resource] = 'account';
    else if (ofDomain[resource] !== undefined) quotaFrom[resource] = 'domain';
    else if (limits[resource] !== undefined) quotaFrom[resource] = 'default';
  }
  return { ...(asOwnLimits(limits) as Omit<LimitsSummary, 'quotaFrom'>), quotaFrom };
}
