/**
 * Gmail keeps each message once and gives it labels; over IMAP every label is a folder that shows it again. So mail is brought from "All
 * Mail", each message once, and put into the mailboxes of its labels as one email. Spam and Trash are not in "All Mail" and are brought as
 * folders. https://developers.google.com/workspace/gmail/imap/imap-extensions
 *
 * A message without a label that is a mailbox is in the archive, which is what Gmail means by that.
 */
import type { Role } from '../../mailbox/model/model.ts';
import { roleOfName } from '../../mailbox/operations/folders.ts';
import { mailboxFor } from '../mailbox-for.ts';
import type { Migration } from './migration.ts';
import { mailboxOfFolder, type Naming, type Place, type Placing, placeFor } from './placing.ts';
import type { RemoteFolder } from './remote-folders.ts';
import type { RemoteMessage } from './remote-message.ts';

/** Gmail's own labels that are mailboxes; its others are flags. */
const SYSTEM: Readonly<Record<string, Role | 'inbox'>> = Object.freeze({
  '\\inbox': 'inbox',
  '\\sent': 'sent',
  '\\draft': 'drafts',
  '\\drafts': 'drafts',
});
const DEFAULT_NAMES: Readonly<Partial<Record<Role, string>>> = Object.freeze({
  sent: 'Sent',
  drafts: 'Drafts',
  archive: 'Archive',
});
const ARCHIVE: Target = Object.freeze({ key: 'role archive', role: 'archive' });

/** Where a label leads: a mailbox by its role, or by its name. */
interface Target {
  /** Part of what messages are known again by, whatever its mailbox is called here. */
  readonly key: string;
  readonly role?: Role | 'inbox';
  readonly name?: string;
}

export interface LabelPlan {
  /** Has every message once. */
  readonly all: RemoteFolder;
  /** Beside it: what is spam, and what was deleted. */
  readonly others: readonly RemoteFolder[];
  /** Folders that show what is in `all`, by the names of their labels. */
  readonly labels: readonly RemoteFolder[];
}

/** Undefined when "All Mail" is not shown over IMAP. */
export function labelPlan(folders: readonly RemoteFolder[]): LabelPlan | undefined {
  const there = folders.filter(({ skipped }) => skipped === undefined);
  const all = there.find(({ isAll }) => isAll);
  if (all === undefined) return undefined;
  const others = there.filter(({ role }) => role === 'junk' || role === 'trash');
  const labels = there.filter((folder) => folder !== all && !others.includes(folder) && !isSystem(folder));
  return { all, others, labels };
}

/** "Starred", "Important" and the like: views of what flags say. */
function isSystem({ path, role }: RemoteFolder): boolean {
  return role === undefined && /^\[(?:Gmail|Google Mail)\](?:\/|$)/.test(path);
}

/** Mailboxes of labels are made and subscribed also when no message has them. */
export async function labelPlacing(
  migration: Migration,
  { labels }: LabelPlan,
  {
    uidValidity,
    messages,
    naming,
  }: { uidValidity: number; messages: readonly RemoteMessage[]; naming: Naming },
): Promise<Placing> {
  const targets = new Map<string, { readonly target: Target; readonly isSubscribed: boolean }>();
  const note = (target: Target, isSubscribed: boolean): void => {
    if (!targets.has(target.key)) targets.set(target.key, { target, isSubscribed });
  };
  for (const folder of labels) note(targetOfFolder(folder), folder.isSubscribed);
  for (const message of messages) for (const target of targetsOf(message)) note(target, true);
  const places = new Map<string, Place>();
  for (const [key, { target, isSubscribed }] of targets) {
    const wanted = { folder: `label\0${key}`, mailbox: mailboxOf(target, naming), isSubscribed };
    places.set(key, await placeFor(migration, wanted, uidValidity));
  }
  return {
    mailbox: 'by labels',
    places: [...places.values()],
    placesOf: (message) => targetsOf(message).map(({ key }) => places.get(key) as Place),
  };
}

/** Each once, at least one. */
function targetsOf({ labels }: RemoteMessage): readonly Target[] {
  const targets = new Map<string, Target>();
  for (const label of labels) {
    const target = targetOf(label);
    if (target !== undefined) targets.set(target.key, target);
  }
  return targets.size > 0 ? [...targets.values()] : [ARCHIVE];
}

function targetOf(label: string): Target | undefined {
  if (label.startsWith('\\')) {
    const role = SYSTEM[label.toLowerCase()];
    return role === undefined ? undefined : { key: `role ${role}`, role };
  }
  return targetOfName(label);
}

function targetOfFolder({ path, role }: RemoteFolder): Target {
  if (path.toUpperCase() === 'INBOX') return { key: 'role inbox', role: 'inbox' };
  return role === undefined ? targetOfName(path) : { key: `role ${role}`, role };
}

function targetOfName(name: string): Target {
  const role = roleOfName(name);
  return role === undefined ? { key: name, name: name.normalize('NFC') } : { key: `role ${role}`, role };
}

function mailboxOf({ role, name = '' }: Target, naming: Naming): string {
  if (role === undefined) return mailboxFor(name, { ...naming, isOnly: false });
  if (role === 'inbox') return mailboxFor('INBOX', { ...naming, isOnly: false });
  const folder = { name: DEFAULT_NAMES[role] ?? role, role };
  return mailboxOfFolder(folder, naming);
}
