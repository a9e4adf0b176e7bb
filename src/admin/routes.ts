/**
 * What the control socket answers, one line per question: the calls of `Admin` as HTTP resources.
 *
 *     GET    /v1/server
 *     GET    /v1/event-loop                                 the longest standstill since it was last asked, in ms
 *     GET    /v1/accounts                                   POST { accounts }
 *     GET    /v1/accounts/ADDRESS                           PATCH { password? passwordHash? quota? setting? }
 *                                                           DELETE { dropsQueued? }
 *     GET    /v1/accounts/ADDRESS/app-passwords             POST { name, services?, networks?, expiresMs? }
 *     DELETE /v1/accounts/ADDRESS/app-passwords/NUMBER
 *     GET    /v1/accounts/ADDRESS/usage                     what fills it
 *     GET    /v1/accounts/ADDRESS/retention                 PATCH { mailbox, rule }
 *     GET    /v1/accounts/ADDRESS/shares                    PATCH { mailbox, who, mode, rights }
 *     POST   /v1/accounts/ADDRESS/deleted { mailbox?, sinceMs?, beforeMs?, position, limit }
 *     POST   /v1/accounts/ADDRESS/recover { mailbox?, sinceMs?, beforeMs?, ids? }
 *     /v1/accounts/ADDRESS/migration/...                    what was brought from another server, see `migration-routes.ts`
 *     GET    /v1/accounts/ADDRESS/contents                  all its messages by their octets, one JSON object a line
 *     GET    /v1/accounts/ADDRESS/mailboxes
 *     PUT    /v1/accounts/ADDRESS/mailboxes/NAME { isSubscribed? }
 *     PUT    /v1/accounts/ADDRESS/mailboxes/NAME/uids { uidValidity, uidNext }
 *     POST   /v1/accounts/ADDRESS/mailboxes/NAME/imported { keys }
 *     GET    /v1/accounts/ADDRESS/mailboxes/NAME/messages/UID/header
 *     GET    /v1/accounts/ADDRESS/mailboxes/NAME/messages   POST, both as `message-frames.ts` has them
 *     GET    /v1/accounts/ADDRESS/scripts                   PATCH { active }
 *     GET    /v1/accounts/ADDRESS/scripts/ROLE/NAME         PUT { text }      DELETE      texts in base64
 *     GET    /v1/accounts/ADDRESS/scripts-log/LIMIT         what rules did, the oldest of LIMIT messages first
 *     /v1/domains, /v1/aliases                              see `domain-routes.ts`
 *     GET    /v1/queue                                      PATCH { isPaused }
 *     POST   /v1/queue/list { account?, domain?, after?, limit }
 *     GET    /v1/queue/events/ID
 *     POST   /v1/queue/change { what, ids? | filter?, reason?, isReported? }
 *     GET    /v1/health                                     whether the server can do its work, and why not
 *     GET    /v1/listeners                                  where it listens
 *     GET    /v1/metrics                                    its numbers, in the text format of Prometheus
 *     GET    /v1/samples                                    the numbers of one process, for whoever adds them up
 *     POST   /v1/accounts/page { search?, standing?, after?, limit }
 *     POST   /v1/accounts/ADDRESS/link                      a token that signs in to the webmail once
 *     GET    /v1/connections                                who is connected
 *     DELETE /v1/connections/ID
 *     GET    /v1/sign-ins/LIMIT                             of all accounts, the oldest of LIMIT first
 *     GET    /v1/activity/ADDRESS/LIMIT                     what happened to an account, the oldest of LIMIT events first
 *     GET    /v1/packing                                    how much of the mail is packed
 *     POST   /v1/compact                                    packs all of it, and answers when that is done
 *     POST   /v1/snapshot                                   PATCH: it is still needed      DELETE
 *     POST   /v1/check { address?, repair }                 answers one JSON object a line, as they are found; the last
 *                                                           is the verdict, or { kind: "failed", message }
 *
 * ADDRESS and NAME are percent-encoded. Input is checked by schema before anything happens.
 */
import { Readable } from 'node:stream';
import { z } from 'zod';
import { Secret } from '../base/secret.ts';
import type { MessageToAdd, StoredMessage } from '../transfer/mail-access.ts';
import { METRICS_TYPE, type Watch } from './admin.ts';
import { SNAPSHOT_ROUTES } from './control-snapshots.ts';
import { DOMAIN_ROUTES, QuotaSchema } from './domain-routes.ts';
import { failureOf } from './failure.ts';
import { KEEPING_ROUTES } from './keeping-routes.ts';
import { decodeMessages, encodeMessages, type Framed } from './message-frames.ts';
import { MIGRATION_ROUTES } from './migration-routes.ts';
import { PEOPLE_ROUTES } from './people-routes.ts';
import { QUEUE_ROUTES } from './queue-routes.ts';
import { type Answer, BadRequest, type Call, defined, on, type Route, valid } from './route.ts';
import { SCRIPT_ROUTES } from './script-routes.ts';
import { SHARING_ROUTES } from './sharing-routes.ts';

export { type Answer, BadRequest, type Call } from './route.ts';

