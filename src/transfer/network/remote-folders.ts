/**
 * The folders of the old server with the names that they are to have here: levels by `/` whatever parts them there, without the
 * prefix of the person's own namespace (RFC 2342), and what a folder is for, where the server says so (RFC 6154) or its name does, in
 * the languages that programs make such folders in.
 */
import type { ListResponse, NamespacesObject } from 'imapflow';
import type { Role } from '../../mailbox/model/model.ts';

export interface RemoteFolder {
  /** As the server calls it, decoded. */
  readonly path: string;
  /** As it is to be called here, before roles are looked at. */
  readonly name: string;
  readonly role: Role | undefined;
  /** All mail, of which other folders show parts. */
  readonly isAll: boolean;
  readonly isSubscribed: boolean;
  /** Why it is left out. */
  readonly skipped: string | undefined;
}

const ROLES: Readonly<Record<string, Role>> = Object.freeze({
  '\\sent': 'sent',
  '\\drafts': 'drafts',
  '\\junk': 'junk',
  '\\trash': 'trash',
  '\\archive': 'archive',
});

export function foldersOf(
  listed: readonly ListResponse[],
  namespaces: NamespacesObject | undefined,
): readonly RemoteFolder[] {
  const prefixes = (namespaces?.personal || []).map(({ prefix }) => prefix).filter((prefix) => prefix !== '');
  const foreign = [...(namespaces?.other || []), ...(namespaces?.shared || [])].map(({ prefix }) => prefix);
  const folders = listed.map((entry) => {
    const { path, delimiter } = entry;
    const isForeign = foreign.some((prefix) => prefix !== '' && path.startsWith(prefix));
    const use = entry.specialUse?.toLowerCase();
    return {
      path,
      name: nameOf(
        path,
        delimiter,
        isForeign ? undefined : prefixes.find((prefix) => path.startsWith(prefix)),
      ),
      role: use === undefined ? undefined : ROLES[use],
      isAll: use === '\\all',
      isSubscribed: entry.subscribed,
      skipped: whySkipped(entry, isForeign),
    };
  });
  // INBOX first: it is what people miss first.
  return folders.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

const rank = ({ path, role }: RemoteFolder): number =>
  path.toUpperCase() === 'INBOX' ? 0 : role === undefined ? 1 : 2;

function nameOf(path: string, delimiter: string, prefix: string | undefined): string {
  if (path.toUpperCase() === 'INBOX') return 'INBOX';
  const own = prefix === undefined ? path : path.slice(prefix.length);
  if (delimiter === '' || delimiter === '/') return own.normalize('NFC');
  // A level that has our separator in its name keeps a likeness of it.
  const levels = own.split(delimiter).map((level) => level.replaceAll('/', '_'));
  return levels.join('/').normalize('NFC');
}

function whySkipped({ flags }: ListResponse, isForeign: boolean): string | undefined {
  const folded = new Set([...flags].map((flag) => flag.toLowerCase()));
  if (folded.has('\\nonexistent')) return 'it is a name without a folder';
  if (folded.has('\\noselect')) return 'it only holds other folders';
  return isForeign ? 'it is shared, and belongs to somebody else or to all' : undefined;
}
