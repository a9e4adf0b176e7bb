/**
 * Searches what was deleted and can be brought back: by words in who wrote it, in its subject and in the name of its mailbox. It is in no
 * index, so envelopes are read, the newest first and in small pieces, of so many messages at most that nobody waits for long.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { foldFieldText } from '../../mail/fold.ts';
import type { Domain } from '../domain.ts';
import type { HistoryPlace } from '../port/store.ts';
import type { AccountState } from '../state/account.ts';
import {
  type DeletedFilter,
  type DeletedMail,
  type DeletedMessage,
  type DeletedPage,
  deletedMailboxes,
  deletedRows,
  described,
  entriesAt,
  MOST_LISTED_AT_ONCE,
  shownMailbox,
} from './deleted-mail.ts';

/** All that are named have to be there. */
export interface DeletedWords {
  /** Words, each of them in any of the others or in the name of the mailbox. */
  readonly text?: string;
  /** A name or an address. */
  readonly from?: string;
  readonly subject?: string;
}

export interface FoundDeleted extends DeletedMail {
  /** False: there is older mail that was not looked through. */
  readonly isAll: boolean;
}

const MOST_SEARCHED = 50_000;

export async function findDeleted(
  domain: Domain,
  account: AccountState,
  { filter, words }: { readonly filter: DeletedFilter; readonly words: DeletedWords },
  { position, limit }: DeletedPage,
): Promise<FoundDeleted> {
  const fits = fitting(words);
  const wanted = Math.min(limit, MOST_LISTED_AT_ONCE);
  return domain.accounts.deletedMail.run(account.id, async () => {
    const graves = (await deletedMailboxes(domain, account, filter)).map(shownMailbox);
    const messages: DeletedMessage[] = [];
    const total = { messages: 0, bytes: 0 };
    let searched = 0;
    const places = await placesOf(domain, account, filter);
    for (const place of places.toReversed()) {
      if (searched >= MOST_SEARCHED) break;
      const entries = await entriesAt(domain, account, filter, place);
      searched += entries.length;
      for (const message of (await described(domain, account, entries)).filter(fits)) {
        const at = total.messages++;
        total.bytes += message.bytes;
        if (at >= position && messages.length < wanted) messages.push(message);
      }
      await nextTurn();
    }
    const mailboxes = graves.filter(({ mailbox }) => fits({ mailbox, from: '', fromName: '', subject: '' }));
    return { mailboxes, messages, total, isAll: searched < MOST_SEARCHED };
  });
}

async function placesOf(
  domain: Domain,
  account: AccountState,
  filter: DeletedFilter,
): Promise<HistoryPlace[]> {
  const places: HistoryPlace[] = [];
  for await (const { row } of deletedRows(domain, account, filter))
    places.push({ atMs: row.atMs, modseq: row.modseq });
  return places;
}

type Searched = Pick<DeletedMessage, 'mailbox' | 'from' | 'fromName' | 'subject'>;

function fitting({ text = '', from = '', subject = '' }: DeletedWords): (one: Searched) => boolean {
  const words = foldFieldText(text.trim()).split(' ');
  const [sender, title] = [foldFieldText(from.trim()), foldFieldText(subject.trim())];
  return (one) => {
    const who = foldFieldText(`${one.fromName} <${one.from}>`);
    const what = foldFieldText(one.subject);
    if (!who.includes(sender) || !what.includes(title)) return false;
    const fields = [who, what, foldFieldText(one.mailbox)];
    return words.every((word) => fields.some((field) => field.includes(word)));
  };
}