const count = z.int().min(0);
const choice = z.union([count, z.literal('none')]);
const secret = z
  .string()
  .max(10_000)
  .transform((text) => new Secret(text));
const common = {
  address: z.string().max(1000),
  quotaBytes: choice.optional(),
  quotaMessages: choice.optional(),
  quotaMailboxes: choice.optional(),
};
const AccountToAddSchema = z.union([
  z.strictObject({ ...common, password: secret }),
  z.strictObject({ ...common, passwordHash: secret }),
]);
const AppPasswordSchema = z.strictObject({
  name: z.string().max(1000),
  services: z.array(z.string().max(100)).max(100).optional(),
  networks: z.array(z.string().max(100)).max(1000).optional(),
  expiresMs: count.optional(),
});
const ChangeSchema = z.strictObject({
  password: secret.optional(),
  passwordHash: secret.optional(),
  quota: QuotaSchema.optional(),
  setting: z.strictObject({ name: z.string().max(100), value: z.string().max(1000).nullable() }).optional(),
});
const HeadSchema = z.strictObject({
  flags: z.int().min(0).max(255),
  keywords: z.array(z.string().max(128)).max(1000),
  internalDate: z.int().optional(),
  importKey: z.base64().length(24).optional(),
  importMarks: count.max(0xffff_ffff).optional(),
  copies: z
    .array(z.strictObject({ mailbox: z.string().max(10_000), importKey: z.base64().length(24) }))
    .max(1000)
    .optional(),
  externalId: z.string().max(1000).optional(),
  place: z.strictObject({ uid: count, uidNext: count }).optional(),
});
const UidsSchema = z.strictObject({ uidValidity: count, uidNext: count });
const KeysSchema = z.strictObject({ keys: z.array(z.base64().length(24)).max(10_000) });
const CheckSchema = z.strictObject({ address: z.string().optional(), repair: z.boolean() });

const LINES = 'application/x-ndjson';
const ACCOUNT = '/v1/accounts/([^/]+)';
const MAILBOX = `${ACCOUNT}/mailboxes/([^/]+)`;

const ROUTES: readonly Route[] = Object.freeze([
  on('GET', '/v1/server', async ({ facts }) => ({ json: facts })),
  on('GET', '/v1/event-loop', async ({ eventLoop, watch }) => {
    const here = eventLoop.takeLongest();
    const elsewhere = (await watch?.standstillElsewhere?.()) ?? here;
    const longestBlockMs = Math.max(here.wallMs, elsewhere.wallMs);
    return { json: { longestBlockMs, longestCpuMs: Math.max(here.cpuMs, elsewhere.cpuMs) } };
  }),
  on('GET', '/v1/accounts', async ({ admin }) => ({ json: { accounts: await admin.listAccounts() } })),
  on('POST', '/v1/accounts', async (call) => {
    const { accounts } = valid(
      z.strictObject({ accounts: z.array(AccountToAddSchema).max(1000) }),
      await call.json(),
    );
    return { json: { outcomes: await call.admin.addAccounts(accounts.map(defined)) } };
  }),
  on('GET', ACCOUNT, async ({ admin }, address) => ({ json: await admin.findAccount(address) })),
  on('PATCH', ACCOUNT, changeAccount),
  on('DELETE', ACCOUNT, async (call, address) => {
    const removal = valid(z.strictObject({ dropsQueued: z.boolean().optional() }), await call.json());
    return { json: await call.admin.removeAccount(address, defined(removal)) };
  }),
  on('GET', `${ACCOUNT}/app-passwords`, async ({ admin }, address) => ({
    json: { appPasswords: await admin.listAppPasswords(address) },
  })),
  on('POST', `${ACCOUNT}/app-passwords`, async (call, address) => {
    const wanted = defined(valid(AppPasswordSchema, await call.json()));
    const { number, password } = await call.admin.addAppPassword(address, wanted);
    return { json: { number, password: password.reveal() } };
  }),
  on('DELETE', `${ACCOUNT}/app-passwords/(\\d{1,15})`, async ({ admin }, address, number) => ({
    json: await admin.revokeAppPassword(address, Number(number)),
  })),
  on('GET', `${ACCOUNT}/usage`, async ({ admin }, address) => ({ json: await admin.usageOf(address) })),
  on('GET', `${ACCOUNT}/contents`, async ({ admin }, address) => ({
    stream: lines(admin.contentsOf(address)),
    type: LINES,
  })),
  on('GET', `${ACCOUNT}/mailboxes`, async ({ admin }, address) => ({
    json: { mailboxes: await admin.listMailboxes(address) },
  })),
  on('PUT', MAILBOX, async (call, address, name) => {
    const options = valid(z.strictObject({ isSubscribed: z.boolean().optional() }), await call.json());
    return { json: await call.admin.ensureMailbox(address, name, defined(options)) };
  }),
  on('PUT', `${MAILBOX}/uids`, async (call, address, name) => {
    const uids = valid(UidsSchema, await call.json());
    return { json: await call.admin.takeOverUids(address, name, uids) };
  }),
  on('POST', `${MAILBOX}/imported`, async (call, address, name) => {
    const { keys } = valid(KeysSchema, await call.json());
    const known = await call.admin.whichImported(
      address,
      name,
      keys.map((key) => Buffer.from(key, 'base64')),
    );
    return { json: { known } };
  }),
  on('POST', `${MAILBOX}/messages`, async ({ admin, bytes }, address, name) => ({
    json: { outcomes: await admin.addMessages(address, name, toAdd(decodeMessages(bytes))) },
  })),
  on('GET', `${MAILBOX}/messages`, async ({ admin }, address, name) => ({
    stream: encodeMessages(stored(admin.readMessages(address, name))),
    type: 'application/octet-stream',
  })),
  on('GET', `${MAILBOX}/messages/([1-9]\\d{0,9})/header`, async ({ admin }, address, name, uid) => ({
    json: { header: (await admin.readHeader(address, name, Number(uid))).toString('base64') },
  })),
  ...SCRIPT_ROUTES,
  ...KEEPING_ROUTES,
  ...SHARING_ROUTES,
  ...MIGRATION_ROUTES,
  ...PEOPLE_ROUTES,
  ...QUEUE_ROUTES,
  ...SNAPSHOT_ROUTES,
  on('GET', '/v1/health', async ({ watch }) => ({ json: await watched(watch).health() })),
  on('GET', '/v1/listeners', async ({ watch }) => ({ json: { listeners: watched(watch).listeners() } })),
  on('GET', '/v1/metrics', async ({ watch }) => ({
    stream: Readable.from([await watched(watch).metrics()]),
    type: METRICS_TYPE,
  })),
  on('GET', '/v1/samples', async ({ watch }) => ({ json: { samples: await watched(watch).samples() } })),
  on('GET', '/v1/connections', async ({ admin }) => ({
    json: { connections: await admin.listConnections() },
  })),
  on('GET', '/v1/activity/([^/]+)/([1-9]\\d{0,4})', async ({ admin }, address, limit) => ({
    json: { events: await admin.activityOf(address, Number(limit)) },
  })),
  on('GET', '/v1/packing', async ({ admin }) => ({ json: await admin.packing.status() })),
  on('POST', '/v1/compact', async ({ admin }) => ({ json: await admin.packing.compact() })),
  on('POST', '/v1/check', async (call) => {
    const options = valid(CheckSchema, await call.json());
    return {
      stream: lines(call.admin.check({ ...defined(options), repair: options.repair })),
      type: LINES,
    };
  }),
  ...DOMAIN_ROUTES,
]);

