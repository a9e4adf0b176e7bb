/** The calls of `MigrationAccess` as resources of the control socket. */
import { z } from 'zod';
import { on, type Route, valid } from './route.ts';

const MIGRATION = '/v1/accounts/([^/]+)/migration';
const count = z.int().min(0);
const mailbox = z.string().max(10_000);
const octets = (length: number) =>
  z
    .base64()
    .max(100)
    .transform((text) => Buffer.from(text, 'base64'))
    .refine((bytes) => bytes.length === length, `expected ${length} octets`);
const folder = octets(8);
const importKey = octets(16);
const marks = count.max(0xffff_ffff);
const uid = z.int().min(1);
const uids = z.array(uid).max(10_000);
const TracesSchema = z.strictObject({
  mailbox,
  folder,
  after: importKey.optional(),
  limit: count.max(20_000),
});
const FollowedSchema = z.strictObject({
  importKey,
  uid,
  flags: count.max(255),
  keywords: z.array(z.string().max(128)).max(1000),
  marks,
});
const MarksSchema = z.strictObject({ mailbox, messages: z.array(FollowedSchema).max(10_000) });
const UidsSchema = z.strictObject({ mailbox, uids });
const CopySchema = z.strictObject({
  from: z.strictObject({ mailbox, uid }),
  to: z.strictObject({ mailbox, importKey, marks }),
});

export const MIGRATION_ROUTES: readonly Route[] = Object.freeze([
  on('POST', `${MIGRATION}/holders`, async (call, address) => {
    const asked = valid(z.strictObject({ folder }), await call.json());
    return { json: { mailboxes: await call.admin.migration.holdersOf(address, asked.folder) } };
  }),
  on('POST', `${MIGRATION}/traces`, async (call, address) => {
    const { mailbox, folder, after, limit } = valid(TracesSchema, await call.json());
    const range = { folder, ...(after === undefined ? {} : { after }) };
    const traces = await call.admin.migration.loadTraces(address, mailbox, range, limit);
    return { json: { traces: traces.map(({ key, uid, marks }) => [key.toString('base64'), uid, marks]) } };
  }),
  on('POST', `${MIGRATION}/marks`, async (call, address) => {
    const { mailbox, messages } = valid(MarksSchema, await call.json());
    return { json: { changed: await call.admin.migration.followMarks(address, mailbox, messages) } };
  }),
  on('POST', `${MIGRATION}/digests`, async (call, address) => {
    const { mailbox, uids } = valid(UidsSchema, await call.json());
    const digests = await call.admin.migration.digestsOf(address, mailbox, uids);
    return { json: { digests: digests.map((digest) => digest ?? null) } };
  }),
  on('POST', `${MIGRATION}/remove`, async (call, address) => {
    const { mailbox, uids } = valid(UidsSchema, await call.json());
    return { json: { removed: await call.admin.migration.removeMessages(address, mailbox, uids) } };
  }),
  on('POST', `${MIGRATION}/copy`, async (call, address) => {
    const { from, to } = valid(CopySchema, await call.json());
    return { json: { isThere: await call.admin.migration.copyMessage(address, from, to) } };
  }),
]);
