/**
 * A filter made ready to be asked of one email after the other (`email-filter.ts`): in tight loops over the columns of a mailbox, since
 * most emails are one message. Answers are those of a search: `and` is the lesser, `or` the greater, `not` two minus it.
 *
 * Lists, places and keywords are those of the moment: `restart` after every await.
 */
import { FLAG } from '../../mail/flags.ts';
import { TRAIT } from '../../mail/traits.ts';
import type { MailboxId } from '../model/model.ts';
import { MAYBE, NO, YES } from '../search/tree.ts';
import type { AccountState } from '../state/account.ts';
import type { MailboxState } from '../state/mailbox.ts';
import type { MessageList } from '../state/message-list.ts';
import type { Placements } from '../state/placements.ts';
import type { ThreadTable } from '../state/thread-table.ts';
import { type EmailComparator, type EmailFilter, type TextFilter, textsOf } from './email-filter.ts';
import { FLAG_OF_KEYWORD, flagsOf, type MessagePlace, messagesOf } from './email-rows.ts';
import type { TextAnswers } from './text-answers.ts';

export type EmailTest = (email: EmailCursor) => number;

interface ThreadAnswer {
  readonly some: boolean;
  readonly all: boolean;
}

/** The email that is looked at, by one of its messages. */
export class EmailCursor {
  email = 0;
  mailbox!: MailboxState;
  list!: MessageList;
  row = 0;
  /** It is this message alone. */
  isSingle = true;
  readonly #account: AccountState;
  readonly #threads: ThreadTable | undefined;
  #placements!: Placements;
  #messages: readonly MessagePlace[] | undefined;
  readonly #sets = new Map<string, Map<MailboxState, Uint8Array>>();
  readonly #threadAnswers = new Map<string, Map<number, ThreadAnswer>>();

  /** `threads` where they are asked for. */
  constructor(account: AccountState, threads: ThreadTable | undefined) {
    this.#account = account;
    this.#threads = threads;
  }

  /** After every await, when everything is in memory: others have changed what they pleased. */
  restart(): void {
    this.#placements = this.#account.placements as Placements;
    this.#sets.clear();
    this.#threadAnswers.clear();
  }

  set(mailbox: MailboxState, list: MessageList, row: number): void {
    this.mailbox = mailbox;
    this.list = list;
    this.row = row;
    this.email = list.columns.email[row] as number;
    this.isSingle = this.#placements.isSingle(this.email);
    this.#messages = undefined;
  }

  /** False when it is nowhere any more. */
  find(email: number): boolean {
    const uid = this.#placements.uidOfSingle(email);
    if (uid > 0) {
      const mailbox = this.#account.mailboxes.get(this.#placements.mailboxOfSingle(email) as MailboxId);
      const row = mailbox?.list?.indexOf(uid) ?? -1;
      if (mailbox?.list === undefined || row < 0) return false;
      this.set(mailbox, mailbox.list, row);
      return true;
    }
    const [first] = messagesOf(this.#account, this.#placements, email);
    if (first === undefined) return false;
    this.set(first.mailbox, first.list, first.row);
    return true;
  }

  get messages(): readonly MessagePlace[] {
    this.#messages ??= messagesOf(this.#account, this.#placements, this.email);
    return this.#messages;
  }

  has(keyword: string): boolean {
    if (!this.isSingle) return this.#haveKeyword(this.messages, keyword);
    const bit = FLAG_OF_KEYWORD.get(keyword);
    if (bit !== undefined) return ((this.list.columns.flags[this.row] as number) & bit) !== 0;
    const set = this.list.columns.keywordSet[this.row] as number;
    return this.#setsWith(this.mailbox, keyword)[set] === 1;
  }

  /** Of all emails in its thread that are anywhere. */
  threadHas(keyword: string): ThreadAnswer {
    const threads = this.#threads as ThreadTable;
    if (threads.isAlone(this.email)) {
      const has = this.has(keyword);
      return { some: has, all: has };
    }
    let answers = this.#threadAnswers.get(keyword);
    if (answers === undefined) {
      answers = new Map();
      this.#threadAnswers.set(keyword, answers);
    }
    const thread = threads.threadOf(this.email);
    let answer = answers.get(thread);
    if (answer === undefined) {
      answer = this.#askThread(threads.membersOf(thread), keyword);
      answers.set(thread, answer);
    }
    return answer;
  }

  #askThread(members: Iterable<number>, keyword: string): ThreadAnswer {
    let some = false;
    let all = true;
    for (const member of members) {
      const messages = messagesOf(this.#account, this.#placements, member);
      if (messages.length === 0) continue;
      if (this.#haveKeyword(messages, keyword)) some = true;
      else all = false;
    }
    return { some, all };
  }

  #haveKeyword(messages: readonly MessagePlace[], keyword: string): boolean {
    const bit = FLAG_OF_KEYWORD.get(keyword);
    if (bit !== undefined) return (flagsOf(messages) & bit) !== 0;
    return messages.some(
      ({ mailbox, list, row }) =>
        this.#setsWith(mailbox, keyword)[list.columns.keywordSet[row] as number] === 1,
    );
  }

  #setsWith(mailbox: MailboxState, keyword: string): Uint8Array {
    let ofKeyword = this.#sets.get(keyword);
    if (ofKeyword === undefined) {
      ofKeyword = new Map();
      this.#sets.set(keyword, ofKeyword);
    }
    let sets = ofKeyword.get(mailbox);
    if (sets === undefined) {
      sets = mailbox.keywords.setsWith(keyword);
      ofKeyword.set(mailbox, sets);
    }
    return sets;
  }
}

