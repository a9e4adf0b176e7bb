/** Domains with what the DNS says of them, and addresses that lead to others. */
import { z } from 'zod';
import { domainOf } from '../../mailbox/model/domains.ts';
import { type Act, act } from './act.ts';

const MOST_ALIASES = 200;
const NAME = z.string().min(1).max(320);
const ONE = z.strictObject({ name: NAME });
const TARGETS = z.array(NAME).min(1).max(100);

export const DOMAIN_ACTS: readonly Act[] = Object.freeze([
  act({
    name: 'domains',
    schema: z.strictObject({}),
    run: async ({ admin }) => ({ value: { domains: await admin.domains.listDomains() } }),
  }),
  act({
    name: 'domain',
    schema: ONE,
    run: async ({ administration }, { name }) => ({ value: await administration.report(name) }),
  }),
  act({
    ...{ name: 'domains/add', did: 'domain added' },
    schema: ONE,
    run: async ({ admin }, { name }) => {
      const domain = await admin.domains.addDomain(name);
      return { facts: { domain: domain.name }, value: domain };
    },
  }),
  act({
    ...{ name: 'domain/rotate', did: 'keys of a domain renewed' },
    schema: ONE,
    run: async ({ admin }, { name }) => {
      const domain = await admin.domains.rotateKeys(name);
      return { facts: { domain: domain.name }, value: domain };
    },
  }),
  act({
    ...{ name: 'domain/remove', did: 'domain removed', isDangerous: true },
    schema: ONE,
    run: async ({ admin }, { name }) => {
      const domain = await admin.domains.findDomain(name);
      const aliases = await admin.domains.removeDomain(domain.name);
      return { facts: { domain: domain.name, aliases }, value: { aliases } };
    },
  }),
  act({
    name: 'aliases',
    schema: z.strictObject({ domain: NAME.optional(), search: z.string().max(320).optional() }),
    run: async ({ admin }, { domain, search = '' }) => {
      const part = search.trim().toLowerCase();
      const all = (await admin.domains.listAliases()).filter(
        ({ address, targets }) =>
          (domain === undefined || domainOf(address) === domain) &&
          [address, ...targets].some((one) => one.toLowerCase().includes(part)),
      );
      return { value: { aliases: all.slice(0, MOST_ALIASES), total: all.length } };
    },
  }),
  act({
    ...{ name: 'aliases/add', did: 'alias changed', isDangerous: true },
    schema: z.strictObject({ address: NAME, targets: TARGETS }),
    run: async ({ admin }, { address, targets }) => {
      const { alias, changed } = await admin.domains.addToAlias(address, targets);
      return { facts: { alias: alias?.address ?? address, added: changed.join(' ') }, value: { alias } };
    },
  }),
  act({
    ...{ name: 'aliases/drop', did: 'alias changed', isDangerous: true },
    schema: z.strictObject({ address: NAME, targets: z.union([TARGETS, z.literal('all')]) }),
    run: async ({ admin }, { address, targets }) => {
      const { alias, changed } = await admin.domains.dropFromAlias(address, targets);
      return { facts: { alias: alias?.address ?? address, dropped: changed.join(' ') }, value: { alias } };
    },
  }),
]);
