/**
 * Finding a mailbox of an account by name, and opening it for a session.
 */
import { normalizeMailboxName } from '../../mail/mailbox-name.ts';
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import type { AccountState } from '../state/account.ts';
import { loadList } from '../state/load.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { Viewer, type ViewerEvents } from '../state/mailbox.ts';
import type { MessageList } from '../state/message-list.ts';

export function findMailbox(account: AccountState, name: string): MailboxState | undefined {
  return account.byName.get(canonicalName(name));
}

/** Throws MailboxError `nonexistent`. */
export function mailboxOf(account: AccountState, name: string): MailboxState {
  const mailbox = findMailbox(account, name);
  if (mailbox === undefined) throw new MailboxError('nonexistent', `there is no mailbox "${name}"`);
  return mailbox;
}

/** NFC, `INBOX` in capitals, one leading or trailing delimiter dropped; throws MailboxError `invalid-name`. */
export function canonicalName(name: string): string {
  try {
    return normalizeMailboxName(name);
  } catch (error) {
    throw new MailboxError('invalid-name', (error as Error).message);
  }
}

export interface Opening {
  readonly viewer: Viewer;
  /** The messages, or the wait for them. They begin with the `exists` that the mailbox had when it was opened. */
  readonly list: MessageList | Promise<MessageList>;
}

/**
 * Registers the session at once and lets the messages come while it tells what the mailbox's row says. Until they are
 * there nothing but arrivals can change them: every other change needs them loaded first, and runs in a later turn.
 */
export function beginOpening(
  domain: Domain,
  account: AccountState,
  name: string,
  isReadOnly: boolean,
  events: ViewerEvents,
): Opening {
  const mailbox = mailboxOf(account, name);
  // Asked in any case: it is being used.
  const loading = loadList(domain, account, mailbox);
  const list = mailbox.list ?? loading;
  return { viewer: new Viewer(mailbox, isReadOnly, events), list };
}

/** Loads the mailbox and registers the session; it must `close()` the viewer. */
export async function openMailbox(
  domain: Domain,
  account: AccountState,
  name: string,
  isReadOnly: boolean,
  events: ViewerEvents,
): Promise<Viewer> {
  const mailbox = mailboxOf(account, name);
  await loadList(domain, account, mailbox);
  if (mailbox.isGone) throw new MailboxError('nonexistent', `there is no mailbox "${name}"`);
  return new Viewer(mailbox, isReadOnly, events);
}
