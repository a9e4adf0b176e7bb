/**
 * What an RFC may contribute, and how it says so. The core of IMAP4rev2 is registered through the same types.
 *
 * A new extension is one file that exports one frozen value, its test, and one line in `registry.ts`. CAPABILITY,
 * ENABLE's list and the tables of the parsers follow from it.
 */

import type { PartOffsets } from '../mail/part.ts';
import type { AccountState } from '../mailbox/account-state.ts';
import type { SearchMatcher } from '../mailbox/criterion.ts';
import type { MailboxState } from '../mailbox/mailbox-state.ts';
import type { EmailFacts, Role } from '../mailbox/model.ts';
import type { MessageRecord } from '../mailbox/record.ts';

import type { EmailField } from '../mailbox/store.ts';
import type { Call, Command, SessionContext } from './command.ts';
import type { ListedName } from './listing.ts';
import type { Registry } from './registry.ts';
import type { Completion } from './replies.ts';
import type { Selected } from './selected.ts';
import type { ImapSettings } from './settings.ts';
import type { KeywordSyntax } from './wire/keyword-table.ts';
import type { ListSelectionSyntax } from './wire/list-args.ts';
import type { SearchKeySyntax } from './wire/search-tree.ts';
import type { WireWriter } from './wire/writer.ts';

/** One message as a FETCH item sees it; the same object shows the next message later, so nothing of it is kept. */
export interface FetchedMessage {
  readonly seq: number;
  readonly uid: number;
  readonly record: MessageRecord;
  /** Has the fields some item of the command asked for; undefined when they are lost. */
  readonly email: EmailFacts | undefined;
  /** Of an item that needs `parts`. */
  readonly parts: PartOffsets;
  /** Exactly these octets; at once when the item announced the range by `reads`. */
  read(start: number, end: number): Buffer | Promise<Buffer>;
  /** The same in slices, for a range that is too long to hold. */
  stream(start: number, end: number): AsyncIterable<Buffer>;
  /** Between the slices of a long answer. */
  breathe(): Promise<void> | undefined;
  /** The command will end so; what it can send it sends all the same. */
  refuse(completion: Completion): void;
}

export interface FetchItem<Args = unknown> extends KeywordSyntax<Args> {
  /** Which stored facts `write` reads. */
  readonly needs?: (args: Args) => readonly EmailField[];
  /** The octets that `write` will ask for, when that is one range; short ones are read for many messages at once. */
  readonly reads?: (message: FetchedMessage, args: Args) => Octets | undefined;
  /** Fetching it marks the message as read. */
  readonly setsSeen?: (args: Args) => boolean;
  /** Fetching it switches CONDSTORE on (RFC 7162 §3.1). */
  readonly impliesCondstore?: boolean;
  /** Writes `NAME value`, without the space before it; false when it has written nothing, having no value. */
  write(
    out: WireWriter,
    message: FetchedMessage,
    args: Args,
    session: SessionContext,
    selected: Selected,
  ): Written | Promise<Written>;
}

/** Nothing, or false. */
export type Written = false | undefined;

export interface Octets {
  readonly start: number;
  readonly end: number;
}

export interface StatusItem extends KeywordSyntax {
  /** Writes the value; the name is written already. From counters only, unless `needsList`. */
  write(out: WireWriter, mailbox: MailboxState, session: SessionContext): void;
  /** True when no counter has it: then `mailbox.list` is loaded before `write`. */
  readonly needsList?: (mailbox: MailboxState) => boolean;
  readonly impliesCondstore?: boolean;
}

/** A parameter of SELECT and EXAMINE (RFC 4466 §2.1). */
export interface SelectParameter<Args = unknown> extends KeywordSyntax<Args> {
  /** Before anything is opened or closed; throws SyntaxFault when it may not be used here. */
  readonly before?: (call: Call<'authenticated' | 'selected'>, args: Args) => void;
  /** The mailbox is open and all that SELECT owes is written. */
  readonly after?: (
    session: SessionContext,
    account: AccountState,
    selected: Selected,
    args: Args,
  ) => Promise<void>;
}

/** A parameter of CREATE (RFC 4466 §2.2). */
export interface CreateParameter<Args = unknown> extends KeywordSyntax<Args> {
  /** Throws MailboxError, or SyntaxFault with NO, for what cannot be had. */
  wishes(args: Args): { readonly role?: Role };
}

export interface ListSelectionItem extends ListSelectionSyntax {
  /** Whether a name is wanted; absent: the option narrows nothing down by itself. */
  readonly selects?: (listed: ListedName) => boolean;
  /** Return options that it implies (RFC 5258 §3.1). */
  readonly implies?: readonly string[];
}

export interface ListReturnItem<Args = unknown> extends KeywordSyntax<Args> {
  /** Looks up in the registry what the client has named; throws SyntaxFault. The result is what the others get. */
  readonly resolve?: (args: Args, registry: Registry) => Args;
  /** Attributes beside those that are always there. */
  readonly attributes?: (listed: ListedName) => readonly string[];
  /** Responses that follow the LIST response of a mailbox that exists. */
  readonly follow?: (
    call: Call<'authenticated' | 'selected'>,
    mailbox: MailboxState,
    args: Args,
  ) => void | Promise<void>;
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
  /** Words ENABLE takes, spelled as they are answered, and what each switches on. */
  readonly enables?: Readonly<Record<string, Enable>>;
  readonly commands?: readonly Command[];
  readonly fetchItems?: readonly FetchItem[];
  readonly statusItems?: readonly StatusItem[];
  readonly searchKeys?: readonly SearchKeyItem[];
  /** `RETURN (...)` of SEARCH. */
  readonly searchReturns?: readonly KeywordSyntax[];
  readonly selectParameters?: readonly SelectParameter[];
  readonly fetchModifiers?: readonly KeywordSyntax[];
  readonly storeModifiers?: readonly KeywordSyntax[];
  readonly createParameters?: readonly CreateParameter[];
  readonly listSelections?: readonly ListSelectionItem[];
  readonly listReturns?: readonly ListReturnItem[];
}

export type Enable = (call: Call<'authenticated' | 'selected'>) => void;

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

export function selectParameter<Args>(item: SelectParameter<Args>): SelectParameter {
  return Object.freeze(item) as unknown as SelectParameter;
}

export function createParameter<Args>(item: CreateParameter<Args>): CreateParameter {
  return Object.freeze(item) as unknown as CreateParameter;
}

export function listReturn<Args>(item: ListReturnItem<Args>): ListReturnItem {
  return Object.freeze(item) as unknown as ListReturnItem;
}
