/**
 * The names LIST and LSUB choose from, what is known of each, and how one is written (RFC 9051 §6.3.9, §7.3.1).
 *
 * A name is listed because its mailbox exists and may be seen, because somebody is subscribed to it, or because such a name is below it.
 * Everything is computed in one pass, so a LIST is linear in the number of mailboxes and their depth.
 */
import { ancestors, DELIMITER, isChildOf, OTHER_USERS, parentName } from '../mail/mailbox-name.ts';
import type { Role } from '../mailbox/model/model.ts';
import type { Place } from '../mailbox/operations/visiting.ts';
import type { MailboxState } from '../mailbox/state/mailbox.ts';
import type { Modes } from './modes.ts';
import type { Reach } from './reach.ts';
import type { WireWriter } from './wire/writer.ts';

export interface ListedName {
  readonly name: string;
  /** Undefined: no such mailbox. */
  readonly mailbox: MailboxState | undefined;
  readonly place?: Place;
  /** It only stands above mailboxes that others share. */
  readonly isAboveOthers?: boolean;
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

/** All names of the account, INBOX first, the rest in order of their octets; those above subscribed names included, and with them those of others. */
export async function listedNames(reach: Reach, withOthers: boolean): Promise<ListedName[]> {
  const own = ownNames(reach);
  if (withOthers) await addOthers(own, reach);
  return [...own.values()].sort(byName);
}

function ownNames({ own: account, placeIn }: Pick<Reach, 'own' | 'placeIn'>): Map<string, ListedName> {
  const parents = new Set<string>();
  for (const name of account.byName.keys()) {
    const parent = parentName(name);
    if (parent !== undefined) parents.add(parent);
  }
  const listed = new Map<string, ListedName>();
  for (const mailbox of account.byName.values()) {
    const { name, subscribed } = mailbox;
    const hasChildren = parents.has(name);
    const place = placeIn(account, mailbox);
    listed.set(name, { name, mailbox, place, isSubscribed: subscribed, hasChildren });
  }
  for (const orphan of account.orphanSubscriptions) {
    if (listed.get(orphan)?.mailbox !== undefined) continue;
    listed.set(orphan, { name: orphan, mailbox: undefined, isSubscribed: true, hasChildren: false });
    for (const name of ancestors(orphan)) {
      if (!listed.has(name))
        listed.set(name, { name, mailbox: undefined, isSubscribed: false, hasChildren: false });
    }
  }
  return listed;
}

async function addOthers(listed: Map<string, ListedName>, reach: Reach): Promise<void> {
  const subscribed = new Set(reach.own.orphanSubscriptions);
  const places: Place[] = [];
  for await (const place of reach.othersMailboxes()) places.push(place);
  for (const { name } of places)
    for (const above of ancestors(name)) {
      const there = listed.get(above);
      if (there?.mailbox === undefined)
        listed.set(above, {
          ...{ name: above, mailbox: undefined, hasChildren: true, isAboveOthers: true },
          isSubscribed: subscribed.has(above),
        });
    }
  for (const place of places) {
    const { name, mailbox } = place;
    if (listed.get(name)?.mailbox !== undefined) continue;
    const hasChildren = listed.get(name)?.isAboveOthers === true;
    listed.set(name, { name, mailbox, place, isSubscribed: subscribed.has(name), hasChildren });
  }
}

/** Whether a pattern can match a name of somebody else's mailbox, or one above some. */
export function mayMatchOthers(pattern: string): boolean {
  const wildcard = pattern.search(/[*%]/);
  const literal = wildcard < 0 ? pattern : pattern.slice(0, wildcard);
  return literal.startsWith(OTHER_USERS) || (wildcard >= 0 && OTHER_USERS.startsWith(literal));
}

function byName(a: ListedName, b: ListedName): number {
  if (a.name === 'INBOX') return -1;
  if (b.name === 'INBOX') return 1;
  return a.name < b.name ? -1 : 1;
}

/** One mailbox by itself, for SELECT, CREATE and RENAME. */
export function listedOf(place: Place): ListedName {
  const { account, mailbox, name } = place;
  const hasChildren = account.byName
    .values()
    .some((other) => isChildOf(other.name, mailbox.name) && place.beside(other).may('l'));
  return { name, mailbox, place, isSubscribed: place.isOwn && mailbox.subscribed, hasChildren };
}

/** Roles and children are told unasked: Apple Mail looks for them in the plain LIST, and they cost nothing here. */
export function attributesOf(listed: ListedName): string[] {
  const { mailbox, place } = listed;
  if (listed.isAboveOthers === true) return ['\\Noselect', '\\HasChildren'];
  if (mailbox === undefined) return ['\\NonExistent'];
  // RFC 4314 §4: one may be seen and not be read.
  if (place?.may('r') === false)
    return ['\\Noselect', listed.hasChildren ? '\\HasChildren' : '\\HasNoChildren'];
  const attributes = [listed.hasChildren ? '\\HasChildren' : '\\HasNoChildren'];
  // What somebody else has for his sent mail or his trash is that for him.
  if (mailbox.role !== undefined && place?.isOwn !== false) attributes.push(ROLE_ATTRIBUTES[mailbox.role]);
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
