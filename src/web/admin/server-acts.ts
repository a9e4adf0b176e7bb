/** The queue, who is connected, who came in, and how the server is. */
import { z } from 'zod';
import { QUEUE_CHANGES } from '../../admin/queue-admin.ts';
import { MailboxError } from '../../mailbox/model/errors.ts';
import { OUTGOING_TEXT } from '../../mailbox/model/outgoing.ts';
import type { ConnectionFacts } from '../../net/guest.ts';
import { deviceName } from '../device-name.ts';
import { type Act, act } from './act.ts';

const PAGE = 50;
const MOST_CONNECTIONS = 500;
const MOST_SIGN_INS = 200;
const ID = z.string().regex(OUTGOING_TEXT);

export const SERVER_ACTS: readonly Act[] = Object.freeze([
  act({
    name: 'queue',
    schema: z.strictObject({
      account: z.string().min(1).max(320).optional(),
      domain: z.string().min(1).max(320).optional(),
      after: ID.optional(),
    }),
    run: async ({ admin }, { account, domain, after }) => {
      const filter = { ...(account && { account }), ...(domain && { domain }), ...(after && { after }) };
      const [state, messages] = await Promise.all([
        admin.queue.state(),
        admin.queue.list({ ...filter, limit: PAGE }),
      ]);
      return { value: { state, messages, isMore: messages.length === PAGE } };
    },
  }),
  act({
    name: 'queue/events',
    schema: z.strictObject({ id: ID }),
    run: async ({ admin }, { id }) => ({ value: { events: await admin.queue.events(id) } }),
  }),
  act({
    ...{ name: 'queue/change', did: 'mail in the queue changed' },
    schema: z.strictObject({
      what: z.enum(QUEUE_CHANGES),
      ids: z.array(ID).min(1).max(PAGE),
      isReported: z.boolean().optional(),
    }),
    run: async ({ admin }, { what, ids, isReported = false }) => {
      const { recipients: changed } = await admin.queue.change({ what, ids, isReported });
      return { facts: { change: what, ids: ids.join(' '), changed }, value: { changed } };
    },
  }),
  act({
    ...{ name: 'queue/pause', did: 'the queue was paused or went on' },
    schema: z.strictObject({ isPaused: z.boolean() }),
    run: async ({ admin }, { isPaused }) => {
      await admin.queue.setPaused(isPaused);
      return { facts: { isPaused } };
    },
  }),
  act({
    name: 'connections',
    schema: z.strictObject({}),
    run: async ({ admin }) => {
      const all = await admin.listConnections();
      const known = all.filter(({ account }) => account !== undefined);
      const connections = known.slice(0, MOST_CONNECTIONS).map(shortened);
      return {
        value: { connections, total: all.length, known: known.length },
      };
    },
  }),
  act({
    ...{ name: 'connections/end', did: 'connection ended' },
    schema: z.strictObject({ id: z.string().min(1).max(100) }),
    run: async ({ admin }, { id }) => {
      const found = (await admin.listConnections()).find((one) => one.id === id);
      if (found === undefined || !(await admin.people.disconnect(id)))
        throw new MailboxError('nonexistent', 'that connection has ended already');
      const { account, service, remote } = found;
      return { facts: { session: id, service, client: remote }, ...(account && { account }) };
    },
  }),
  act({
    name: 'sign-ins',
    schema: z.strictObject({}),
    run: async ({ admin }) => ({
      value: { events: (await admin.people.signIns(MOST_SIGN_INS)).toReversed() },
    }),
  }),
  act({
    name: 'server',
    schema: z.strictObject({}),
    run: async ({ facts, health, administration }) => {
      const [report, certificates] = await Promise.all([health(), administration.certificates()]);
      const { version, startedMs } = facts;
      return { value: { version, startedMs, health: report, certificates } };
    },
  }),
]);

/** A browser as its person calls it, not all that it says of itself. */
function shortened({ client, ...facts }: ConnectionFacts): ConnectionFacts {
  if (client === undefined) return facts;
  return { ...facts, client: facts.service === 'http' ? deviceName(client) : client };
}
