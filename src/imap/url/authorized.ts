/**
 * What an authorized URL leads to, for whoever has it (RFC 4467 §3, §7): one message of an account that may be another's.
 *
 * In this order: that the URL was made here, that it has not expired, whose it is, that its access identifier lets this session
 * in, that the key of its mailbox is still the same, that the message is there. Whatever fails, the answer is the same.
 */
import type { Log } from '../../base/log.ts';
import { canonicalAddress } from '../../identity/address.ts';
import type { Domain } from '../../mailbox/domain.ts';
import { isClosed } from '../../mailbox/model/access.ts';
import { NO_MAILBOX } from '../../mailbox/model/annotations.ts';
import { domainOf } from '../../mailbox/model/domains.ts';
import { readAnnotations } from '../../mailbox/operations/annotations.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import type { MailboxState } from '../../mailbox/state/mailbox.ts';
import type { ImapUrl, UrlAccess, UrlServer } from '../wire/imap-url.ts';
import type { KeyOwner, UrlAuthority } from './authority.ts';
import { mailboxAt } from './part.ts';

/** What is put behind the keys of mailboxes: another value, and all URLs of before are good for nothing. */
export const GENERATION = '/private/vendor/brevduva/url-keys';
export const MECHANISM = 'INTERNAL';

export interface Authorized {
  readonly account: AccountState;
  readonly mailbox: MailboxState;
}

/** Who asks, and where. */
export interface Asking {
  readonly domain: Domain;
  readonly urls: UrlAuthority;
  readonly log: Log;
  readonly account: AccountState;
  /** To send it. */
  readonly isSubmitting?: boolean;
}

export async function authorizedBy(asking: Asking, url: ImapUrl): Promise<Authorized | undefined> {
  const { server, mailbox: name, authorization } = url;
  const { domain, urls } = asking;
  if (server === undefined || name === undefined) return undefined;
  if (authorization?.verifier?.mechanism !== MECHANISM) return undefined;
  const { rump, expiresMs, access, verifier } = authorization;
  if (!urls.isMadeHere(rump, verifier.token)) return undefined;
  if (expiresMs !== undefined && expiresMs <= domain.clock.nowMs()) return undefined;
  const account = await ownerOf(asking, server);
  if (account === undefined) return undefined;
  if (!letsIn(access, asking, account.record.address)) return undefined;
  const mailbox = mailboxAt(account, name);
  if (mailbox === undefined) return undefined;
  const owner = await keyOwner(asking, account, mailbox);
  return urls.isValid(rump, verifier.token, owner) ? { account, mailbox } : undefined;
}

/** Whom the URL names as the owner of its mailbox; who has no domain has that of whoever asks. */
export function ownerNamed({ user }: UrlServer, asking: string): string | undefined {
  return user === undefined ? undefined : canonicalAddress(user, domainOf(asking));
}

export async function keyOwner(
  { domain }: Pick<Asking, 'domain'>,
  account: AccountState,
  mailbox: MailboxState,
): Promise<KeyOwner> {
  const places = [NO_MAILBOX, mailbox.id].map((at) => ({ mailbox: at, name: GENERATION }));
  const generations = await readAnnotations(domain, account, places);
  return { account: account.id, mailbox: mailbox.id, generations };
}

/** Undefined: nobody who lets anybody in, or an account that another process holds. */
async function ownerOf(
  { domain, log, account }: Asking,
  server: UrlServer,
): Promise<AccountState | undefined> {
  const { address } = account.record;
  const named = ownerNamed(server, address);
  if (named === address) return account;
  const { accounts, placement } = domain;
  const record = named === undefined ? undefined : await accounts.find(named);
  if (record === undefined || isClosed(record) || placement.locate(record.id).kind !== 'here')
    return undefined;
  log.info({ owner: record.address }, 'mail was read by a URL of its owner');
  return accounts.open(record.id);
}

/** RFC 4467 §2.2: `submit+` is for what a submission server sends for its user, and for nobody who reads. */
function letsIn(access: UrlAccess, { account, isSubmitting }: Asking, owner: string): boolean {
  switch (access.kind) {
    case 'anonymous':
    case 'authuser':
      return true;
    case 'submit':
      return isSubmitting === true && isSame(access.user, account, owner);
    case 'user':
      return isSame(access.user, account, owner);
  }
}

/** Who has no domain has that of the owner, who has said it. */
function isSame(user: string, { record }: AccountState, owner: string): boolean {
  return canonicalAddress(user, domainOf(owner)) === record.address;
}
