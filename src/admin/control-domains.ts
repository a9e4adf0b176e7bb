/** Domains and aliases of a running server, through its control socket. */
import { domainOf } from '../mailbox/model/domains.ts';
import type {
  AccountSummary,
  AliasChanged,
  AliasSummary,
  DomainOperations,
  DomainSummary,
  FeedbackAdmin,
} from './admin.ts';

type Ask = <T>(method: string, path: string, body?: object) => Promise<T>;

const domainPath = (name: string): string => `/v1/domains/${encodeURIComponent(name)}`;
const aliasPath = (address: string): string => `/v1/aliases/${encodeURIComponent(address)}`;

export function domainsOver(ask: Ask): DomainOperations {
  return {
    listDomains: async () => (await ask<{ domains: DomainSummary[] }>('GET', '/v1/domains')).domains,
    findDomain: (name) => ask('GET', domainPath(name)),
    addDomain: (name, rest = []) => ask('POST', '/v1/domains', { name, rest }),
    removeDomain: async (name) => (await ask<{ aliases: number }>('DELETE', domainPath(name))).aliases,
    setQuota: (name, quota, total = {}) => ask('PATCH', domainPath(name), { quota, total }),
    rotateKeys: (name) => ask('POST', `${domainPath(name)}/rotate`),
    lookAtKeys: (name) => ask('POST', `${domainPath(name)}/look`),
    listAliases: async () => (await ask<{ aliases: AliasSummary[] }>('GET', '/v1/aliases')).aliases,
    addToAlias: (address, targets) => ask<AliasChanged>('POST', `${aliasPath(address)}/add`, { targets }),
    dropFromAlias: (address, targets) => ask<AliasChanged>('POST', `${aliasPath(address)}/drop`, { targets }),
  };
}

/** Of several processes: whoever writes the domains does not hold all of their accounts, so what those use together is asked of everybody. */
export function sharedDomains(
  local: DomainOperations,
  listAccounts: () => Promise<readonly AccountSummary[]>,
): DomainOperations {
  const summed = async (domains: readonly DomainSummary[]): Promise<readonly DomainSummary[]> => {
    if (domains.every(({ total }) => total === undefined)) return domains;
    const accounts = await listAccounts();
    return domains.map((domain) => {
      const { name, total } = domain;
      if (total === undefined) return domain;
      const inIt = accounts.filter(({ address }) => domainOf(address) === name);
      const usedBytes = inIt.reduce((sum, one) => sum + one.usedBytes, 0);
      const usedMessages = inIt.reduce((sum, one) => sum + one.usedMessages, 0);
      return { ...domain, total: { ...total, usedBytes, usedMessages } };
    });
  };
  const one = async (domain: Promise<DomainSummary>): Promise<DomainSummary> => {
    const found = await domain;
    return (await summed([found]))[0] ?? found;
  };
  return {
    listDomains: async () => summed(await local.listDomains()),
    findDomain: (name) => one(local.findDomain(name)),
    addDomain: (...args) => local.addDomain(...args),
    removeDomain: (name) => local.removeDomain(name),
    setQuota: (...args) => one(local.setQuota(...args)),
    rotateKeys: (name) => one(local.rotateKeys(name)),
    lookAtKeys: (name) => one(local.lookAtKeys(name)),
    listAliases: () => local.listAliases(),
    addToAlias: (...args) => local.addToAlias(...args),
    dropFromAlias: (...args) => local.dropFromAlias(...args),
  };
}

export function feedbackOver(ask: Ask): FeedbackAdmin {
  return { overviewOf: (domain, days) => ask('GET', `${domainPath(domain)}/reports/${days}`) };
}
