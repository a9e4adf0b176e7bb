/** Until when: the usual times by one press, any other by a field. What was put off leaves, with the line that takes it back. */
import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import type { Chosen } from '../list/deeds.ts';
import { useApp, useDesk, useTexts } from '../shell/app.ts';
import { Window } from '../shell/dialogs.tsx';
import { Unreachable } from '../sync/jmap-client.ts';
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

function usePut({ threads, mailbox }: Chosen, done: () => void): (at: Date) => void {
  const desk = useDesk();
  const { notices, formats } = useApp();
  const { snooze: texts, deeds, list } = useTexts();
  const { snoozes, sync } = desk;
  const say = (text: string, isWrong: boolean): void => notices.show({ text, isWrong });
  const back = (ids: readonly string[]): void =>
    void snoozes.takeBack(ids).then(
      () => desk.look(),
      () => say(texts.failed, true),
    );
  return (at) => {
    desk.answer();
    const emails = threads.flatMap((thread) => desk.deeds.here(thread, mailbox)).map(({ id }) => id);
    done();
    void snoozes.put(emails, at, list.roles.snoozed ?? 'Snoozed').then(
      (ids) => {
        notices.show({
          text: texts.done(threads.length, formats.value.nearTime(at.toISOString())),
          action: { text: deeds.undo, run: () => back(ids) },
        });
        void sync.sync();
      },
      (error: unknown) => say(error instanceof Unreachable ? texts.offline : texts.failed, true),
    );
  };
}
