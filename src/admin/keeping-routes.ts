/** The calls of `KeepingAdmin` as resources of the control socket. */
import { z } from 'zod';
import { on, type Route, valid } from './route.ts';

const ACCOUNT = '/v1/accounts/([^/]+)';
const RetentionSchema = z.strictObject({
  mailbox: z.string().max(10_000),
  rule: z.union([z.int().min(1).max(99_999), z.literal('never'), z.null()]),
});

export const KEEPING_ROUTES: readonly Route[] = Object.freeze([
  on('GET', `${ACCOUNT}/retention`, async ({ admin }, address) => ({
    json: { mailboxes: await admin.keeping.retentionOf(address) },
  })),
  on('PATCH', `${ACCOUNT}/retention`, async (call, address) => {
    const { mailbox, rule } = valid(RetentionSchema, await call.json());
    await call.admin.keeping.setRetention(address, mailbox, rule);
    return { json: {} };
  }),
]);
