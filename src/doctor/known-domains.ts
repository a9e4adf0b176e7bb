/** Domains as the checks want them, for whoever knows the server's own. */
import { domainToASCII } from 'node:url';
import type { Admin, DomainSummary } from '../admin/admin.ts';
import type { DomainOverview } from '../feedback/overview.ts';
import type { Domains } from './world.ts';

const REPORTED_DAYS = 30;
/** More are looked at one by one. */
const MOST_OVERVIEWS = 200;

/** With the keys that sign for them. */
export function domainsIn(domains: readonly DomainSummary[]): Extract<Domains, { kind: 'known' }> {
  return {
    kind: 'known',
    names: domains.map(({ name }) => name).sort(),
    keys: new Map(domains.map(({ name, keys }) => [domainToASCII(name), keys])),
  };
}

/** What others have reported of them lately. */
export async function overviewsOf(
  { feedback }: Pick<Admin, 'feedback'>,
  domains: readonly DomainSummary[],
): Promise<ReadonlyMap<string, DomainOverview>> {
  const overviews = new Map<string, DomainOverview>();
  for (const { name } of domains.slice(0, MOST_OVERVIEWS))
    overviews.set(domainToASCII(name), await feedback.overviewOf(name, REPORTED_DAYS));
  return overviews;
}
