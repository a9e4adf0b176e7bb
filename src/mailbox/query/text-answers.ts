/**
 * What was found of the texts of a filter, email by email. The text of an email never changes, so an answer holds for good, and a
 * search that is asked for again, a page further or with the next mail, looks only at what it has not looked at.
 */

import type { Pause } from '../../base/time-slice.ts';
import type { Domain } from '../domain.ts';
import type { Criterion, UidRanges } from '../model/criterion.ts';
import type { MailboxId } from '../model/model.ts';
import { NumberSet } from '../reading/number-set.ts';
import { KnownTexts } from '../search/known-texts.ts';
import { searchMessages } from '../search/search.ts';
import { MAYBE, SearchTree, YES } from '../search/tree.ts';
import type { AccountState } from '../state/account.ts';
import { loadList } from '../state/load.ts';
import type { MailboxState } from '../state/mailbox.ts';
import type { Placements } from '../state/placements.ts';
import type { TextFilter } from './email-filter.ts';
import { loadEverything, messagesOf } from './email-rows.ts';

/** Fewer are read. */
const LEAST_ASKED = 20;
/** Of those that are moved while they are looked at. */
const MOST_TRIES = 5;

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

  /**
   * Looks for one of the texts in these emails. One that is nowhere any more has none; of one that goes elsewhere in the middle, again
   * and again, nothing is known.
   */
  async search(
    domain: Domain,
    account: AccountState,
    text: Pick<TextFilter, 'criterion'> & { readonly index: number },
    emails: readonly number[],
    pause: Pause,
  ): Promise<void> {
    const { asked } = this.#answers[text.index] as Answers;
    let open = emails.filter((email) => !asked.has(email));
    for (let tries = 0; open.length > 0 && tries < MOST_TRIES; tries++) {
      for (const [mailbox, some] of await byMailbox(domain, account, open))
        await this.#searchIn({ domain, account, mailbox, pause }, text, some);
      open = open.filter((email) => !asked.has(email));
    }
  }

  async #searchIn(
    { domain, account, mailbox, pause }: Place,
    { index, criterion }: Pick<TextFilter, 'criterion'> & { readonly index: number },
    emails: readonly number[],
  ): Promise<void> {
    const { asked, found } = this.#answers[index] as Answers;
    const places = await uidsOf({ domain, account, mailbox, pause }, emails);
    // Where most of a mailbox is asked for, all of it is searched: that is done in fewer looks.
    const ranges = emails.length > mailbox.exists / 2 ? undefined : rangesOf(places);
    const limited: Criterion =
      ranges === undefined ? criterion : { kind: 'and', criteria: [{ kind: 'uids', ranges }, criterion] };
    const request = { criterion: limited, upTo: Number.MAX_SAFE_INTEGER, wants: 'all', pause } as const;
    const { uids } = await searchMessages(domain, account, mailbox, request);
    const list = await loadList(domain, account, mailbox);
    let row = -1;
    for (const uid of uids) {
      const at = list.indexOf(uid, row + 1);
      if (at < 0) continue;
      row = at;
      found.add(list.columns.email[row] as number);
    }
    // One that was moved meanwhile may not have been looked at.
    for (const [email, uid] of places) if (list.indexOf(uid) >= 0) asked.add(email);
  }
}

interface Place {
  readonly domain: Domain;
  readonly account: AccountState;
  readonly mailbox: MailboxState;
  readonly pause: Pause;
}

/** Emails by the mailbox of one of their messages. */
async function byMailbox(
  domain: Domain,
  account: AccountState,
  emails: readonly number[],
): Promise<ReadonlyMap<MailboxState, readonly number[]>> {
  await loadEverything(domain, account);
  const groups = new Map<MailboxState, number[]>();
  const { placements, mailboxes } = account;
  if (placements === undefined) return groups;
  for (const email of emails) {
    const single = placements.mailboxOfSingle(email) as MailboxId;
    const mailbox = mailboxes.get(single) ?? messagesOf(account, placements, email)[0]?.mailbox;
    if (mailbox === undefined) continue;
    const group = groups.get(mailbox);
    if (group === undefined) groups.set(mailbox, [email]);
    else group.push(email);
  }
  return groups;
}

/** Of those that are there. */
async function uidsOf(
  { domain, account, mailbox, pause }: Place,
  emails: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const uids = new Map<number, number>();
  await loadEverything(domain, account);
  for (const email of emails) {
    const messages = messagesOf(account, account.placements as Placements, email);
    const message = messages.find((one) => one.mailbox === mailbox);
    if (message !== undefined) uids.set(email, message.list.columns.uid[message.row] as number);
    const spent = pause();
    if (spent === undefined) continue;
    await spent;
    await loadEverything(domain, account);
  }
  return uids;
}

function rangesOf(places: ReadonlyMap<number, number>): UidRanges {
  return [...places.values()].sort((a, b) => a - b).map((uid) => [uid, uid] as const);
}
