/** The calls of `QueueAdmin` as resources of the control socket. */
import { z } from 'zod';
import { OUTGOING_TEXT } from '../mailbox/model/outgoing.ts';
import { QUEUE_CHANGES, type QueueChange, type QueuePage } from './queue-admin.ts';
import { on, type Route, valid } from './route.ts';

const id = z.string().regex(OUTGOING_TEXT);
const name = z.string().max(1000).optional();
const PageSchema = z.strictObject({
  account: name,
  domain: name,
  after: id.optional(),
  limit: z.int().min(1).max(10_000),
});
const ChangeSchema = z.strictObject({
  what: z.enum(QUEUE_CHANGES),
  ids: z.array(id).max(10_000).optional(),
  filter: z.strictObject({ account: name, domain: name }).optional(),
  reason: z.string().max(400).optional(),
  isReported: z.boolean().optional(),
});

export const QUEUE_ROUTES: readonly Route[] = Object.freeze([
  on('GET', '/v1/queue', async ({ admin }) => ({ json: await admin.queue.state() })),
  on('PATCH', '/v1/queue', async (call) => {
    const { isPaused } = valid(z.strictObject({ isPaused: z.boolean() }), await call.json());
    await call.admin.queue.setPaused(isPaused);
    return { json: {} };
  }),
  on('POST', '/v1/queue/list', async (call) => {
    const page = valid(PageSchema, await call.json()) as QueuePage;
    return { json: { messages: await call.admin.queue.list(page) } };
  }),
  on('GET', '/v1/queue/messages/(\\d{1,7}-s?\\d{1,10})', async ({ admin }, number) => {
    const message = await admin.queue.find(number);
    return { json: message === undefined ? {} : { message } };
  }),
  on('GET', '/v1/queue/events/(\\d{1,7}-s?\\d{1,10})', async ({ admin }, number) => ({
    json: { events: await admin.queue.events(number) },
  })),
  on('POST', '/v1/queue/change', async (call) => {
    const change = valid(ChangeSchema, await call.json()) as QueueChange;
    return { json: await call.admin.queue.change(change) };
  }),
]);
