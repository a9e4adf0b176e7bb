/**
 * Which mailboxes a message of a folder belongs into here, and what was brought into them before. A folder is one mailbox; it is the one
 * that has its messages, also when that has another name by now.
 */
import type { TakenOver } from '../../mailbox/operations/take-over-uids.ts';
import { mailboxFor, type RoleHolders } from '../mailbox-for.ts';
import type { OpenFolder } from './imap-remote.ts';
import { folderMark, Journal } from './journal.ts';
import type { Migration } from './migration.ts';
import type { RemoteFolder } from './remote-folders.ts';
import type { RemoteMessage } from './remote-message.ts';

export interface Place {
  readonly mailbox: string;
  readonly isNew: boolean;
  readonly journal: Journal;
  readonly takenOver?: TakenOver;
}

export interface Placing {
  /** Of the receipt. */
  readonly mailbox: string;
  /** All there are. */
  readonly places: readonly Place[];
  /** At least one. */
  placesOf(message: RemoteMessage): readonly Place[];
}

export interface Wanted {
  /** Part of what its messages are known again by. */
  readonly folder: string;
  /** Its mailbox, when none has its messages yet. */
  readonly mailbox: string;
  readonly isSubscribed: boolean;
}

export interface Naming {
  readonly roles: RoleHolders;
  /** Everything goes there or below it. */
  readonly below: string | undefined;
}

export function mailboxOfFolder(
  { name, role }: Pick<RemoteFolder, 'name' | 'role'>,
  { roles, below }: Naming,
): string {
  const holder = role === undefined ? undefined : roles.find((one) => one.role === role)?.name;
  if (below === undefined && holder !== undefined) return holder;
  return mailboxFor(name, { roles, below, isOnly: false });
}

/** Without changing anything in modes that only look. */
export async function placeFor(
  { target, address, source, mode }: Migration,
  { folder, mailbox: wanted, isSubscribed }: Wanted,
  uidValidity: number,
): Promise<Place> {
  const mark = folderMark(source, folder);
  const [holder] = await target.migration.holdersOf(address, mark);
  const name = holder ?? wanted;
  const ensured =
    mode === 'bring'
      ? await target.ensureMailbox(address, name, { isSubscribed })
      : { name, isNew: holder === undefined };
  const journal =
    holder === undefined
      ? Journal.empty(mark, uidValidity)
      : await Journal.load(target.migration, address, ensured.name, { folder: mark, uidValidity });
  return { mailbox: ensured.name, isNew: ensured.isNew, journal };
}

/** The mailbox of a folder, which takes over its UIDs when it is new (docs/decisions/0013). */
export async function folderPlacing(
  migration: Migration,
  folder: RemoteFolder,
  { open, messages, naming }: { open: OpenFolder; messages: readonly RemoteMessage[]; naming: Naming },
): Promise<Placing> {
  const { path, isSubscribed } = folder;
  const wanted = { folder: path, mailbox: mailboxOfFolder(folder, naming), isSubscribed };
  const place = await placeFor(migration, wanted, open.uidValidity);
  const { target, address, mode } = migration;
  const uidNext = Math.max(open.uidNext, (messages.at(-1)?.uid ?? 0) + 1);
  const mayTakeOver = mode === 'bring' && messages.length > 0;
  const taken = mayTakeOver
    ? await target.takeOverUids(address, place.mailbox, { uidValidity: open.uidValidity, uidNext })
    : undefined;
  const only = { ...place, ...(taken && { takenOver: taken }) };
  return { mailbox: place.mailbox, places: [only], placesOf: () => [only] };
}
