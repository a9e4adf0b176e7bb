/** Domains and aliases of a running server, through its control socket. */
import type { AliasChanged, AliasSummary, DomainOperations, DomainSummary, FeedbackAdmin } from './admin.ts';

type Ask = <T>(method: string, path: string, body?: object) => Promise<T>;

const domainPath = (name: string): string => `/v1/domains/${encodeURIComponent(name)}`;
const aliasPath = (address: string): string => `/v1/aliases/${encodeURIComponent(address)}`;

export function domainsOver(ask: Ask): DomainOperations {
  return {
    listDomains: async () => (await ask<{ domains: DomainSummary[] }>('GET', '/v1/domains')).domains,
    findDomain: (name) => ask('GET', domainPath(name)),
    addDomain: (name, rest = []) => ask('POST', '/v1/domains', { name, rest }),
    removeDomain: async (name) => (await ask<{ aliases: number }>('DELETE', domainPath(name))).aliases,
    setQuota: (name, quota) => ask('PATCH', domainPath(name), { quota }),
    rotateKeys: (name) => ask('POST', `${domainPath(name)}/rotate`),
    lookAtKeys: (name) => ask('POST', `${domainPath(name)}/look`),
    listAliases: async () => (await ask<{ aliases: AliasSummary[] }>('GET', '/v1/aliases')).aliases,
    addToAlias: (address, targets) => ask<AliasChanged>('POST', `${aliasPath(address)}/add`, { targets }),
    dropFromAlias: (address, targets) => ask<AliasChanged>('POST', `${aliasPath(address)}/drop`, { targets }),
  };
}

export function feedbackOver(ask: Ask): FeedbackAdmin {
  return { overviewOf: (domain, days) => ask('GET', `${domainPath(domain)}/reports/${days}`) };
}
