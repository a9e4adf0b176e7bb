/** What was typed, as a filter of Email/query (RFC 8621 §4.4.1). Everything must be true; Trash and Junk are left out unless named. */
import { type Day, isNamed, type Meaning, meaningOf, type Term } from '../../src/mail/search-language.ts';
import type { Mailboxes } from '../sync/cache.ts';
import type { Filter, Id } from '../sync/model.ts';

export interface SearchContext {
  readonly mailboxes: Mailboxes;
  /** Trash and Junk. */
  readonly unwanted: readonly Id[];
  readonly now: Date;
}

const DAY_MS = 86_400_000;

export function filterOf(terms: readonly Term[], context: SearchContext): Filter {
  const conditions = terms.map((term) => {
    const condition = conditionOf(meaningOf(term), context) ?? { text: term.value };
    return term.isNot ? { operator: 'NOT' as const, conditions: [condition] } : condition;
  });
  const isPlaced = terms.some(({ operator }) => operator === 'in' || operator === 'label');
  const all =
    isPlaced || context.unwanted.length === 0
      ? conditions
      : [...conditions, { inMailboxOtherThan: context.unwanted }];
  const [first] = all;
  return all.length === 1 && first !== undefined ? first : { operator: 'AND', conditions: all };
}

/** The words whose hits are marked. */
export function isText(filter: Filter): boolean {
  const texts = ['text', 'from', 'to', 'cc', 'bcc', 'subject', 'body'];
  if ('conditions' in filter) return (filter.conditions as readonly Filter[]).some(isText);
  return texts.some((name) => name in filter);
}

/** Undefined: it means nothing here, and is a word. */
function conditionOf(meaning: Meaning, { mailboxes, now }: SearchContext): Filter | undefined {
  switch (meaning.kind) {
    case 'text':
      return { text: meaning.value };
    case 'part':
      return { [meaning.part]: meaning.value };
    case 'attachment':
      return { hasAttachment: true };
    case 'filename':
      return { operator: 'AND', conditions: [{ hasAttachment: true }, { text: meaning.value }] };
    case 'mark':
      return { [meaning.isSet ? 'hasKeyword' : 'notKeyword']: `$${meaning.mark}` };
    case 'in':
      return placed(meaning.name, mailboxes);
    case 'anywhere':
      return { inMailboxOtherThan: [] };
    case 'message-id':
      return { header: ['Message-ID', meaning.value] };
    case 'size':
      return { [meaning.relation === 'from' ? 'minSize' : 'maxSize']: meaning.bytes };
    case 'day':
      return { [meaning.relation]: utc(beginOf(meaning.day)) };
    case 'age': {
      const at = new Date(now.getTime() - meaning.days * DAY_MS);
      at.setSeconds(0, 0);
      return { [meaning.relation === 'older' ? 'before' : 'after']: utc(at) };
    }
  }
}

function placed(word: string, mailboxes: Mailboxes): Filter | undefined {
  for (const { id, role, name } of mailboxes.values())
    if (role === word || isNamed(name, word) || id === word) return { inMailbox: id };
  return undefined;
}

/** A day is the person's own, from midnight to midnight. */
function beginOf({ year, month, day }: Day): Date {
  return new Date(year, month - 1, day);
}

/** UTCDate (RFC 8620 §1.4): no fraction of a second. */
function utc(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
