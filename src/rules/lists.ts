/**
 * The lists that scripts may ask (RFC 6134), by the names that they have there:
 *
 * - `:addrbook:default`, whom the account has written to;
 * - `tag:brevduva,2026:met`, these, and whom it has had mail from before the message at hand;
 * - `tag:brevduva,2026:own`, the addresses that the account has itself, aliases and tags among them;
 * - `tag:brevduva,2026:list/NAME`, the lines of `NAME.list` in the administrator's folder. To these alone mail can be sent on.
 */
import type { Domain } from '../mailbox/domain.ts';
import { KNOWN } from '../mailbox/model/correspondents.ts';
import { hasMet, isCorrespondent } from '../mailbox/operations/correspondents.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type { Lists } from '../sieve/environment.ts';
import type { GlobalLists } from './global-lists.ts';

/** What ManageSieve says of them: the beginnings of the names. */
export const LIST_KINDS: readonly string[] = ['urn:ietf:params:sieve:addrbook', 'tag:brevduva,2026'];

const ADDRESS_BOOK: ReadonlySet<string> = new Set([
  ':addrbook:default',
  'urn:ietf:params:sieve:addrbook:default',
]);
const MET = 'tag:brevduva,2026:met';
const OWN = 'tag:brevduva,2026:own';
const FILE = 'tag:brevduva,2026:list/';

export interface ListSources {
  readonly domain: Pick<Domain, 'store'>;
  readonly globals: GlobalLists;
  /** Whether mail for the address is the account's. */
  owns(account: AccountState, address: string): Promise<boolean>;
}

export function listsOf(account: AccountState, { domain, globals, owns }: ListSources): Lists {
  const fileOf = (list: string): string | undefined =>
    list.startsWith(FILE) ? list.slice(FILE.length) : undefined;
  return {
    async exists(list) {
      if (ADDRESS_BOOK.has(list) || list === MET || list === OWN) return true;
      const file = fileOf(list);
      return file !== undefined && (await globals.find(file)) !== undefined;
    },
    async contains(list, value) {
      if (ADDRESS_BOOK.has(list)) return isCorrespondent(domain, account, value, KNOWN.Written);
      if (list === MET) return hasMet(domain, account, value);
      if (list === OWN) return value.includes('@') && (await owns(account, value));
      const file = fileOf(list);
      const lines = file === undefined ? undefined : await globals.find(file);
      return lines?.has(value.toLowerCase()) === true;
    },
    async members(list) {
      const file = fileOf(list);
      const lines = file === undefined ? undefined : await globals.find(file);
      return lines && [...lines];
    },
  };
}