/** `texts` knows what was found of them so far. */
export function emailTest(filter: EmailFilter, texts: TextAnswers): EmailTest {
  return testOf(filter, textsOf(filter), texts);
}

function testOf(filter: EmailFilter, leaves: readonly TextFilter[], texts: TextAnswers): EmailTest {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return operator(
        filter.kind === 'and',
        filter.filters.map((one) => testOf(one, leaves, texts)),
      );
    case 'not': {
      const test = testOf(filter.filter, leaves, texts);
      return (email) => YES - test(email);
    }
    case 'text':
      return textTest(leaves.indexOf(filter), texts);
    default: {
      const test = recordTest(filter);
      return (email) => (test(email) ? YES : NO);
    }
  }
}

function operator(isAnd: boolean, tests: readonly EmailTest[]): EmailTest {
  const final = isAnd ? NO : YES;
  const [only] = tests;
  if (tests.length === 1 && only !== undefined) return only;
  return (email) => {
    let answer = YES - final;
    for (const test of tests) {
      const one = test(email);
      if (one === final) return final;
      if (one === MAYBE) answer = MAYBE;
    }
    return answer;
  };
}

function textTest(index: number, texts: TextAnswers): EmailTest {
  return ({ email }) => {
    const found = texts.answer(index, email);
    return found === undefined ? MAYBE : found ? YES : NO;
  };
}

type RecordFilter = Exclude<EmailFilter, { kind: 'and' | 'or' | 'not' | 'text' }>;

function recordTest(filter: RecordFilter): (email: EmailCursor) => boolean {
  switch (filter.kind) {
    case 'all':
      return () => true;
    case 'in': {
      const { mailbox } = filter;
      return (email) =>
        email.mailbox.id === mailbox ||
        (!email.isSingle && email.messages.some((one) => one.mailbox.id === mailbox));
    }
    case 'in-other-than': {
      const { mailboxes } = filter;
      return (email) =>
        !mailboxes.has(email.mailbox.id) ||
        (!email.isSingle && email.messages.some((one) => !mailboxes.has(one.mailbox.id)));
    }
    case 'received': {
      const { from, until } = filter;
      return ({ list, row }) => {
        const date = list.columns.internalDate[row] as number;
        return date >= from && date < until;
      };
    }
    case 'size': {
      const { from, until } = filter;
      return ({ list, row }) => {
        const size = list.columns.size[row] as number;
        return size >= from && size < until;
      };
    }
    case 'attachment': {
      const wanted = filter.isThere ? TRAIT.HasAttachment : 0;
      return ({ list, row }) => ((list.columns.traits[row] as number) & TRAIT.HasAttachment) === wanted;
    }
    case 'keyword':
      return (email) => email.has(filter.keyword);
    case 'thread-keyword': {
      const { which, keyword } = filter;
      if (which === 'all') return (email) => email.threadHas(keyword).all;
      if (which === 'some') return (email) => email.threadHas(keyword).some;
      return (email) => !email.threadHas(keyword).some;
    }
  }
}

/** The value that a comparator takes from records; undefined for one that has to be loaded. */
export function recordValue(comparator: EmailComparator): ((email: EmailCursor) => number) | undefined {
  switch (comparator.by) {
    case 'received':
      return ({ list, row }) => list.columns.internalDate[row] as number;
    case 'size':
      return ({ list, row }) => list.columns.size[row] as number;
    case 'keyword':
      return (email) => Number(email.has(comparator.keyword));
    case 'all-in-thread':
      return (email) => Number(email.threadHas(comparator.keyword).all);
    case 'some-in-thread':
      return (email) => Number(email.threadHas(comparator.keyword).some);
    default:
      return undefined;
  }
}

/** Whether the message of this row is one that is there for JMAP. */
export function isVisible({ columns }: MessageList, row: number): boolean {
  return ((columns.flags[row] as number) & FLAG.Deleted) === 0;
}
