/** Above a mail that waits for its time: when it goes, and the ways to change that. */
import { useEffect, useState } from 'preact/hooks';
import { useApp, useDesk, useTexts } from '../shell/app.ts';
import type { Email } from '../sync/model.ts';
import { Icon } from '../ui/icon.tsx';
import { type Held, heldOf } from './held.ts';
import { takeBack } from './sender.ts';

export function HeldMail({ email }: { readonly email: Email }) {
  const app = useApp();
  const desk = useDesk();
  const { sync } = desk;
  const texts = useTexts().write;
  const [held, setHeld] = useState<Held>();
  const role = (name: string): string | undefined => sync.cache.byRole(name)?.id;
  const [scheduled, drafts, sent] = [role('scheduled'), role('drafts'), role('sent')];
  const isHeld = scheduled !== undefined && scheduled in email.mailboxIds;
  useEffect(() => {
    setHeld(undefined);
    if (isHeld) void heldOf(sync.client, email.id).then(setHeld, () => undefined);
  }, [isHeld, email.id]);
  if (!isHeld || held === undefined || drafts === undefined) return null;
  const back = async (wantsChange: boolean): Promise<void> => {
    const isBack = await takeBack(sync.client, held.submission, { mailboxes: { drafts, sent, scheduled } });
    if (isBack && wantsChange) app.router.go({ at: 'write', draft: email.id, parameters: '' });
    else app.notices.show({ text: isBack ? texts.takenBack : texts.tooLate, isWrong: !isBack });
    void desk.look();
  };
  return (
    <div class="held">
      <Icon name="clock" />
      <p>{texts.scheduled(app.formats.value.fullTime(held.sendAt))}</p>
      <button type="button" class="button" onClick={() => void back(true)}>
        {texts.changeHeld}
      </button>
      <button type="button" class="button quiet" onClick={() => void back(false)}>
        {texts.cancelHeld}
      </button>
    </div>
  );
}