/** Throws BadRequest. */
export function findRoute(method: string, url: string): { run(call: Call): Promise<Answer> } {
  const path = url.split('?', 1)[0] ?? '';
  for (const route of ROUTES) {
    const match = route.method === method ? route.path.exec(path) : null;
    if (match === null) continue;
    const [address, name, more] = [decoded(match[1]), decoded(match[2]), decoded(match[3])];
    return { run: (call) => route.run(call, address, name, more) };
  }
  throw new BadRequest(`there is no ${method} ${path}`, 404);
}

function watched(watch: Watch | undefined): Watch {
  if (watch === undefined) throw new BadRequest('no server runs here, only a command', 404);
  return watch;
}

async function changeAccount(call: Call, address: string): Promise<Answer> {
  const { password, passwordHash, quota, setting } = valid(ChangeSchema, await call.json());
  if (password !== undefined) await call.admin.setPassword(address, { password });
  if (passwordHash !== undefined) await call.admin.setPassword(address, { passwordHash });
  if (setting !== undefined) await call.admin.setSetting(address, setting.name, setting.value ?? undefined);
  if (quota === undefined) return { json: await call.admin.findAccount(address) };
  return { json: await call.admin.setQuota(address, defined(quota)) };
}

async function* toAdd(messages: AsyncIterable<Framed>): AsyncGenerator<MessageToAdd> {
  for await (const { head, chunks } of messages) {
    const { internalDate, importKey, copies, ...rest } = valid(HeadSchema, head);
    const keyOf = (text: string): Buffer => Buffer.from(text, 'base64');
    yield {
      ...defined(rest),
      internalDate,
      importKey: importKey === undefined ? undefined : keyOf(importKey),
      ...(copies && { copies: copies.map((one) => ({ ...one, importKey: keyOf(one.importKey) })) }),
      chunks,
    };
  }
}

async function* stored(messages: AsyncIterable<StoredMessage>) {
  for await (const { uid, flags, keywords, internalDate, sizeBytes, chunks } of messages) {
    yield { head: { uid, flags, keywords, internalDate, sizeBytes }, chunks };
  }
}

/** The answer has begun, so why it does not come to its end is its last line. */
async function* lines(events: AsyncIterable<unknown>): AsyncGenerator<string> {
  try {
    for await (const event of events) yield `${JSON.stringify(event)}\n`;
  } catch (error) {
    yield `${JSON.stringify({ kind: 'failed', ...failureOf(error) })}\n`;
  }
}

function decoded(part: string | undefined): string {
  try {
    return decodeURIComponent(part ?? '');
  } catch {
    throw new BadRequest('the path is not percent-encoded UTF-8');
  }
}
