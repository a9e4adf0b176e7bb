/** The calls of `PeopleAdmin` as resources of the control socket. */
import { z } from 'zod';
import { MOST_A_PAGE, STANDINGS } from './people-admin.ts';
import { defined, on, type Route, valid } from './route.ts';

const PageSchema = z.strictObject({
  search: z.string().max(1000).optional(),
  standing: z.enum(STANDINGS).optional(),
  after: z.string().max(1000).optional(),
  limit: z.int().min(1).max(MOST_A_PAGE),
});

export const PEOPLE_ROUTES: readonly Route[] = Object.freeze([
  on('POST', '/v1/accounts/page', async (call) => ({
    json: await call.admin.people.page(defined(valid(PageSchema, await call.json()))),
  })),
  on('POST', '/v1/accounts/([^/]+)/link', async ({ admin }, address) => ({
    json: { token: await admin.people.makeLink(address) },
  })),
  on('DELETE', '/v1/accounts/([^/]+)/second-step', async ({ admin }, address) => ({
    json: { isDone: await admin.people.resetSecondStep(address) },
  })),
  on('GET', '/v1/sign-ins/([1-9]\\d{0,4})', async ({ admin }, limit) => ({
    json: { events: await admin.people.signIns(Number(limit)) },
  })),
  on('DELETE', '/v1/connections/([^/]+)', async ({ admin }, id) => ({
    json: { isDone: await admin.people.disconnect(id) },
  })),
]);
