/** Accounts: found, made, let in, closed, bounded, and taken away. What is in their mail is never said. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { AccountSummary } from '../../admin/admin.ts';
import { STANDINGS } from '../../admin/people-admin.ts';
import { Secret } from '../../base/secret.ts';
import { ROLE } from '../../identity/role.ts';
import { ACCESS } from '../../mailbox/model/access.ts';
import { MailboxError } from '../../mailbox/model/errors.ts';
import type { LimitChoice } from '../../mailbox/model/quota.ts';
import { MAX_PASSWORD_BYTES } from '../../sasl/mechanism.ts';
import { type Act, accountNamed, act, type Desk, type Done } from './act.ts';

const PAGE = 50;
const MOST_EVENTS = 200;
const MIN_PASSWORD = 8;

const ADDRESS = z.string().min(1).max(320);
const PASSWORD = z.string().min(MIN_PASSWORD).max(MAX_PASSWORD_BYTES);
const LIMIT = z.union([z.int().min(0), z.literal('none')]);
const RETENTION = ['retention.trash', 'retention.junk'] as const;
const ONE = z.strictObject({ address: ADDRESS });
const SINCE = z.strictObject({ address: ADDRESS, sinceMs: z.int().min(0).optional() });

export const ACCOUNT_ACTS: readonly Act[] = Object.freeze([
  act({
    name: 'accounts',
    schema: z.strictObject({
      search: z.string().max(320).optional(),
      standing: z.enum(STANDINGS).optional(),
      after: ADDRESS.optional(),
    }),
    run: async ({ admin }, { search, standing, after }) => {
      const wanted = { ...(search && { search }), ...(standing && { standing }), ...(after && { after }) };
      const { accounts, total } = await admin.people.page({ ...wanted, limit: PAGE });
      return { value: { accounts: accounts.map(shown), total } };
    },
  }),
  act({ name: 'account', schema: ONE, run: (desk, { address }) => look(desk, address) }),
  act({
    name: 'account/activity',
    schema: ONE,
    run: async ({ admin }, { address }) => ({
      value: { events: (await admin.activityOf(address, MOST_EVENTS)).toReversed() },
    }),
  }),
  act({
    ...{ name: 'accounts/add', did: 'account added', hasSecret: true, isDangerous: true },
    schema: z.strictObject({ address: ADDRESS, password: PASSWORD.optional(), quotaBytes: LIMIT.optional() }),
    run: (desk, wanted) => add(desk, wanted),
  }),
  act({
    ...{ name: 'account/password', did: 'password set', hasSecret: true, isDangerous: true },
    schema: z.strictObject({ address: ADDRESS, password: PASSWORD }),
    run: async (desk, { address, password }) => {
      const account = await accountNamed(desk, { address });
      await desk.admin.setPassword(account.address, { password: new Secret(password) });
      return { account: account.address };
    },
  }),
  act({
    ...{ name: 'account/link', did: 'link to sign in made', hasSecret: true, isDangerous: true },
    schema: ONE,
    run: async (desk, body) => {
      const account = await accountNamed(desk, body);
      const token = await desk.admin.people.makeLink(account.address);
      return { account: account.address, value: { token } };
    },
  }),
  act({
    ...{ name: 'account/second-step/reset', did: 'second step reset', isDangerous: true },
    schema: ONE,
    run: async (desk, body) => {
      const account = await accountNamed(desk, body);
      await desk.admin.people.resetSecondStep(account.address);
      return { account: account.address };
    },
  }),
  act({
    ...{ name: 'account/role', did: 'role changed', isDangerous: true },
    schema: z.strictObject({ address: ADDRESS, isAdmin: z.boolean() }),
    run: async (desk, { address, isAdmin }) => {
      const account = await another(desk, address);
      const changed = await desk.admin.setSetting(account.address, ROLE, isAdmin ? 'admin' : undefined);
      return { account: account.address, facts: { isAdmin }, value: shown(changed) };
    },
  }),
  act({
    ...{ name: 'account/access', did: 'access changed', isDangerous: true },
    schema: z.strictObject({ address: ADDRESS, isOpen: z.boolean() }),
    run: async (desk, { address, isOpen }) => {
      const account = await another(desk, address);
      const changed = await desk.admin.setSetting(account.address, ACCESS, isOpen ? undefined : 'closed');
      return { account: account.address, facts: { isOpen }, value: shown(changed) };
    },
  }),
  act({
    ...{ name: 'account/quota', did: 'quota changed' },
    schema: z.strictObject({ address: ADDRESS, bytes: z.union([LIMIT, z.literal('default')]) }),
    run: async (desk, { address, bytes }) => {
      const account = await accountNamed(desk, { address });
      const changed = await desk.admin.setQuota(account.address, { bytes });
      return { account: account.address, facts: { bytes }, value: shown(changed) };
    },
  }),
  act({
    ...{ name: 'account/retention', did: 'retention changed' },
    schema: z.strictObject({
      address: ADDRESS,
      which: z.enum(RETENTION),
      /** Null: as the server has it; 0: for ever. */
      days: z.int().min(0).max(99_999).nullable(),
    }),
    run: async (desk, { address, which, days }) => {
      const account = await accountNamed(desk, { address });
      const value = days === null ? undefined : days === 0 ? '0' : `${days}d`;
      const changed = await desk.admin.setSetting(account.address, which, value);
      return { account: account.address, facts: { which, days: days ?? 'default' }, value: shown(changed) };
    },
  }),
  act({
    ...{ name: 'account/app-passwords/revoke', did: 'app password revoked' },
    schema: z.strictObject({ address: ADDRESS, number: z.int().positive() }),
    run: async (desk, { address, number }) => {
      const account = await accountNamed(desk, { address });
      await desk.admin.revokeAppPassword(account.address, number);
      return { account: account.address, facts: { number } };
    },
  }),
  act({ name: 'account/deleted', schema: SINCE, run: (desk, body) => countDeleted(desk, body) }),
  act({
    ...{ name: 'account/recover', did: 'deleted mail brought back' },
    schema: SINCE,
    run: async (desk, { address, sinceMs }) => {
      const account = await accountNamed(desk, { address });
      const back = await desk.admin.keeping.recover(account.address, since(sinceMs));
      return {
        account: account.address,
        facts: { messages: back.messages },
        value: { messages: back.messages },
      };
    },
  }),
  act({
    ...{ name: 'account/remove', did: 'account removed', isDangerous: true },
    schema: z.strictObject({ address: ADDRESS, dropsQueued: z.boolean().optional() }),
    run: async (desk, { address, dropsQueued = false }) => {
      const account = await another(desk, address);
      await desk.admin.removeAccount(account.address, { dropsQueued });
      return { account: account.address };
    },
  }),
]);

