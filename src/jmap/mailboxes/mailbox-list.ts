/** Which mailboxes a query finds, and in which order (RFC 8621 §2.3). There are some hundreds; all of them are looked at. */
import { parentName } from '../../mail/mailbox-name.ts';
import { mailboxObjectId } from '../../mailbox/model/object-ids.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import type { MailboxState } from '../../mailbox/state/mailbox.ts';
import { boolean, text, withDefault } from '../core/arguments.ts';
import { MethodError } from '../core/fault.ts';
import { type Filter, matches, readFilter } from '../core/filter.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { JmapLimits } from '../core/limits.ts';
import { inOrder, readSort } from '../core/sort.ts';
import { nameOf, roleOf } from './properties.ts';

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
type MailboxOrder = (a: MailboxState, b: MailboxState) => number;

const orNull = (value: Json | undefined): string | null => (value === null ? null : text(value));
const CONDITIONS: Readonly<Record<string, (value: Json | undefined) => MailboxTest>> = {
  parentId: (value) => {
    const wanted = orNull(value);
    return ({ name }, { byName }) => {
      const parent = byName.get(parentName(name) ?? '');
      return (parent === undefined ? null : mailboxObjectId(parent.id)) === wanted;
    };
  },
  name: (value) => {
    const wanted = text(value).toLowerCase();
    return (mailbox) => nameOf(mailbox).toLowerCase().includes(wanted);
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
  sortOrder: (a, b) => a.sortOrder - b.sortOrder,
  name: (a, b) => compare(nameOf(a).toLowerCase(), nameOf(b).toLowerCase()) || compare(nameOf(a), nameOf(b)),
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
    (a, b) => a.id - b.id,
  );
}

export function listMailboxes(account: AccountState, listing: MailboxListing): readonly MailboxState[] {
  const { filter, order, sortAsTree, filterAsTree } = listing;
  const all = [...account.mailboxes.values()].sort(order);
  const inOrder = sortAsTree ? asTree(all) : all;
  const found = new Set(
    inOrder.filter((mailbox) => filter === undefined || matches(filter, (test) => test(mailbox, account))),
  );
  if (!filterAsTree) return [...found];
  const isWithin = (mailbox: MailboxState): boolean => {
    for (let one: MailboxState | undefined = mailbox; one !== undefined; ) {
      if (!found.has(one)) return false;
      const parent = parentName(one.name);
      one = parent === undefined ? undefined : account.byName.get(parent);
    }
    return true;
  };
  return [...found].filter(isWithin);
}

/** Each before its children, and these before the next one of its level. */
function asTree(inOrder: readonly MailboxState[]): MailboxState[] {
  const children = new Map<string, MailboxState[]>();
  for (const mailbox of inOrder) {
    const parent = parentName(mailbox.name) ?? '';
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [mailbox]);
    else siblings.push(mailbox);
  }
  const out: MailboxState[] = [];
  const waiting = [...(children.get('') ?? [])].reverse();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    out.push(next);
    for (const child of [...(children.get(next.name) ?? [])].reverse()) waiting.push(child);
  }
  return out;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
