/**
 * What an authorized URL leads to, for whoever has it (RFC 4467 §3, §7): one message of an account that may be another's.
 *
 * In this order: that the URL was made here, that it has not expired, whose it is, that its access identifier lets this session
 * in, that the key of its mailbox is still the same, that the message is there. Whatever fails, the answer is the same.
 */
import { canonicalAddress } from '../../identity/address.ts';
import { isClosed } from '../../mailbox/model/access.ts';
import { NO_MAILBOX } from '../../mailbox/model/annotations.ts';
import { domainOf } from '../../mailbox/model/domains.ts';
import { readAnnotations } from '../../mailbox/operations/annotations.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import type { MailboxState } from '../../mailbox/state/mailbox.ts';
import type { SessionContext, SignedIn } from '../context.ts';
import type { ImapUrl, UrlAccess, UrlServer } from '../wire/imap-url.ts';
import type { KeyOwner } from './authority.ts';
import { mailboxAt } from './part.ts';

/** What is put behind the keys of mailboxes: another value, and all URLs of before are good for nothing. */
export const GENERATION = '/private/vendor/brevduva/url-keys';
export const MECHANISM = 'INTERNAL';

export interface Authorized {
  readonly account: AccountState;
  readonly mailbox: MailboxState;
}

export async function authorizedBy(call: SignedIn, url: ImapUrl): Promise<Authorized | undefined> {
  const { server, mailbox: name, authorization } = url;
  const { session, state } = call;
  if (server === undefined || name === undefined) return undefined;
  if (authorization?.verifier?.mechanism !== MECHANISM) return undefined;
  const { rump, expiresMs, access, verifier } = authorization;
  if (!session.urls.isMadeHere(rump, verifier.token)) return undefined;
  if (expiresMs !== undefined && expiresMs <= session.domain.clock.nowMs()) return undefined;
  const account = await ownerOf(call, server);
  if (account === undefined) return undefined;
  if (!letsIn(access, state.account.record.address, account.record.address)) return undefined;
  const mailbox = mailboxAt(account, name);
  if (mailbox === undefined) return undefined;
  const owner = await keyOwner(session, account, mailbox);
  return session.urls.isValid(rump, verifier.token, owner) ? { account, mailbox } : undefined;
}

/** Whom the URL names as the owner of its mailbox; who has no domain has that of whoever asks. */
export function ownerNamed({ user }: UrlServer, asking: string): string | undefined {
  return user === undefined ? undefined : canonicalAddress(user, domainOf(asking));
}

export async function keyOwner(
  { domain }: Pick<SessionContext, 'domain'>,
  account: AccountState,
  mailbox: MailboxState,
): Promise<KeyOwner> {
  const places = [NO_MAILBOX, mailbox.id].map((at) => ({ mailbox: at, name: GENERATION }));
  const generations = await readAnnotations(domain, account, places);
  return { account: account.id, mailbox: mailbox.id, generations };
}

/** Undefined: nobody who lets anybody in, or an account that another process holds. */
async function ownerOf({ session, state }: SignedIn, server: UrlServer): Promise<AccountState | undefined> {
  const { address } = state.account.record;
  const named = ownerNamed(server, address);
  if (named === address) return state.account;
  const { accounts, placement } = session.domain;
  const record = named === undefined ? undefined : await accounts.find(named);
  if (record === undefined || isClosed(record) || placement.locate(record.id).kind !== 'here')
    return undefined;
  session.log.info({ owner: record.address }, 'mail was read by a URL of its owner');
  return accounts.open(record.id);
}

/** RFC 4467 §2.2. Nobody submits mail over IMAP, so `submit+` lets its own user in alone. */
function letsIn(access: UrlAccess, asking: string, owner: string): boolean {
  switch (access.kind) {
    case 'anonymous':
    case 'authuser':
      return true;
    case 'user':
    case 'submit':
      return canonicalAddress(access.user, domainOf(owner)) === asking;
  }
}
