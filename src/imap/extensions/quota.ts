/**
 * QUOTA (RFC 9208): one root, "", for all mailboxes of an account, and where the accounts of its domain have a limit together, one
 * more for that, `#domain/example.org`. Who administers the server may set limits (QUOTASET), and knows
 * the root of each account, `#user/anna@example.org`; nobody else hears of them.
 *
 * A resource without limit is left out: clients read a limit of 0 as "full". Annotations (§5.4: here those of METADATA, RFC 5464) have a limit
 * always; of an account that has no other, and of which nobody has said it, it is left out as well, since programs would show a mailbox
 * with a limit.
 */
import { canonicalAddress } from '../../identity/address.ts';
import { isAdmin } from '../../identity/role.ts';
import { FLAG } from '../../mail/flags.ts';
import { isOfOthers } from '../../mail/mailbox-name.ts';
import { ANNOTATION_BYTES, MOST_ANNOTATION_BYTES } from '../../mailbox/model/annotations.ts';
import type { AccountRecord } from '../../mailbox/model/model.ts';
import { asOwnChanges, type LimitChoice, type Resource, type SharedRoom } from '../../mailbox/model/quota.ts';
import { annotationRoom } from '../../mailbox/operations/annotations.ts';
import { setQuota as limit, type QuotaUsage, quotaOf } from '../../mailbox/operations/quota.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { defineCommand, SIGNED_IN } from '../command.ts';
import type { Call } from '../context.ts';
import { defineExtension } from '../extension.ts';
import type { StatusItem } from '../item.ts';
import { type Completion, no, ok } from '../replies.ts';
import { type QuotaLimit, quotaLimits } from '../wire/account-args.ts';
import { astring, end, sp } from '../wire/grammar.ts';
import { spSuppliedMailbox } from '../wire/mailbox.ts';

const ROOT = '';
const ANNOTATIONS = 'ANNOTATION-STORAGE';
const OF_ACCOUNT = '#user/';
const OF_DOMAIN = '#domain/';
/** RFC 9208 §5.1: STORAGE is counted in units of 1024 octets. */
const UNIT_BYTES = 1024;

const getQuota = defineCommand({
  name: 'GETQUOTA',
  states: SIGNED_IN,
  parse(c) {
    sp(c);
    const root = astring(c, 'a quota root').toString('utf8');
    end(c);
    return root;
  },
  async run(call, root) {
    const { own } = call.session.reach;
    const { shared } = own;
    if (root === ROOT) writeQuota(call, own);
    else if (shared !== undefined && root === rootOf(shared)) writeShared(call, shared);
    else {
      const record = await recordOf(call, root);
      if (record === undefined) return noSuchRoot();
      const account = await accountHere(call, record);
      if (account === undefined) return no('Another process has this account; ask it there', 'UNAVAILABLE');
      writeQuota(call, account, root);
    }
    return ok('GETQUOTA completed');
  },
});

const getQuotaRoot = defineCommand({
  name: 'GETQUOTAROOT',
  states: SIGNED_IN,
  parse(c) {
    const { name } = spSuppliedMailbox(c);
    end(c);
    return name;
  },
  /** The mailbox need not exist (RFC 9208 §4.1.2). */
  run(call, name) {
    const { out, reach } = call.session;
    out.ascii('* QUOTAROOT ').mailbox(name);
    // What is in the mailboxes of others counts for them, and is their matter.
    if (isOfOthers(name) && !reach.own.byName.has(name)) out.crlf();
    else {
      const { shared } = reach.own;
      out.ascii(' ""');
      if (shared !== undefined) out.sp().string(Buffer.from(rootOf(shared)));
      out.crlf();
      writeQuota(call, reach.own);
      if (shared !== undefined) writeShared(call, shared);
    }
    return ok('GETQUOTAROOT completed');
  },
});

/** All that was said of the account before is gone: what is not named has no limit. */
const setQuota = defineCommand({
  name: 'SETQUOTA',
  states: SIGNED_IN,
  parse(c) {
    sp(c);
    const root = astring(c, 'a quota root').toString('utf8');
    const limits = quotaLimits(c);
    end(c);
    return { root, limits };
  },
  async run(call, { root, limits }) {
    const account = call.session.reach.own;
    if (!isAdmin(account.record)) return no('Only the administrator changes quotas', 'NOPERM');
    const choices = choicesIn(limits);
    if (choices === undefined)
      return no(
        'Only STORAGE, MESSAGE, MAILBOX and ANNOTATION-STORAGE can be limited, and not to that',
        'CANNOT',
      );
    const record = root === ROOT ? account.record : await recordOf(call, root);
    if (record === undefined) return noSuchRoot();
    const { domain } = call.session;
    const { annotationUnits, ...ofMail } = choices;
    await limit(domain, record, asOwnChanges(ofMail), {
      [ANNOTATION_BYTES]: annotationUnits === undefined ? undefined : `${annotationUnits}KiB`,
    });
    domain.log.info({ account: record.address, by: account.record.address, choices }, 'a quota was changed');
    const changed = await accountHere(call, record);
    if (changed !== undefined) writeQuota(call, changed, root);
    return ok('SETQUOTA completed');
  },
});

