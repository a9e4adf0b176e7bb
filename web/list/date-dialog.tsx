/** Where to go in a long list: so long ago by one press, or any day. The list shows the mail of that day, or what came before it. */
import { useSignal } from '@preact/signals';
import { useApp, useDesk, useTexts } from '../shell/app.ts';
import { Window } from '../shell/dialogs.tsx';
import type { MailList } from '../sync/mail-list.ts';
import { ago, dayIn, endOf, fieldOf, STEPS } from './to-date.ts';

export interface DateDialogProps {
  readonly list: MailList;
  readonly show: (row: number) => void;
}

export function DateDialog({ list, show }: DateDialogProps) {
  const desk = useDesk();
  const { formats, language, notices } = useApp();
  const { list: texts, shell } = useTexts();
  const now = new Date();
  const field = useSignal(fieldOf(now));
  const relative = new Intl.RelativeTimeFormat(language.value);
  const go = (day: Date | undefined): void => {
    desk.answer();
    const row =
      day === undefined ? Promise.resolve((list.rows.peek().total ?? 1) - 1) : list.rowAt(endOf(day));
    row.then(show, () => notices.show({ text: texts.unreachable, isWrong: true }));
  };
  return (
    <Window title={shell.keys.goDate} onClose={() => desk.answer()}>
      <ul class="choices">
        {STEPS.map((step) => (
          <li key={step.join()}>
            <button type="button" class="snooze-time" onClick={() => go(ago(now, step))}>
              <span>{relative.format(-step[0], step[1])}</span>
              <span>{formats.value.day(ago(now, step).getTime())}</span>
            </button>
          </li>
        ))}
        <li>
          <button type="button" class="snooze-time" onClick={() => go(undefined)}>
            {texts.oldest}
          </button>
        </li>
      </ul>
      <form
        class="snooze-other"
        onSubmit={(event) => {
          event.preventDefault();
          const day = dayIn(field.value);
          if (day !== undefined) go(day);
        }}
      >
        <label class="field">
          <span>{texts.day}</span>
          <input
            class="input"
            type="date"
            max={fieldOf(now)}
            value={field.value}
            onInput={(event) => (field.value = event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="button primary" disabled={dayIn(field.value) === undefined}>
          {texts.goThere}
        </button>
      </form>
    </Window>
  );
}
