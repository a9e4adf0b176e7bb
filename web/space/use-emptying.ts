/** Emptying Trash or Junk: what was in it can be brought back for as long as the server keeps it, at first by one press. */
import { roleName } from '../list/mailbox-name.ts';
import { MailboxChanges } from '../settings/mailbox-changes.ts';
import { useApp, useDesk, useTexts } from '../shell/app.ts';
import type { Mailbox } from '../sync/model.ts';
import { DeletedMail } from './deleted-mail.ts';
import { pathOf } from './report.ts';
import { useSpaceTexts } from './space-texts.tsx';

export function useEmptying(onDone: () => void = () => {}): (mailbox: Mailbox) => Promise<void> {
  const { notices } = useApp();
  const desk = useDesk();
  const { list } = useTexts();
  const texts = useSpaceTexts();
  const broken = (): void => notices.show({ text: texts.broken, isWrong: true });
  const settled = (): void => {
    void desk.sync.sync();
    onDone();
  };
  const empty = async (mailbox: Mailbox, after: string, isKept: boolean): Promise<void> => {
    const { client, cache } = desk.sync;
    const fault = await new MailboxChanges(client).empty(mailbox.id).catch(() => 'notSaved' as const);
    settled();
    const path = pathOf(mailbox.id, cache.mailboxes.peek());
    const back = (): void =>
      void new DeletedMail(client).recover({ filter: { mailbox: path, after } }).then(settled, broken);
    const action = isKept ? { action: { text: texts.undo, run: back } } : {};
    const text = fault === undefined ? texts.emptied(roleName(mailbox, list)) : texts.broken;
    notices.show({ text, isWrong: fault !== undefined, ...action });
  };
  return async (mailbox) => {
    // What is deleted from this moment on is what an undo brings back.
    const now = await new DeletedMail(desk.sync.client)
      .list({ words: '', position: 0, limit: 1 })
      .catch(() => undefined);
    if (now === undefined) {
      broken();
      return;
    }
    const { asOf, keptForDays } = now;
    const days = Math.floor(keptForDays);
    desk.ask({
      ...{ kind: 'confirm', title: texts.emptyTitle(roleName(mailbox, list)) },
      text: texts.emptyMeans(texts.mails(mailbox.totalEmails), days > 0 ? texts.days(days) : undefined),
      button: mailbox.role === 'junk' ? texts.emptyJunk : texts.emptyTrash,
      run: () => void empty(mailbox, asOf, keptForDays > 0),
    });
  };
}