const RESOURCE_BY_NAME: Readonly<Record<string, Resource>> = {
  STORAGE: 'bytes',
  MESSAGE: 'messages',
  MAILBOX: 'mailboxes',
};

interface Wanted extends Record<Resource, LimitChoice> {
  /** Of 1024 octets; absent: what all accounts have. */
  annotationUnits?: number;
}

/** Undefined: one of them cannot be limited, or not so far. */
function choicesIn(limits: readonly QuotaLimit[]): Wanted | undefined {
  const choices: Wanted = { bytes: 'none', messages: 'none', mailboxes: 'none' };
  for (const { resource: name, limit } of limits) {
    if (name === ANNOTATIONS) {
      if (limit * UNIT_BYTES > MOST_ANNOTATION_BYTES) return undefined;
      choices.annotationUnits = limit;
      continue;
    }
    const resource = RESOURCE_BY_NAME[name];
    const most = resource === 'bytes' ? limit * UNIT_BYTES : limit;
    if (resource === undefined || !Number.isSafeInteger(most)) return undefined;
    choices[resource] = most;
  }
  return choices;
}

/** Whom a root is of; nobody but an administrator knows of others than his own. */
async function recordOf({ session }: SignedIn, root: string): Promise<AccountRecord | undefined> {
  if (!isAdmin(session.reach.own.record) || !root.startsWith(OF_ACCOUNT)) return undefined;
  const address = canonicalAddress(root.slice(OF_ACCOUNT.length), '');
  return address === undefined ? undefined : session.domain.accounts.find(address);
}

/** Undefined: another process has it. */
async function accountHere({ session: { domain } }: SignedIn, { id }: AccountRecord) {
  return domain.placement.locate(id).kind === 'here' ? domain.accounts.open(id) : undefined;
}

const noSuchRoot = (): Completion => no('There is no such quota root', 'NONEXISTENT');

const deletedStorage: StatusItem = {
  name: 'DELETED-STORAGE',
  needsList: (mailbox) => mailbox.deleted > 0,
  write(out, { deleted, list }) {
    let bytes = 0;
    if (deleted > 0 && list !== undefined) {
      const { flags, size } = list.columns;
      for (let row = 0; row < list.count; row++) {
        if (((flags[row] as number) & FLAG.Deleted) !== 0) bytes += size[row] as number;
      }
    }
    out.number(bytes);
  },
};

export const quota = defineExtension({
  rfc: 'RFC 9208 QUOTA',
  capabilities: ({ isAdmin }) => [
    ...['QUOTA', 'QUOTA=RES-STORAGE', 'QUOTA=RES-MESSAGE', 'QUOTA=RES-MAILBOX', `QUOTA=RES-${ANNOTATIONS}`],
    ...(isAdmin === true ? ['QUOTASET'] : []),
  ],
  commands: [getQuota, getQuotaRoot, setQuota],
  statusItems: [deletedStorage],
});

type SignedIn = Call<'authenticated' | 'selected'>;

function writeQuota({ session }: SignedIn, account: AccountState, root = ROOT): void {
  const { used, limits } = quotaOf(account);
  const limited = resourcesOf(used, limits);
  const isSaid = account.record.settings[ANNOTATION_BYTES] !== undefined;
  if (limited.length > 0 || isSaid) {
    const { usedBytes, mostBytes } = annotationRoom(session.domain, account);
    limited.push(`${ANNOTATIONS} ${units(usedBytes)} ${units(mostBytes)}`);
  }
  writeResources(session, root, limited);
}

/** Who has no room because of others can see it; how much of it is whose stays unsaid. */
function writeShared({ session }: SignedIn, shared: SharedRoom): void {
  const { usedBytes, usedMessages, limits } = shared;
  const used = { bytes: usedBytes, messages: usedMessages, mailboxes: 0 };
  writeResources(session, rootOf(shared), resourcesOf(used, limits));
}

const rootOf = ({ domain }: SharedRoom): string => `${OF_DOMAIN}${domain}`;

function resourcesOf(used: QuotaUsage['used'], limits: QuotaUsage['limits']): string[] {
  const limited: string[] = [];
  if (limits.bytes !== undefined) limited.push(`STORAGE ${units(used.bytes)} ${units(limits.bytes)}`);
  if (limits.messages !== undefined) limited.push(`MESSAGE ${used.messages} ${limits.messages}`);
  if (limits.mailboxes !== undefined) limited.push(`MAILBOX ${used.mailboxes} ${limits.mailboxes}`);
  return limited;
}

/** RFC 9208 §7: the list has at least one resource, so without limits there is nothing to say. */
function writeResources(session: SignedIn['session'], root: string, limited: readonly string[]): void {
  if (limited.length === 0) return;
  session.out
    .ascii('* QUOTA ')
    .string(Buffer.from(root))
    .ascii(` (${limited.join(' ')})`)
    .crlf();
}

function units(bytes: number): number {
  return Math.ceil(bytes / UNIT_BYTES);
}
