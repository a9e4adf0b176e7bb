/**
 * The folders of the old server with the names that they are to have here: levels by `/` whatever parts them there, without the
 * prefix of the person's own namespace (RFC 2342), and what a folder is for, where the server says so (RFC 6154) or its name does, in
 * the languages that programs make such folders in.
 */
import type { ListResponse, NamespacesObject } from 'imapflow';
import { specialUse } from 'imapflow/lib/special-use.js';
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
  const named = listed.map((entry) => {
    const { path, delimiter } = entry;
    const isForeign = foreign.some((prefix) => prefix !== '' && path.startsWith(prefix));
    const prefix = isForeign ? undefined : prefixes.find((one) => path.startsWith(one));
    return { entry, name: nameOf(path, delimiter, prefix), skipped: whySkipped(entry, isForeign) };
  });
  const uses = usesOf(named);
  const folders = named.map(({ entry: { path, subscribed }, name, skipped }, i) => {
    const use = uses[i];
    const role = use === undefined ? undefined : ROLES[use];
    return { path, name, role, isAll: use === '\\all', isSubscribed: subscribed, skipped };
  });
  // INBOX first: it is what people miss first.
  return folders.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

/**
 * What each is for, as the server says; where it says nothing of a use, a folder at the top is for what its name means, and one whose name
 * is only near to that when there is no better.
 */
function usesOf(
  folders: readonly { readonly entry: ListResponse; readonly name: string; readonly skipped: unknown }[],
): readonly (string | undefined)[] {
  const claims = folders.map(({ entry, name, skipped }) => {
    const { flag, source } = specialUse(true, { flags: entry.flags, name: name.split('/').at(-1) ?? name });
    const counts = flag !== null && skipped === undefined && (source === 'extension' || !name.includes('/'));
    return counts ? { use: flag.toLowerCase(), source } : undefined;
  });
  const best = new Map<string, number>();
  for (const claim of claims) {
    if (claim !== undefined)
      best.set(claim.use, Math.min(best.get(claim.use) ?? 9, SOURCES.indexOf(claim.source ?? '')));
  }
  return claims.map((claim) => {
    return claim !== undefined && best.get(claim.use) === SOURCES.indexOf(claim.source ?? '')
      ? claim.use
      : undefined;
  });
}

/** From the surest on. */
const SOURCES: readonly string[] = ['extension', 'name', 'name-guess'];

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
