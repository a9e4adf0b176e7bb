/** What can be done to deleted mail, as a person does it: said when it is done, asked about where it is for good. */

import { roleName } from '../list/mailbox-name.ts';
import { wordFor } from '../list/scope.ts';
import { useApp, useDesk, useTexts } from '../shell/app.ts';
import type { Choice, DeletedMail, Recovered } from './deleted-mail.ts';
import { useSpaceTexts } from './space-texts.tsx';

export interface DeletedDeeds {
  bringBack(choice: Choice, mailbox?: string): Promise<void>;
  /** `mails`: how many, in words. */
  forget(choice: Choice, mails: string): void;
}

/** `onDone`: the list is another. */
export function useDeletedDeeds(deleted: DeletedMail, onDone: () => void): DeletedDeeds {
  const { notices, router } = useApp();
  const desk = useDesk();
  const { list } = useTexts();
  const texts = useSpaceTexts();
  const broken = (): void => notices.show({ text: texts.broken, isWrong: true });
  const settled = async (): Promise<void> => {
    onDone();
    await Promise.all([deleted.look(), desk.sync.sync()]);
  };
  const tell = ({ emails, mailboxes, mailboxIds, isFull }: Recovered, name: string | undefined): void => {
    const [only] = mailboxIds;
    const mailbox =
      only === undefined || mailboxIds.length > 1 ? undefined : desk.sync.cache.mailboxes.peek().get(only);
    const back = texts.back(emails);
    const where = mailbox === undefined ? back : texts.backIn(back, roleName(mailbox, list));
    const done = name !== undefined && mailboxes > 0 ? texts.mailboxBack(name) : where;
    if (isFull) {
      const run = (): void => router.go({ at: 'settings', page: 'space' });
      notices.show({ text: texts.noRoom(done), isWrong: true, action: { text: texts.makeRoom, run } });
      return;
    }
    const run = (): void => {
      if (mailbox !== undefined) router.go({ at: 'mailbox', mailbox: wordFor(mailbox) });
    };
    const isNothing = emails === 0 && mailboxes === 0;
    notices.show({
      text: isNothing ? texts.nothingBack : done,
      ...(mailbox !== undefined && { action: { text: texts.show, run } }),
    });
  };
  return {
    async bringBack(choice, mailbox) {
      const done = await deleted.recover(choice).catch(() => undefined);
      await settled();
      if (done === undefined) broken();
      else tell(done, mailbox);
    },
    forget(choice, mails) {
      const run = async (): Promise<void> => {
        const done = await deleted.forget(choice).catch(() => undefined);
        await settled();
        if (done === undefined) broken();
        else if (done.held > 0) notices.show({ text: texts.held(done.held), isWrong: true });
        else notices.show({ text: texts.forgotten(done.emails) });
      };
      desk.ask({
        ...{ kind: 'confirm', title: texts.forgetTitle(mails), text: texts.forgetMeans },
        ...{ button: texts.forget, run: () => void run() },
      });
    },
  };
}
