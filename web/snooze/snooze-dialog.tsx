/** Until when: the usual times by one press, any other by a field. What was put off leaves, with the line that takes it back. */
import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import type { Chosen } from '../list/deeds.ts';
import { useApp, useDesk, useTexts } from '../shell/app.ts';
import { Window } from '../shell/dialogs.tsx';
import type { EmailPatch } from '../sync/actions.ts';
import { Unreachable } from '../sync/jmap-client.ts';
import type { Email, Id } from '../sync/model.ts';
import { utcDate } from '../sync/utc-date.ts';
import { fieldTime, laterTimes } from '../write/later-times.ts';

export interface SnoozeDialogProps {
  readonly chosen: Chosen;
  readonly done: () => void;
}

export function SnoozeDialog({ chosen, done }: SnoozeDialogProps) {
  const desk = useDesk();
  const { formats } = useApp();
  const { snooze: texts, write } = useTexts();
  const put = usePut(chosen, done);
  const times = useMemo(() => laterTimes(new Date()), []);
  const field = useSignal(fieldTime(times.find(({ name }) => name === 'tomorrow')?.at ?? new Date()));
  const chosenAt = new Date(field.value);
  return (
    <Window title={texts.title} onClose={() => desk.answer()}>
      <ul class="choices">
        {times.map(({ name, at }) => (
          <li key={name}>
            <button type="button" class="snooze-time" onClick={() => put(at)}>
              <span>{write.laterTimes[name]}</span>
              <span>{formats.value.nearTime(at.toISOString())}</span>
            </button>
          </li>
        ))}
      </ul>
      <form
        class="snooze-other"
        onSubmit={(event) => {
          event.preventDefault();
          if (chosenAt.getTime() > Date.now()) put(chosenAt);
        }}
      >
        <label class="field">
          <span>{write.otherTime}</span>
          <input
            class="input"
            type="datetime-local"
            value={field.value}
            onInput={(event) => (field.value = event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="button primary" disabled={!(chosenAt.getTime() > Date.now())}>
          {texts.put}
        </button>
      </form>
    </Window>
  );
}

/** Queued like whatever else is done to mail: shown at once, and at the server when that can be reached. */
function usePut({ threads, mailbox }: Chosen, done: () => void): (at: Date) => void {
  const desk = useDesk();
  const { notices, formats } = useApp();
  const { snooze: texts, deeds, list } = useTexts();
  const { snoozes } = desk;
  const { cache, actions } = desk.sync;
  const put = (emails: readonly Email[], waits: Id, at: Date): void => {
    const before = emails.flatMap(({ id }) => snoozes.all.peek().get(id) ?? []);
    const until = utcDate(at);
    const { undo } = actions.run({ patches: emails.map((email) => waiting(email, waits)), until });
    snoozes.note(
      emails.map(({ id }) => id),
      until,
    );
    const back = (): void => {
      if (mailbox !== waits) actions.run(undo);
      // It waits where it waited, until its time before.
      else
        for (const { emailId, until: time } of before)
          actions.run({ patches: [{ id: emailId }], until: time });
    };
    notices.show({
      text: texts.done(threads.length, formats.value.nearTime(at.toISOString())),
      action: { text: deeds.undo, run: back },
    });
  };
  return (at) => {
    desk.answer();
    const emails = threads.flatMap((thread) => desk.deeds.here(thread, mailbox));
    done();
    const known = cache.byRole('snoozed')?.id;
    if (known !== undefined) return put(emails, known, at);
    snoozes.mailbox(list.roles.snoozed ?? 'Snoozed').then(
      (made) => put(emails, made, at),
      (error: unknown) =>
        notices.show({ text: error instanceof Unreachable ? texts.offline : texts.failed, isWrong: true }),
    );
  };
}

function waiting({ id, mailboxIds }: Email, waits: Id): EmailPatch {
  const leaves = Object.keys(mailboxIds).filter((one) => one !== waits);
  const comes = waits in mailboxIds ? {} : { [waits]: true };
  return {
    id,
    mailboxIds: { ...Object.fromEntries(leaves.map((one) => [one, false])), ...comes },
    keywords: { $new: false },
  };
}
