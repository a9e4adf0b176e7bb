/**
 * The arguments of NOTIFY (RFC 5465 §8). MessageNew and MessageExpunge come together or not at all, and the others of a
 * message only with them (§5); for the selected mailbox there are no events but those of messages (§6.1).
 */
import type { Cursor } from './cursor.ts';
import { SyntaxFault } from './fault.ts';
import { parseFetchAtts } from './fetch-items.ts';
import { atom, keyword, label, nonEmptyList, sp } from './grammar.ts';
import type { KeywordSyntax, KeywordTable, ParsedKeyword } from './keyword-table.ts';
import { type MailboxFilter, mailboxFilter } from './mailbox-filter.ts';

export const NOTIFY_EVENTS = Object.freeze([
  'MessageNew',
  'MessageExpunge',
  'FlagChange',
  'AnnotationChange',
  'MailboxName',
  'SubscriptionChange',
  'MailboxMetadataChange',
  'ServerMetadataChange',
] as const);

export type NotifyEvent = (typeof NOTIFY_EVENTS)[number];

export interface EventGroup {
  readonly filter: MailboxFilter;
  /** None: NONE was said. */
  readonly events: ReadonlySet<NotifyEvent>;
}

export interface SelectedEvents<Row extends KeywordSyntax> {
  readonly isDelayed: boolean;
  readonly events: ReadonlySet<NotifyEvent>;
  /** What is to be told of a new message. */
  readonly items: readonly ParsedKeyword<Row>[];
}

export interface NotifySet<Row extends KeywordSyntax> {
  readonly wantsStatus: boolean;
  readonly selected: SelectedEvents<Row> | undefined;
  readonly groups: readonly EventGroup[];
  /** An event was named that is none. */
  readonly hasUnknown: boolean;
}

const SP = 0x20;
const OPEN = 0x28;
const CLOSE = 0x29;
const OF_MESSAGES: ReadonlySet<NotifyEvent> = new Set(NOTIFY_EVENTS.slice(0, 4));
const BY_WORD = new Map<string, NotifyEvent>(NOTIFY_EVENTS.map((event) => [event.toUpperCase(), event]));
/** A command is one line of moderate length; what could be named in it is looked at with every change. */
const MAX_GROUPS = 100;
const MAX_NAMES = 1000;

/** Undefined: NONE. */
export function notifyArgs<Row extends KeywordSyntax>(
  c: Cursor,
  items: KeywordTable<Row>,
): NotifySet<Row> | undefined {
  sp(c);
  if (c.maybeWord('NONE')) return undefined;
  keyword(c, 'SET');
  sp(c);
  const wantsStatus = c.maybeWord('STATUS');
  if (wantsStatus) sp(c);
  const reader = new GroupReader(c, items);
  do reader.read();
  while (c.peek() === SP && c.peekAt(1) === OPEN && c.maybeByte(SP));
  const { selected, groups, hasUnknown } = reader;
  return { wantsStatus, selected, groups, hasUnknown };
}

class GroupReader<Row extends KeywordSyntax> {
  selected: SelectedEvents<Row> | undefined;
  readonly groups: EventGroup[] = [];
  hasUnknown = false;
  readonly #c: Cursor;
  readonly #items: KeywordTable<Row>;
  #names = 0;

  constructor(c: Cursor, items: KeywordTable<Row>) {
    this.#c = c;
    this.#items = items;
  }

  /** `"(" filter-mailboxes SP events ")"`. */
  read(): void {
    const c = this.#c;
    c.expectByte(OPEN, '(');
    const open = this.#maybeSelected();
    const filter = open === undefined ? mailboxFilter(c) : undefined;
    sp(c);
    const { events, items } = this.#events(open !== undefined);
    c.expectByte(CLOSE, ')');
    if (filter !== undefined) this.groups.push({ filter, events });
    else if (this.selected === undefined) this.selected = { isDelayed: open === 'delayed', events, items };
    else throw new SyntaxFault('The selected mailbox is named twice');
    if (filter !== undefined && 'names' in filter) this.#names += filter.names.length;
    if (this.groups.length > MAX_GROUPS) throw new SyntaxFault('Too many groups of events', TOO_MUCH);
    if (this.#names > MAX_NAMES) throw new SyntaxFault('Too many names of mailboxes', TOO_MUCH);
  }

  #maybeSelected(): 'selected' | 'delayed' | undefined {
    const c = this.#c;
    const mark = c.mark();
    const word = label(c, 'a choice of mailboxes');
    if (word === 'SELECTED') return 'selected';
    if (word === 'SELECTED-DELAYED') return 'delayed';
    c.reset(mark);
    return undefined;
  }

  /** `"(" event *(SP event) ")" / "NONE"`. */
  #events(isOfSelected: boolean): Pick<SelectedEvents<Row>, 'events' | 'items'> {
    const c = this.#c;
    const events = new Set<NotifyEvent>();
    if (c.maybeWord('NONE')) return { events, items: [] };
    let items: readonly ParsedKeyword<Row>[] = [];
    nonEmptyList(c, () => {
      const event = BY_WORD.get(atom(c).toUpperCase());
      if (event === undefined) {
        this.hasUnknown = true;
        return;
      }
      if (isOfSelected && !OF_MESSAGES.has(event))
        throw new SyntaxFault(`${event} is no event of the selected mailbox`);
      events.add(event);
      if (event !== 'MessageNew' || c.peek() !== SP || c.peekAt(1) !== OPEN) return;
      if (!isOfSelected) throw new SyntaxFault('Only of the selected mailbox messages can be fetched');
      sp(c);
      items = parseFetchAtts(c, this.#items);
    });
    requireTogether(events);
    return { events, items };
  }
}

function requireTogether(events: ReadonlySet<NotifyEvent>): void {
  const hasNew = events.has('MessageNew');
  if (hasNew !== events.has('MessageExpunge'))
    throw new SyntaxFault('MessageNew and MessageExpunge belong together');
  if (!hasNew && (events.has('FlagChange') || events.has('AnnotationChange')))
    throw new SyntaxFault('FlagChange and AnnotationChange need MessageNew and MessageExpunge');
}

const TOO_MUCH = { status: 'NO', code: { code: 'NOTIFICATIONOVERFLOW' } } as const;
