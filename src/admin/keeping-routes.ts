/** The calls of `KeepingAdmin` as resources of the control socket. */
import { z } from 'zod';
import { defined, on, type Route, valid } from './route.ts';

const ACCOUNT = '/v1/accounts/([^/]+)';
const RetentionSchema = z.strictObject({
  mailbox: z.string().max(10_000),
  rule: z.union([z.int().min(1).max(99_999), z.literal('never'), z.null()]),
});
const time = z.number().min(0).optional();
const filter = { mailbox: z.string().max(10_000).optional(), sinceMs: time, beforeMs: time };
const DeletedSchema = z.strictObject({
  ...filter,
  position: z.int().min(0),
  limit: z.int().min(0).max(1000),
});
const RecoverSchema = z.strictObject({
  ...filter,
  ids: z.array(z.string().max(100)).max(100_000).optional(),
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
  on('POST', `${ACCOUNT}/deleted`, async (call, address) => {
    const { position, limit, ...rest } = valid(DeletedSchema, await call.json());
    return { json: await call.admin.keeping.listDeleted(address, defined(rest), { position, limit }) };
  }),
  on('POST', `${ACCOUNT}/recover`, async (call, address) => {
    const request = defined(valid(RecoverSchema, await call.json()));
    return { json: await call.admin.keeping.recover(address, request) };
  }),
]);
