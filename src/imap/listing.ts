/**
 * The names LIST and LSUB choose from, what is known of each, and how one is written (RFC 9051 §6.3.9, §7.3.1).
 *
 * A name is listed because its mailbox exists, because somebody is subscribed to it, or because such a name is below it.
 * Everything is computed in one pass over the account, so a LIST is linear in the number of mailboxes and their depth.
 */
import { ancestors, DELIMITER, parentName } from '../mail/mailbox-name.ts';
import type { Role } from '../mailbox/model/model.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type { MailboxState } from '../mailbox/state/mailbox.ts';
import type { Modes } from './modes.ts';
import type { WireWriter } from './wire/writer.ts';

export interface ListedName {
  readonly name: string;
  /** Undefined: no such mailbox. */
  readonly mailbox: MailboxState | undefined;
  readonly isSubscribed: boolean;
  readonly hasChildren: boolean;
}

/** RFC 6154 §2, RFC 8457 §3, RFC 9979. */
export const ROLE_ATTRIBUTES: Readonly<Record<Role, string>> = Object.freeze({
  archive: '\\Archive',
  drafts: '\\Drafts',
  flagged: '\\Flagged',
  important: '\\Important',
  junk: '\\Junk',
  sent: '\\Sent',
  trash: '\\Trash',
  all: '\\All',
  memos: '\\Memos',
  scheduled: '\\Scheduled',
  snoozed: '\\Snoozed',
});

/** All names of the account, INBOX first, the rest in order of their octets; those above subscribed names included. */
export function listedNames(account: AccountState): ListedName[] {
  const parents = new Set<string>();
  for (const name of account.byName.keys()) {
    const parent = parentName(name);
    if (parent !== undefined) parents.add(parent);
  }
  const listed = new Map<string, ListedName>();
  for (const mailbox of account.byName.values()) {
    const { name, subscribed } = mailbox;
    listed.set(name, { name, mailbox, isSubscribed: subscribed, hasChildren: parents.has(name) });
  }
  for (const orphan of account.orphanSubscriptions) {
    if (listed.get(orphan)?.mailbox !== undefined) continue;
    listed.set(orphan, { name: orphan, mailbox: undefined, isSubscribed: true, hasChildren: false });
    for (const name of ancestors(orphan)) {
      if (!listed.has(name))
        listed.set(name, { name, mailbox: undefined, isSubscribed: false, hasChildren: false });
    }
  }
  return [...listed.values()].sort(byName);
}

function byName(a: ListedName, b: ListedName): number {
  if (a.name === 'INBOX') return -1;
  if (b.name === 'INBOX') return 1;
  return a.name < b.name ? -1 : 1;
}

/** One mailbox by itself, for SELECT, CREATE and RENAME. */
export function listedOf(account: AccountState, mailbox: MailboxState): ListedName {
  const prefix = mailbox.name + DELIMITER;
  const hasChildren = account.byName.keys().some((name) => name.startsWith(prefix));
  return { name: mailbox.name, mailbox, isSubscribed: mailbox.subscribed, hasChildren };
}

/** Roles and children are told unasked: Apple Mail looks for them in the plain LIST, and they cost nothing here. */
export function attributesOf(listed: ListedName): string[] {
  const { mailbox } = listed;
  if (mailbox === undefined) return ['\\NonExistent'];
  const attributes = [listed.hasChildren ? '\\HasChildren' : '\\HasNoChildren'];
  if (mailbox.role !== undefined) attributes.push(ROLE_ATTRIBUTES[mailbox.role]);
  return attributes;
}

/** With `\Subscribed`, for the LIST responses that nobody asked for (RFC 9051 §6.3.4, §6.3.6). */
export function allAttributesOf(listed: ListedName): string[] {
  const attributes = attributesOf(listed);
  return listed.isSubscribed ? [...attributes, '\\Subscribed'] : attributes;
}

export interface ListExtras {
  /** RFC 5258 §4: the selection options that mailboxes below it meet. */
  readonly childInfo?: readonly string[];
  /** RFC 9051 §6.3.9.7: the name as the client wrote it. */
  readonly oldName?: string;
}

/** `* LIST (attributes) "/" name [("CHILDINFO" (...) "OLDNAME" (...))]`; LSUB alike. */
export function writeList(
  out: WireWriter,
  response: 'LIST' | 'LSUB',
  name: string,
  attributes: readonly string[],
  extras: ListExtras = {},
): void {
  out.ascii(`* ${response} (${attributes.join(' ')}) "${DELIMITER}" `).mailbox(name);
  const { childInfo = [], oldName } = extras;
  if (childInfo.length === 0 && oldName === undefined) {
    out.crlf();
    return;
  }
  out.sp().open();
  if (childInfo.length > 0) out.ascii(`"CHILDINFO" (${childInfo.map((option) => `"${option}"`).join(' ')})`);
  if (childInfo.length > 0 && oldName !== undefined) out.sp();
  if (oldName !== undefined) out.ascii('"OLDNAME" (').mailbox(oldName).close();
  out.close().crlf();
}

/** What the client's name became, when that is not what it wrote; only IMAP4rev2 knows of it. */
export function oldNameOf(modes: Modes, supplied: string, canonical: string): ListExtras {
  return modes.rev2 && supplied !== canonical ? { oldName: supplied } : {};
}
