/** Filters of Email/query (RFC 8621 §4.4.1), as the domain answers them. */
import type { Criterion, SearchedField } from '../../mailbox/model/criterion.ts';
import { asMailboxId, type MailboxId } from '../../mailbox/model/model.ts';
import type { EmailFilter } from '../../mailbox/query/email-filter.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import {
  boolean,
  id,
  list,
  matching,
  optional,
  type Reader,
  ReadFault,
  text,
  unsigned,
  utcDate,
  type Values,
} from '../core/arguments.ts';
import { conditionOf, type Filter, readFilter } from '../core/filter.ts';
import type { Json } from '../core/json.ts';
import type { JmapLimits } from '../core/limits.ts';
import { mailboxOfId } from '../mailboxes/properties.ts';
import { soughtWords } from './search-words.ts';

/** RFC 8621 §4.1.1, in lower case. */
export const keyword: Reader<string> = (value) =>
  matching(value, /^[!#$&'+-[^-z|}~]{1,255}$/, 'a keyword').toLowerCase();

const headerCondition: Reader<readonly [name: string, value: string]> = (value) => {
  const [name, wanted = '', ...more] = list(text)(value);
  if (name === undefined || more.length > 0) throw new ReadFault('expected a name, or a name and a text');
  if (!/^[!-9;-~]{1,998}$/.test(name)) throw new ReadFault('expected the name of a header field');
  return [name, wanted];
};

const CONDITIONS = {
  inMailbox: optional(id),
  inMailboxOtherThan: optional(list(id)),
  before: optional(utcDate),
  after: optional(utcDate),
  minSize: optional(unsigned),
  maxSize: optional(unsigned),
  allInThreadHaveKeyword: optional(keyword),
  someInThreadHaveKeyword: optional(keyword),
  noneInThreadHaveKeyword: optional(keyword),
  hasKeyword: optional(keyword),
  notKeyword: optional(keyword),
  hasAttachment: optional(boolean),
  text: optional(text),
  from: optional(text),
  to: optional(text),
  cc: optional(text),
  bcc: optional(text),
  subject: optional(text),
  body: optional(text),
  header: optional(headerCondition),
};
export type Condition = Values<typeof CONDITIONS>;

const FIELDS: readonly SearchedField[] = ['from', 'to', 'cc', 'bcc', 'subject'];

/** Throws `MethodError` `invalidArguments`, and `unsupportedFilter` for conditions that are none of these. */
export function emailFilter(
  account: AccountState,
  filter: Json | undefined,
  limits: JmapLimits,
): EmailFilter {
  const tree = filterTree(filter, limits);
  return tree === undefined ? { kind: 'all' } : translated(tree, (condition) => filterOf(account, condition));
}

/** The conditions alone, as they stand in the filter. */
export function filterTree(filter: Json | undefined, limits: JmapLimits): Filter<Condition> | undefined {
  if (filter === undefined || filter === null) return undefined;
  return readFilter(filter, (object) => conditionOf(object, CONDITIONS), limits);
}

function translated(tree: Filter<Condition>, read: (condition: Condition) => EmailFilter): EmailFilter {
  if (tree.kind === 'condition') return read(tree.condition);
  const filters = tree.of.map((one) => translated(one, read));
  if (tree.kind === 'not') return { kind: 'not', filter: { kind: 'or', filters } };
  return { kind: tree.kind, filters };
}

/** All that are given have to hold. */
function filterOf(account: AccountState, condition: Condition): EmailFilter {
  const { inMailbox, inMailboxOtherThan, before, after, minSize, maxSize } = condition;
  const filters: EmailFilter[] = [];
  if (inMailbox !== undefined) filters.push({ kind: 'in', mailbox: mailboxId(account, inMailbox) });
  if (inMailboxOtherThan !== undefined) {
    const mailboxes = new Set(inMailboxOtherThan.map((one) => mailboxId(account, one)));
    filters.push({ kind: 'in-other-than', mailboxes });
  }
  if (before !== undefined || after !== undefined)
    filters.push({ kind: 'received', from: seconds(after ?? -Infinity), until: seconds(before ?? Infinity) });
  if (minSize !== undefined || maxSize !== undefined)
    filters.push({ kind: 'size', from: minSize ?? 0, until: maxSize ?? Infinity });
  filters.push(...keywordConditions(condition), ...textConditions(condition));
  const [only] = filters;
  return filters.length === 1 && only !== undefined ? only : { kind: 'and', filters };
}

/** One that is not there has no emails. */
function mailboxId(account: AccountState, name: string): MailboxId {
  return mailboxOfId(account, name)?.id ?? asMailboxId(-1);
}

/** Dates of emails are whole seconds. */
function seconds(ms: number): number {
  return Math.ceil(ms / 1000);
}

function keywordConditions(condition: Condition): readonly EmailFilter[] {
  const { hasKeyword, notKeyword, hasAttachment } = condition;
  const filters: EmailFilter[] = [];
  if (hasKeyword !== undefined) filters.push({ kind: 'keyword', keyword: hasKeyword });
  if (notKeyword !== undefined)
    filters.push({ kind: 'not', filter: { kind: 'keyword', keyword: notKeyword } });
  for (const which of ['all', 'some', 'none'] as const) {
    const wanted = condition[`${which}InThreadHaveKeyword`];
    if (wanted !== undefined) filters.push({ kind: 'thread-keyword', which, keyword: wanted });
  }
  if (hasAttachment !== undefined) filters.push({ kind: 'attachment', isThere: hasAttachment });
  return filters;
}

function textConditions({ text: anywhere, body, header, ...fields }: Condition): readonly EmailFilter[] {
  const filters: EmailFilter[] = [];
  for (const field of FIELDS)
    for (const value of words(fields[field as 'from'])) filters.push(inField(field, value));
  for (const value of words(anywhere))
    filters.push({ kind: 'or', filters: [inAnyField(value), inBody(value)] });
  for (const value of words(body)) filters.push(inBody(value));
  if (header !== undefined) {
    const [name, value] = header;
    filters.push({ kind: 'text', criterion: { kind: 'header', name, value }, isDeep: true });
  }
  return filters;
}

function words(value: string | undefined): readonly string[] {
  return value === undefined ? [] : soughtWords(value);
}

function inField(field: SearchedField, value: string): EmailFilter {
  return { kind: 'text', criterion: { kind: 'field', field, value }, isDeep: false };
}

/** In one look. */
function inAnyField(value: string): EmailFilter {
  const criteria = FIELDS.map((field): Criterion => ({ kind: 'field', field, value }));
  return { kind: 'text', criterion: { kind: 'or', criteria }, isDeep: false };
}

function inBody(value: string): EmailFilter {
  const criterion: Criterion = { kind: 'body', value };
  return { kind: 'text', criterion, isDeep: true };
}
