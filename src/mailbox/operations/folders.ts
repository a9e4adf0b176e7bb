/**
 * Creating, renaming, deleting and subscribing mailboxes (RFC 9051 §6.3.4-6.3.8).
 *
 * Rules of this server: every mailbox can hold mail, so parents come into being with their children and a mailbox with
 * children cannot be deleted before them (no \Noselect names). A role belongs to one mailbox of the account; a name that
 * clients use for a role takes it when nobody holds it. INBOX cannot be deleted; renaming it moves its mail away. A new
 * mailbox is subscribed, and takes that along when it goes, unless a client has asked for it (decision 12).
 */
import { ancestors, checkNewMailboxName, isChildOf } from '../../mail/mailbox-name.ts';
import type { AccountChange } from '../change/account-change.ts';
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import type { Role } from '../model/model.ts';
import type { AccountState } from '../state/account.ts';
import { loadList } from '../state/load.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { annotateAlike } from './annotations.ts';
import { moveMessages } from './copy.ts';
import { canonicalName, mailboxOf } from './mailboxes.ts';
import { checkMailboxQuota } from './quota.ts';

/** Names that Apple, Microsoft, Google and Mozilla clients invent when they see no role. */
const ROLE_BY_NAME: ReadonlyMap<string, Role> = new Map([
  ['sent', 'sent'],
  ['sent items', 'sent'],
  ['sent messages', 'sent'],
  ['drafts', 'drafts'],
  ['trash', 'trash'],
  ['deleted items', 'trash'],
  ['deleted messages', 'trash'],
  ['junk', 'junk'],
  ['junk e-mail', 'junk'],
  ['spam', 'junk'],
  ['archive', 'archive'],
  ['archives', 'archive'],
]);

/** `role` undefined: by name, when it is free. Returns the new mailbox; its missing parents were made as well. */
export async function createMailbox(
  domain: Domain,
  account: AccountState,
  rawName: string,
  role?: Role,
): Promise<MailboxState> {
  const name = newName(rawName);
  return domain.turns.run({
    account,
    run: (change) => {
      if (account.byName.has(name)) throw new MailboxError('exists', `there is a mailbox "${name}" already`);
      if (role !== undefined) refuseSecond(account, role);
      createParents(domain, change, name);
      const given = role ?? freeRoleFor(account, name);
      refuseTooMany(domain, account, 1, given);
      return change.mailboxes.create(name, given);
    },
  });
}

/**
 * In a change that does more than this: the mailbox of that name, made with its parents when it is not there. The role is
 * given where no other has it. Throws MailboxError `invalid-name`, `limit` and has changed nothing then.
 */
export function ensureMailbox(
  domain: Domain,
  change: AccountChange,
  rawName: string,
  role?: Role,
): MailboxState {
  const { account } = change;
  const found = account.byName.get(canonicalName(rawName));
  if (found !== undefined) return found;
  const name = newName(rawName);
  const missing = ancestors(name).filter((parent) => !account.byName.has(parent));
  const isFree = role !== undefined && holderOf(account, role) === undefined;
  const given = isFree ? role : freeRoleFor(account, name);
  refuseTooMany(domain, account, missing.length + 1, given);
  createParents(domain, change, name);
  return change.mailboxes.create(name, given);
}

export async function deleteMailbox(domain: Domain, account: AccountState, rawName: string): Promise<void> {
  const name = canonicalName(rawName);
  await loadForHistory(domain, account, account.byName.get(name));
  await domain.turns.run({
    account,
    run: (change) => {
      const mailbox = mailboxOf(account, name);
      if (name === 'INBOX') throw new MailboxError('cannot', 'INBOX cannot be deleted');
      for (const other of account.byName.keys()) {
        if (!isChildOf(other, name)) continue;
        throw new MailboxError('has-children', `"${name}" has mailboxes below it; delete them first`);
      }
      change.mailboxes.remove(mailbox);
    },
  });
}

/** Which messages go is remembered. One that cannot be read can be deleted all the same; then the history begins anew. */
export async function loadForHistory(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState | undefined,
): Promise<void> {
  if (mailbox === undefined || mailbox.exists === 0) return;
  try {
    await loadList(domain, account, mailbox);
  } catch (error) {
    if (!(error instanceof MailboxError)) throw error;
    domain.log.warn({ err: error, mailbox: mailbox.name }, 'a mailbox is deleted that cannot be read');
  }
}

/** Renames a mailbox and all below it in one change; of INBOX, moves its mail to the new mailbox and leaves it empty. */
export async function renameMailbox(
  domain: Domain,
  account: AccountState,
  rawFrom: string,
  rawTo: string,
): Promise<void> {
  const from = canonicalName(rawFrom);
  const to = newName(rawTo);
  if (from === 'INBOX') return renameInbox(domain, account, to);
  await domain.turns.run({
    account,
    run: (change) => {
      renameTree(domain, change, mailboxOf(account, from).name, to);
    },
  });
}

