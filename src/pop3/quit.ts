/**
 * QUIT in the TRANSACTION state: the UPDATE state of RFC 1939 §6. OK is said when everything that was marked is gone and
 * that is durable. It is one change, all of it or nothing; of a very long list, several, so that others are served
 * meanwhile, and when one is refused the answer is -ERR. An account may want deleted mail in its Trash instead.
 *
 * Messages that another session has removed in the meantime are gone as asked; the reply counts them.
 */

import { uidsForLog } from '../identity/activity.ts';
import type { Domain } from '../mailbox/domain.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { moveMessages } from '../mailbox/operations/copy.ts';
import { expungeMessages } from '../mailbox/operations/expunge.ts';
import { createMailbox } from '../mailbox/operations/folders.ts';
import { findMailbox } from '../mailbox/operations/mailboxes.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type { MailboxState } from '../mailbox/state/mailbox.ts';
import { command, type Transaction } from './command.ts';
import { Refusal } from './faults.ts';

/** Messages a change: some ten milliseconds of the event loop. */
const AT_ONCE = 5000;

export const quit = command(['authorization', 'transaction'], async ({ session, state }) => {
  const { texts } = session;
  if (state.kind === 'authorization') {
    session.enter({ kind: 'ended' });
    return session.ok(texts.bye());
  }
  try {
    await state.seen?.flush();
    const marked = state.maildrop.deletedUids;
    const removed = marked.length === 0 ? 0 : await removeMessages(state, marked);
    if (removed > 0) {
      const whereto = state.settings.delete === 'trash' ? 'messages moved to the Trash' : 'messages deleted';
      session.presence.note(whereto, { mailbox: 'INBOX', messages: removed, uids: uidsForLog(marked) });
    }
    await session.release();
    const gone = marked.length - removed;
    if (marked.length === 0) session.ok(texts.bye());
    else session.ok(gone === 0 ? texts.byeDeleted(removed) : texts.byeGone(removed, gone));
  } catch (error) {
    if (!(error instanceof MailboxError)) throw error;
    // RFC 1939 §6: -ERR, and the connection ends all the same.
    throw new Refusal(() => texts.notDeleted(), 'SYS/TEMP');
  } finally {
    await session.release();
    session.enter({ kind: 'ended' });
  }
});

/** How many were still there. */
async function removeMessages(
  { domain, account, viewer, settings }: Transaction,
  uids: readonly number[],
): Promise<number> {
  const { mailbox } = viewer;
  if (settings.delete === 'trash') {
    const trash = await trashOf(domain, account);
    if (trash !== mailbox) {
      const { from, failure } = await moveMessages(domain, account, mailbox, uids, trash, {
        perChange: AT_ONCE,
      });
      if (failure !== undefined) throw failure;
      return from.length;
    }
  }
  return (await expungeMessages(domain, account, mailbox, { uids, perChange: AT_ONCE })).length;
}

async function trashOf(domain: Domain, account: AccountState): Promise<MailboxState> {
  const byRole = [...account.mailboxes.values()].find(({ role }) => role === 'trash');
  return byRole ?? findMailbox(account, 'Trash') ?? createMailbox(domain, account, 'Trash', 'trash');
}
