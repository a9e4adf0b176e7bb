/**
 * What is to be published for a domain: all that the checks would find missing in a DNS that knows nothing of it. So what is
 * printed for a new domain and what is looked for later cannot differ. Whether the zone of the host is signed, which a TLSA record
 * needs, is asked of the real one.
 */
import type { Answer, Dns } from '../dns/answer.ts';
import { associations } from './checks/associations.ts';
import { DOMAIN_CHECKS } from './checks.ts';
import { examine } from './examine.ts';
import type { World } from './world.ts';

const NOTHING: Dns = { ask: async () => ({ kind: 'nodata', isSecure: false }) as Answer<never> };

/** Lines for a zone file. */
export async function wantedRecords(world: World): Promise<readonly string[]> {
  const web = async () => ({ kind: 'failed', why: 'not asked' }) as const;
  const signed: Dns = { ask: (name, type) => (type === 'TLSA' ? NOTHING : world.dns).ask(name, type) };
  const findings = [
    ...(await examine({ ...world, dns: NOTHING, web }, DOMAIN_CHECKS)),
    ...(await examine({ ...world, dns: signed, web }, [associations])),
  ];
  return findings.flatMap((finding) => ('records' in finding ? (finding.records ?? []) : []));
}