/** In a change that may do more: the mailbox and all below it. Throws MailboxError and has changed nothing then. */
export function renameTree(domain: Domain, change: AccountChange, from: string, to: string): void {
  const { account } = change;
  if (isChildOf(to, from)) throw new MailboxError('cannot', 'a mailbox cannot be moved below itself');
  const moving = [...account.byName.values()].filter(
    (mailbox) => mailbox.name === from || isChildOf(mailbox.name, from),
  );
  const targets = moving.map((mailbox) => newName(to + mailbox.name.slice(from.length)));
  for (const target of targets) refuseExisting(account, target);
  createParents(domain, change, to);
  moving.forEach((mailbox, index) => {
    change.mailboxes.rename(mailbox, targets[index] as string);
  });
}

async function renameInbox(domain: Domain, account: AccountState, to: string): Promise<void> {
  const inbox = mailboxOf(account, 'INBOX');
  const target = await createMailbox(domain, account, to);
  try {
    await annotateAlike(domain, account, inbox, target);
    const list = await loadList(domain, account, inbox);
    const uids = [...list.columns.uid.subarray(0, list.count)];
    const { failure } = await moveMessages(domain, account, inbox, uids, target);
    if (failure !== undefined) throw failure;
  } catch (error) {
    await takeBackEmpty(domain, account, target);
    throw error;
  }
}

/** Nothing was moved, so whoever tries again finds the name free; what has come into it meanwhile stays. */
async function takeBackEmpty(domain: Domain, account: AccountState, mailbox: MailboxState): Promise<void> {
  const run = (change: AccountChange): boolean => {
    const hasChildren = [...account.byName.keys()].some((name) => isChildOf(name, mailbox.name));
    if (mailbox.exists > 0 || mailbox.isGone || hasChildren) return false;
    change.mailboxes.remove(mailbox);
    return true;
  };
  await domain.turns.run({ account, run }).catch((error: unknown) => {
    domain.log.error({ err: error, mailbox: mailbox.name }, 'a rename that failed could not be taken back');
  });
}

/** As a client asks: such a name stays subscribed when its mailbox goes, until it is unsubscribed (RFC 9051 §6.3.7). */
export async function setSubscribed(
  domain: Domain,
  account: AccountState,
  rawName: string,
  isSubscribed: boolean,
): Promise<void> {
  const name = canonicalName(rawName);
  await domain.turns.run({
    account,
    run: (change) => {
      const mailbox = account.byName.get(name);
      const isOrphan = account.orphanSubscriptions.includes(name);
      if (mailbox === undefined && isSubscribed && !isOrphan) {
        throw new MailboxError('nonexistent', `there is no mailbox "${name}"`);
      }
      if (mailbox !== undefined) change.subscriptions.set(mailbox, isSubscribed);
      else if (!isSubscribed) change.subscriptions.unsubscribeName(name);
    },
  });
}

/** Of a mailbox that another account has: the name is what is kept. */
export async function setSubscribedToOthers(
  domain: Domain,
  account: AccountState,
  name: string,
  isSubscribed: boolean,
): Promise<void> {
  await domain.turns.run({
    account,
    run: ({ subscriptions }) =>
      isSubscribed ? subscriptions.subscribeName(name) : subscriptions.unsubscribeName(name),
  });
}

export function newName(raw: string): string {
  const name = canonicalName(raw);
  try {
    checkNewMailboxName(name);
  } catch (error) {
    throw new MailboxError('invalid-name', (error as Error).message);
  }
  return name;
}

export function createParents(domain: Domain, change: AccountChange, name: string): void {
  for (const parent of ancestors(name)) {
    if (change.account.byName.has(parent)) continue;
    refuseTooMany(domain, change.account);
    change.mailboxes.create(parent, undefined);
  }
}

/** Without these nobody can delete mail or keep what he writes: the quota of mailboxes leaves them a place. */
const ALWAYS: ReadonlySet<Role | undefined> = new Set<Role>(['trash', 'drafts']);

/** `role`: of the last of them. Throws MailboxError `over-quota`, or `limit` beyond what the server takes. */
export function refuseTooMany(domain: Domain, account: AccountState, more = 1, role?: Role): void {
  checkMailboxQuota(account, more, ALWAYS.has(role));
  if (account.mailboxes.size + more <= domain.limits.mailboxesPerAccount) return;
  throw new MailboxError(
    'limit',
    `an account can have at most ${domain.limits.mailboxesPerAccount} mailboxes; delete some first`,
  );
}

export function refuseExisting(account: AccountState, name: string): void {
  if (account.byName.has(name)) throw new MailboxError('exists', `there is a mailbox "${name}" already`);
}

export function refuseSecond(account: AccountState, role: Role): void {
  const holder = holderOf(account, role);
  if (holder === undefined) return;
  throw new MailboxError('cannot', `"${holder.name}" is the ${role} mailbox; there can be only one`);
}

function holderOf(account: AccountState, role: Role): MailboxState | undefined {
  return [...account.mailboxes.values()].find((mailbox) => mailbox.role === role);
}

/** The role that mail programs mean by this name of a mailbox at the top. */
export function roleOfName(name: string): Role | undefined {
  return ROLE_BY_NAME.get(name.toLowerCase());
}

export function freeRoleFor(account: AccountState, name: string): Role | undefined {
  const role = roleOfName(name);
  return role !== undefined && holderOf(account, role) === undefined ? role : undefined;
}
