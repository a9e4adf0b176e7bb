/** Above a mail that is put off: until when, and the ways to change that. */
import { useEffect } from 'preact/hooks';
import { useApp, useDesk, useTexts } from '../shell/app.ts';
import type { Email } from '../sync/model.ts';
import { Icon } from '../ui/icon.tsx';

export function SnoozedLine({ email }: { readonly email: Email }) {
  const desk = useDesk();
  const { formats, router } = useApp();
  const { snooze: texts, deeds } = useTexts();
  const { snoozes } = desk;
  useEffect(() => void snoozes.load().catch(() => undefined), [email.id]);
  const snooze = snoozes.all.value.get(email.id);
  const mailbox = desk.sync.cache.byRole('snoozed')?.id;
  const chosen = { threads: [email.threadId], mailbox };
  return (
    <div class="held">
      <Icon name="clock" />
      <p>{snooze === undefined ? texts.untilMoved : texts.until(formats.value.fullTime(snooze.until))}</p>
      <button
        type="button"
        class="button"
        onClick={() => desk.ask({ kind: 'snooze', chosen, done: () => {} })}
      >
        {texts.change}
      </button>
      <button
        type="button"
        class="button quiet"
        onClick={() => {
          desk.deeds.do('inbox', chosen);
          router.back();
        }}
      >
        {deeds.inbox}
      </button>
    </div>
  );
}
