/**
 * What the control socket answers about domains and aliases.
 *
 *     GET    /v1/domains                     POST { name, rest? }
 *     GET    /v1/domains/NAME                DELETE      PATCH { quota?, total? }
 *     POST   /v1/domains/NAME/rotate         new keys, which wait for the DNS
 *     POST   /v1/domains/NAME/look           looks at once whether it shows them
 *     GET    /v1/domains/NAME/reports/DAYS   what others have reported of it
 *     GET    /v1/aliases
 *     POST   /v1/aliases/ADDRESS/add         { targets }
 *     POST   /v1/aliases/ADDRESS/drop        { targets }, or "all"
 */
import { z } from 'zod';
import { defined, on, type Route, valid } from './route.ts';

const limit = z.union([z.int().min(0), z.enum(['none', 'default'])]).optional();
/** What is said of an account, or of all in a domain. */
export const QuotaSchema = z.strictObject({ bytes: limit, messages: limit, mailboxes: limit });
const most = z.union([z.int().min(0), z.literal('none')]).optional();
const DomainQuotaSchema = z.strictObject({
  quota: QuotaSchema.optional(),
  total: z.strictObject({ bytes: most, messages: most }).optional(),
});
const targets = z.array(z.string().max(1000)).max(1000);
const AddDomainSchema = z.strictObject({ name: z.string().max(1000), rest: targets.optional() });
const AddSchema = z.strictObject({ targets: targets.min(1) });
const DropSchema = z.strictObject({ targets: z.union([targets.min(1), z.literal('all')]) });

const DOMAIN = '/v1/domains/([^/]+)';
const ALIAS = '/v1/aliases/([^/]+)';

export const DOMAIN_ROUTES: readonly Route[] = Object.freeze([
  on('GET', '/v1/domains', async ({ admin }) => ({ json: { domains: await admin.domains.listDomains() } })),
  on('POST', '/v1/domains', async (call) => {
    const { name, rest } = valid(AddDomainSchema, await call.json());
    return { json: await call.admin.domains.addDomain(name, rest) };
  }),
  on('GET', DOMAIN, async ({ admin }, name) => ({ json: await admin.domains.findDomain(name) })),
  on('DELETE', DOMAIN, async ({ admin }, name) => ({
    json: { aliases: await admin.domains.removeDomain(name) },
  })),
  on('PATCH', DOMAIN, async (call, name) => {
    const { quota = {}, total = {} } = valid(DomainQuotaSchema, await call.json());
    return { json: await call.admin.domains.setQuota(name, defined(quota), defined(total)) };
  }),
  on('POST', `${DOMAIN}/rotate`, async ({ admin }, name) => ({ json: await admin.domains.rotateKeys(name) })),
  on('POST', `${DOMAIN}/look`, async ({ admin }, name) => ({ json: await admin.domains.lookAtKeys(name) })),
  on('GET', `${DOMAIN}/reports/(\\d{1,3})`, async ({ admin }, name, days) => ({
    json: await admin.feedback.overviewOf(name, Number(days)),
  })),
  on('GET', '/v1/aliases', async ({ admin }) => ({ json: { aliases: await admin.domains.listAliases() } })),
  on('POST', `${ALIAS}/add`, async (call, address) => {
    const wanted = valid(AddSchema, await call.json());
    return { json: await call.admin.domains.addToAlias(address, wanted.targets) };
  }),
  on('POST', `${ALIAS}/drop`, async (call, address) => {
    const wanted = valid(DropSchema, await call.json());
    return { json: await call.admin.domains.dropFromAlias(address, wanted.targets) };
  }),
]);