/** Of the settings only what this page shows: what the person has chosen in the webmail is theirs. */
function shown({ settings, ...account }: AccountSummary): object {
  const isClosed = settings[ACCESS] === 'closed';
  const kept = RETENTION.map((name) => [name, settings[name]] as const).filter(
    ([, value]) => value !== undefined,
  );
  return { ...account, isAdmin: settings[ROLE] === 'admin', isClosed, retention: Object.fromEntries(kept) };
}

async function look(desk: Desk, address: string): Promise<Done> {
  const account = await accountNamed(desk, { address });
  const appPasswords = await desk.admin.listAppPasswords(account.address);
  const known = appPasswords.map(({ number, name, services, createdMs, expiresMs, lastUse }) => ({
    ...{ number, name, services, createdMs, expiresMs, lastUse },
  }));
  const isSelf = account.address === desk.who.record.address;
  return { value: { ...shown(account), appPasswords: known, isSelf } };
}

/** Without a password its person chooses one, by a link that is shown once. */
async function add(
  { admin }: Desk,
  {
    address,
    password,
    quotaBytes,
  }: { address: string; password?: string | undefined; quotaBytes?: LimitChoice | undefined },
): Promise<Done> {
  const secret = new Secret(password ?? randomBytes(32).toString('base64url'));
  const quota = quotaBytes === undefined ? {} : { quotaBytes };
  const [outcome] = await admin.addAccounts([{ address, password: secret, ...quota }]);
  if (outcome === undefined) throw new MailboxError('unavailable', 'nothing was answered');
  if ('refused' in outcome) throw new MailboxError(outcome.refused, outcome.why);
  const token = password === undefined ? await admin.people.makeLink(outcome.address) : undefined;
  return { account: outcome.address, value: { address: outcome.address, ...(token && { token }) } };
}

/** Nobody shuts themselves out: there might be nobody left to let them in. */
async function another(desk: Desk, address: string): Promise<AccountSummary> {
  const account = await accountNamed(desk, { address });
  if (account.address === desk.who.record.address)
    throw new MailboxError(
      'cannot',
      'this is your own account: another administrator, or the command line, can do that',
    );
  return account;
}

/** How much there is, and nothing of what. */
async function countDeleted(desk: Desk, { address, sinceMs }: z.infer<typeof SINCE>): Promise<Done> {
  const account = await accountNamed(desk, { address });
  const page = { position: 0, limit: 0 };
  const { total, mailboxes } = await desk.admin.keeping.listDeleted(account.address, since(sinceMs), page);
  const inMailboxes = mailboxes.reduce((sum, { messages }) => sum + messages, 0);
  const bytes = mailboxes.reduce((sum, one) => sum + one.bytes, total.bytes);
  return { value: { messages: total.messages + inMailboxes, bytes } };
}

function since(sinceMs: number | undefined): { readonly sinceMs?: number } {
  return sinceMs === undefined ? {} : { sinceMs };
}
