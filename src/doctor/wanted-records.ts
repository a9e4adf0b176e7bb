/**
 * What is to be published for a domain: all that the checks would find missing in a DNS that knows nothing of it. So what is
 * printed for a new domain and what is looked for later cannot differ.
 */
import type { Answer, Dns } from '../dns/answer.ts';
import { DOMAIN_CHECKS } from './checks.ts';
import { examine } from './examine.ts';
import type { World } from './world.ts';

const NOTHING: Dns = { ask: async () => ({ kind: 'nodata', isSecure: false }) as Answer<never> };

/** Lines for a zone file. */
export async function wantedRecords(world: World): Promise<readonly string[]> {
  const web = async () => ({ kind: 'failed', why: 'not asked' }) as const;
  const findings = await examine({ ...world, dns: NOTHING, web }, DOMAIN_CHECKS);
  return findings.flatMap((finding) => ('records' in finding ? (finding.records ?? []) : []));
}
