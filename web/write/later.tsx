/** When a mail is to go: the usual times by one press, any other by a field. */
import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { Question } from '../read/question.tsx';
import { useApp, useTexts } from '../shell/app.ts';
import { fieldTime, laterTimes } from './later-times.ts';

export interface LaterProps {
  readonly onTime: (untilMs: number) => void;
  readonly onClose: () => void;
}

export function Later({ onTime, onClose }: LaterProps) {
  const texts = useTexts().write;
  const { formats } = useApp();
  const times = useMemo(() => laterTimes(new Date()), []);
  const tomorrow = times.find(({ name }) => name === 'tomorrow')?.at ?? new Date();
  const time = useSignal(fieldTime(tomorrow));
  const chosenMs = new Date(time.value).getTime();
  const choice = (
    <div class="times">
      {times.map(({ name, at }) => (
        <button key={name} type="button" class="button" onClick={() => onTime(at.getTime())}>
          {texts.laterTimes[name]}
          <span>{formats.value.nearTime(at.toISOString())}</span>
        </button>
      ))}
      <label>
        {texts.otherTime}
        <input
          class="input"
          type="datetime-local"
          value={time.value}
          onInput={(event) => {
            time.value = event.currentTarget.value;
          }}
        />
      </label>
    </div>
  );
  return (
    <Question title={texts.sendLaterTitle} means="" cancel={texts.cancel} onClose={onClose} choice={choice}>
      <button
        type="button"
        class="button primary"
        disabled={!(chosenMs > Date.now())}
        onClick={() => onTime(chosenMs)}
      >
        {texts.sendAt}
      </button>
    </Question>
  );
}
