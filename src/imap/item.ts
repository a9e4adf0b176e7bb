/**
 * The items of commands: what an extension may add to FETCH, STATUS, SEARCH, SELECT, CREATE, LIST and ENABLE. Each says
 * how its arguments are read and what it does, so that no command knows the items by name.
 */
import type { PartOffsets } from '../mail/part.ts';
import type { Criterion } from '../mailbox/model/criterion.ts';
import type { EmailFacts, FactPart } from '../mailbox/model/facts.ts';
import type { Role } from '../mailbox/model/model.ts';
import type { MessageRecord } from '../mailbox/model/record.ts';
import type { Place } from '../mailbox/operations/visiting.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type { MailboxState } from '../mailbox/state/mailbox.ts';
import type { Lent } from '../net/send-memory.ts';
import type { Call, SessionContext } from './context.ts';
import type { ListedName } from './listing.ts';
import type { Completion } from './replies.ts';
import type { Selected } from './selected.ts';
import type { KeywordSyntax, KeywordTable } from './wire/keyword-table.ts';
import type { ListSelectionSyntax } from './wire/list-args.ts';
import type { SearchKey, SearchKeySyntax } from './wire/search-tree.ts';
import type { StoreAction } from './wire/store-args.ts';
import type { WireWriter } from './wire/writer.ts';

/** One message as a FETCH item sees it; the same object shows the next message later, so nothing of it is kept. */
export interface FetchedMessage {
  readonly seq: number;
  readonly uid: number;
  readonly record: MessageRecord;
  /** Has the parts some item of the command asked for, as far as they are stored; undefined when all are lost. */
  readonly email: EmailFacts | undefined;
  /** Of an item that needs `parts`. */
  readonly parts: PartOffsets;
  /** Exactly these octets; at once when the item announced the range by `reads`. */
  read(start: number, end: number): Buffer | Promise<Buffer>;
  /** The same in slices, for a range that is too long to hold; `memory` for them, where the caller has some. */
  stream(start: number, end: number, memory?: Lent): AsyncIterable<Buffer>;
  /** Memory for octets that will be written by reference. */
  lend(): Lent;
  /** Between the slices of a long answer. */
  breathe(): Promise<void> | undefined;
  /** While a value is computed: lets others run, sends nothing. */
  rest(): Promise<void> | undefined;
  /** The command will end so; what it can send it sends all the same. */
  refuse(completion: Completion): void;
}

export interface FetchItem<Args = unknown> extends KeywordSyntax<Args> {
  /** Which stored facts `write` reads. */
  readonly needs?: (args: Args) => readonly FactPart[];
  /** A part that, where an email has it, spares all that `needs` names: for such emails only this one is loaded. */
  readonly sparedBy?: (args: Args) => FactPart | undefined;
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

/** Data of STORE beside the flags (RFC 4466 §2.5 leaves room for them). */
export interface StoreItem<Args = unknown> extends KeywordSyntax<Args> {
  run(call: Call<'selected'>, wanted: StoreWanted, args: Args): Promise<Completion>;
}

export interface StoreWanted {
  /** Ascending; messages that the client knows. */
  readonly uids: readonly number[];
  readonly action: StoreAction;
  readonly isSilent: boolean;
  /** UNCHANGEDSINCE was asked for. */
  readonly isConditional: boolean;
  /** Of the command, for its answer. */
  readonly name: string;
}

export interface StatusItem extends KeywordSyntax {
  /** Writes the value; the name is written already. From counters only, unless `needsList`. */
  write(out: WireWriter, mailbox: MailboxState, session: SessionContext, place: Place): void;
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
  /** Looks up what the client has named; throws SyntaxFault. The result is what the others get. */
  readonly resolve?: (args: Args, tables: Tables) => Args;
  /** Attributes beside those that are always there. */
  readonly attributes?: (listed: ListedName) => readonly string[];
  /** Responses that follow the LIST response of a mailbox that exists. */
  readonly follow?: (
    call: Call<'authenticated' | 'selected'>,
    place: Place,
    args: Args,
  ) => void | Promise<void>;
}

/** Who searches, whatever is open. */
export interface Searching {
  readonly session: SessionContext;
}

export interface SearchKeyItem<Args = unknown> extends SearchKeySyntax<Args> {
  /** Asked once per command; not of one that stands for other keys. */
  criterion(args: Args, nowMs: number): Criterion;
  /** What is sought in its key is met by what is like it (RFC 6203). */
  readonly isFuzzy?: boolean;
  /** The keys that it stands for; asked before anything else. Its words are UTF-8. Throws SyntaxFault. */
  readonly expand?: (call: Searching, args: Args) => Promise<SearchKey<SearchKeyItem>>;
  /** What it stands for is UTF-8, and so must be what it stands among (RFC 5466 §3.1). */
  readonly needsUtf8?: boolean;
  readonly impliesCondstore?: boolean;
}

export type Enable = (call: Call<'authenticated' | 'selected'>) => void;

export interface Enablable {
  readonly name: string;
  readonly enable: Enable;
  /** Whether it is offered here and now; if not it is passed over. */
  readonly mayEnable?: ((call: Call<'authenticated' | 'selected'>) => boolean) | undefined;
}

/** What is registered, as the parsers read it. */
export interface Tables {
  /** By the word in capitals; `name` is as it is answered. */
  readonly enables: ReadonlyMap<string, Enablable>;
  readonly fetchItems: KeywordTable<FetchItem>;
  readonly statusItems: KeywordTable<StatusItem>;
  readonly searchKeys: ReadonlyMap<string, SearchKeyItem>;
  readonly searchReturns: KeywordTable<KeywordSyntax>;
  readonly selectParameters: KeywordTable<SelectParameter>;
  readonly fetchModifiers: KeywordTable<KeywordSyntax>;
  readonly storeModifiers: KeywordTable<KeywordSyntax>;
  readonly storeItems: KeywordTable<StoreItem>;
  readonly createParameters: KeywordTable<CreateParameter>;
  readonly listSelections: KeywordTable<ListSelectionItem>;
  readonly listReturns: KeywordTable<ListReturnItem>;
}

/** Erases the type of an item's arguments: what `parse` returns is what the other functions of the same item get. */
export function fetchItem<Args>(item: FetchItem<Args>): FetchItem {
  return Object.freeze(item) as unknown as FetchItem;
}

export function storeItem<Args>(item: StoreItem<Args>): StoreItem {
  return Object.freeze(item) as unknown as StoreItem;
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
