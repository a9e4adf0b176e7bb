/** Which mailboxes a query finds, and in which order (RFC 8621 §2.3). There are some hundreds; all of them are looked at. */
import { mailboxObjectId } from '../../mailbox/model/object-ids.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import type { MailboxState } from '../../mailbox/state/mailbox.ts';
import { boolean, text, withDefault } from '../core/arguments.ts';
import { MethodError } from '../core/fault.ts';
import { type Filter, matches, readFilter } from '../core/filter.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { JmapLimits } from '../core/limits.ts';
import { inOrder, readSort } from '../core/sort.ts';
import { nameOf, parentOf, roleOf } from './properties.ts';

export interface MailboxListing {
  readonly filter: Filter<MailboxTest> | undefined;
  readonly order: MailboxOrder;
  readonly sortAsTree: boolean;
  readonly filterAsTree: boolean;
}

export const LISTING_ARGUMENTS = {
  sortAsTree: withDefault(boolean, false),
  filterAsTree: withDefault(boolean, false),
};

type MailboxTest = (mailbox: MailboxState, account: AccountState) => boolean;
type MailboxOrder = (a: Named, b: Named) => number;

/** As it is shown. */
interface Named {
  readonly mailbox: MailboxState;
  readonly name: string;
}

const orNull = (value: Json | undefined): string | null => (value === null ? null : text(value));
const CONDITIONS: Readonly<Record<string, (value: Json | undefined) => MailboxTest>> = {
  parentId: (value) => {
    const wanted = orNull(value);
    return (mailbox, account) => {
      const parent = parentOf(account, mailbox);
      return (parent === undefined ? null : mailboxObjectId(parent.id)) === wanted;
    };
  },
  name: (value) => {
    const wanted = text(value).toLowerCase();
    return (mailbox, account) => nameOf(account, mailbox).toLowerCase().includes(wanted);
  },
  role: (value) => {
    const wanted = orNull(value);
    return (mailbox) => (roleOf(mailbox) ?? null) === wanted;
  },
  hasAnyRole: (value) => {
    const wanted = boolean(value);
    return (mailbox) => (roleOf(mailbox) !== undefined) === wanted;
  },
  isSubscribed: (value) => {
    const wanted = boolean(value);
    return ({ subscribed }) => subscribed === wanted;
  },
};

const ORDERS = {
  sortOrder: (a, b) => a.mailbox.sortOrder - b.mailbox.sortOrder,
  name: (a, b) => compare(a.name.toLowerCase(), b.name.toLowerCase()) || compare(a.name, b.name),
} satisfies Readonly<Record<string, MailboxOrder>>;

/** Throws `MethodError` `unsupportedFilter`, `unsupportedSort`, `invalidArguments`. */
export function readListing(
  { filter, sort }: { readonly filter: Json | undefined; readonly sort: Json | undefined },
  { sortAsTree, filterAsTree }: { readonly sortAsTree: boolean; readonly filterAsTree: boolean },
  limits: JmapLimits,
): MailboxListing {
  return {
    filter: filter === undefined ? undefined : readFilter(filter, readCondition, limits),
    order: orderOf(sort),
    ...{ sortAsTree, filterAsTree },
  };
}

function readCondition(object: JsonObject): MailboxTest {
  const tests = Object.entries(object).map(([name, value]) => {
    const read = Object.hasOwn(CONDITIONS, name) ? CONDITIONS[name] : undefined;
    if (read === undefined) throw new MethodError('unsupportedFilter', `no condition: ${name.slice(0, 100)}`);
    return read(value);
  });
  return (mailbox, account) => tests.every((test) => test(mailbox, account));
}

/** Whoever says nothing gets them as they were made. */
function orderOf(sort: Json | undefined): MailboxOrder {
  const read = readSort(sort, Object.keys(ORDERS) as (keyof typeof ORDERS)[]);
  return inOrder(
    read.map(({ property, isAscending }) => ({ isAscending, compare: ORDERS[property] })),
    (a, b) => a.mailbox.id - b.mailbox.id,
  );
}

export function listMailboxes(account: AccountState, listing: MailboxListing): readonly MailboxState[] {
  const { filter, order, sortAsTree, filterAsTree } = listing;
  const all = [...account.mailboxes.values()]
    .map((mailbox) => ({ mailbox, name: nameOf(account, mailbox) }))
    .sort(order)
    .map(({ mailbox }) => mailbox);
  const inOrder = sortAsTree ? asTree(account, all) : all;
  const found = new Set(
    inOrder.filter((mailbox) => filter === undefined || matches(filter, (test) => test(mailbox, account))),
  );
  if (!filterAsTree) return [...found];
  const isWithin = (mailbox: MailboxState): boolean => {
    for (let one: MailboxState | undefined = mailbox; one !== undefined; ) {
      if (!found.has(one)) return false;
      one = parentOf(account, one);
    }
    return true;
  };
  return [...found].filter(isWithin);
}

/** Each before its children, and these before the next one of its level. */
function asTree(account: AccountState, inOrder: readonly MailboxState[]): MailboxState[] {
  const children = new Map<MailboxState | undefined, MailboxState[]>();
  for (const mailbox of inOrder) {
    const parent = parentOf(account, mailbox);
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [mailbox]);
    else siblings.push(mailbox);
  }
  const out: MailboxState[] = [];
  const waiting = [...(children.get(undefined) ?? [])].reverse();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    out.push(next);
    for (const child of [...(children.get(next) ?? [])].reverse()) waiting.push(child);
  }
  return out;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
