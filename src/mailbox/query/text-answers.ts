/**
 * What was found of the texts of a filter, email by email. The text of an email never changes, so an answer holds for good, and a
 * search that is asked for again, a page further or with the next mail, looks only at what it has not looked at.
 */

import type { Pause } from '../../base/time-slice.ts';
import type { Domain } from '../domain.ts';
import type { Criterion, UidRanges } from '../model/criterion.ts';
import { NumberSet } from '../reading/number-set.ts';
import { KnownTexts } from '../search/known-texts.ts';
import { searchMessages } from '../search/search.ts';
import { MAYBE, SearchTree, YES } from '../search/tree.ts';
import type { AccountState } from '../state/account.ts';
import type { MailboxState } from '../state/mailbox.ts';
import type { TextFilter } from './email-filter.ts';
import { loadEverything, messagesOf } from './email-rows.ts';

/** Fewer are read. */
const LEAST_ASKED = 20;

interface Answers {
  readonly asked: NumberSet;
  readonly found: NumberSet;
}

export class TextAnswers {
  /** In the order of `textsOf`. */
  readonly #answers: readonly Answers[];

  constructor(count: number) {
    this.#answers = Array.from({ length: count }, () => ({ asked: new NumberSet(), found: new NumberSet() }));
  }

  get sizeBytes(): number {
    return this.#answers.reduce((sum, { asked, found }) => sum + asked.sizeBytes + found.sizeBytes, 0);
  }

  /** Undefined when it was not looked for. */
  answer(index: number, email: number): boolean | undefined {
    const { asked, found } = this.#answers[index] as Answers;
    return asked.has(email) ? found.has(email) : undefined;
  }

  /** What the index of texts knows, if there is one. */
  async askIndex(
    domain: Domain,
    account: AccountState,
    { index, criterion }: Pick<TextFilter, 'criterion'> & { readonly index: number },
    emails: readonly number[],
    pause: Pause,
  ): Promise<void> {
    const { asked, found } = this.#answers[index] as Answers;
    const open = Uint32Array.from(emails.filter((email) => !asked.has(email))).sort();
    if (open.length < LEAST_ASKED) return;
    const { texts } = new SearchTree(criterion);
    const known = texts.length === 1 ? await KnownTexts.of(domain, account.id, texts, pause) : undefined;
    if (known === undefined) return;
    const answers = new Uint8Array(open.length);
    known.decide(0, open, 0, open.length, answers);
    for (const [i, email] of open.entries()) {
      if (answers[i] === MAYBE) continue;
      asked.add(email);
      if (answers[i] === YES) found.add(email);
    }
  }

  /** Looks for one of the texts in these emails. One that is nowhere any more, or goes meanwhile, does not have it. */
  async search(
    domain: Domain,
    account: AccountState,
    { index, criterion }: Pick<TextFilter, 'criterion'> & { readonly index: number },
    emails: readonly number[],
    pause: Pause,
  ): Promise<void> {
    const { asked, found } = this.#answers[index] as Answers;
    const open = emails.filter((email) => !asked.has(email));
    if (open.length === 0) return;
    for (const [mailbox, uids] of await byMailbox(domain, account, open)) {
      const limited = within(mailbox, uids, criterion);
      const request = { criterion: limited, upTo: Number.MAX_SAFE_INTEGER, wants: 'all', pause } as const;
      const hits = new Set((await searchMessages(domain, account, mailbox, request)).uids);
      for (const [uid, email] of uids) if (hits.has(uid)) found.add(email);
    }
    for (const email of open) asked.add(email);
  }
}

/** One message of each email, as UID and number, by its mailbox. */
async function byMailbox(
  domain: Domain,
  account: AccountState,
  emails: readonly number[],
): Promise<ReadonlyMap<MailboxState, ReadonlyMap<number, number>>> {
  await loadEverything(domain, account);
  const groups = new Map<MailboxState, Map<number, number>>();
  const { placements } = account;
  if (placements === undefined) return groups;
  for (const email of emails) {
    const [first] = messagesOf(account, placements, email);
    if (first === undefined) continue;
    let group = groups.get(first.mailbox);
    if (group === undefined) {
      group = new Map();
      groups.set(first.mailbox, group);
    }
    group.set(first.list.columns.uid[first.row] as number, email);
  }
  return groups;
}

/** Where most of a mailbox is asked for, all of it is searched: that is done in fewer looks. */
function within(
  { exists }: MailboxState,
  uids: ReadonlyMap<number, number>,
  criterion: Criterion,
): Criterion {
  if (uids.size > exists / 2) return criterion;
  const ranges: UidRanges = [...uids.keys()].sort((a, b) => a - b).map((uid) => [uid, uid] as const);
  return { kind: 'and', criteria: [{ kind: 'uids', ranges }, criterion] };
}
