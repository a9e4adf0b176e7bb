/**
 * What an RFC may contribute, and how it says so. The core of IMAP4rev2 is registered through the same types.
 *
 * A new extension is one file that exports one frozen value, its test, and one line in `registry.ts`. CAPABILITY,
 * ENABLE's list and the tables of the parsers follow from it.
 */

import type { AccountState } from '../mailbox/account-state.ts';
import type { MailboxState } from '../mailbox/mailbox-state.ts';
import type { EmailFacts } from '../mailbox/model.ts';
import type { MessageRecord } from '../mailbox/record.ts';
import type { SearchMatcher } from '../mailbox/search.ts';
import type { Command, SessionContext } from './command.ts';
import type { Modes } from './modes.ts';
import type { Selected } from './selected.ts';
import type { ImapSettings } from './settings.ts';
import type { KeywordSyntax } from './wire/keyword-table.ts';
import type { SearchKeySyntax } from './wire/search-tree.ts';
import type { WireWriter } from './wire/writer.ts';

/** One message as a FETCH item sees it. `email` has the fields some item of the command asked for. */
export interface FetchedMessage {
  readonly seq: number;
  readonly uid: number;
  readonly record: MessageRecord;
  readonly email: EmailFacts | undefined;
  /** Octets of the message, clipped; undefined when they are missing on the server. */
  read(start: number, end: number): Promise<Buffer | undefined>;
  /** The same in slices, for a range that is too long to hold. */
  stream(start: number, end: number): AsyncIterable<Buffer>;
}

export interface FetchItem<Args = unknown> extends KeywordSyntax<Args> {
  /** Which stored facts `write` reads. */
  readonly needs?: (args: Args) => {
    readonly envelope?: boolean;
    readonly bodyStructure?: boolean;
    readonly parts?: boolean;
  };
  /** Fetching it marks the message as read. */
  readonly setsSeen?: (args: Args) => boolean;
  /** Fetching it switches CONDSTORE on (RFC 7162 §3.1). */
  readonly impliesCondstore?: boolean;
  /** Writes `NAME value`, without the space before it; nothing and false when the item has no value for this message. */
  write(
    out: WireWriter,
    message: FetchedMessage,
    args: Args,
    session: SessionContext,
    selected: Selected,
  ): void | Promise<void>;
}

export interface StatusItem extends KeywordSyntax {
  write(out: WireWriter, mailbox: MailboxState, account: AccountState): void;
  readonly impliesCondstore?: boolean;
}

export interface SearchKeyItem<Args = unknown> extends SearchKeySyntax<Args> {
  /** One test per message; made once per command. */
  matcher(args: Args, nowMs: number): SearchMatcher;
  readonly impliesCondstore?: boolean;
}

export interface Extension {
  /** RFC number and short name, for the documents: `RFC 7162 CONDSTORE and QRESYNC`. */
  readonly rfc: string;
  /** Words of CAPABILITY, for this session as it stands. */
  readonly capabilities?: (context: CapabilityContext) => readonly string[];
  /** Words ENABLE takes, and what each switches on. */
  readonly enables?: Readonly<Record<string, (modes: Modes) => void>>;
  readonly commands?: readonly Command[];
  readonly fetchItems?: readonly FetchItem[];
  readonly statusItems?: readonly StatusItem[];
  readonly searchKeys?: readonly SearchKeyItem[];
  /** `RETURN (...)` of SEARCH. */
  readonly searchReturns?: readonly KeywordSyntax[];
  readonly selectParameters?: readonly KeywordSyntax[];
  readonly fetchModifiers?: readonly KeywordSyntax[];
  readonly storeModifiers?: readonly KeywordSyntax[];
  readonly createParameters?: readonly KeywordSyntax[];
  readonly listSelections?: readonly KeywordSyntax[];
  readonly listReturns?: readonly KeywordSyntax[];
}

export interface CapabilityContext {
  readonly isSignedIn: boolean;
  readonly isSecure: boolean;
  readonly mayUsePlaintext: boolean;
  readonly settings: ImapSettings;
}

export function defineExtension(extension: Extension): Extension {
  return Object.freeze(extension);
}

/** Erases the type of an item's arguments: what `parse` returns is what the other functions of the same item get. */
export function fetchItem<Args>(item: FetchItem<Args>): FetchItem {
  return Object.freeze(item) as unknown as FetchItem;
}

export function searchKey<Args>(item: SearchKeyItem<Args>): SearchKeyItem {
  return Object.freeze(item) as unknown as SearchKeyItem;
}
