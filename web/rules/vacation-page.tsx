/** Who is away: a switch, the days, and what is answered. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { SwitchSetting } from '../settings/controls.tsx';
import { useApp, useDesk, useTexts } from '../shell/app.ts';
import { type Away, awayOf, loadVacation, saveVacation, stateOf, type VacationResponse } from './vacation.ts';

export function VacationPage() {
  const { sync } = useDesk();
  const { rules: texts } = useTexts();
  const found = useSignal<VacationResponse | 'lost' | undefined>(undefined);
  useEffect(() => {
    loadVacation(sync.client).then(
      (vacation) => (found.value = vacation),
      () => (found.value = 'lost'),
    );
  }, [sync]);
  if (found.value === 'lost') return <p class="notice wrong">{texts.unreachable}</p>;
  return found.value && <VacationForm vacation={found.value} onSaved={(saved) => (found.value = saved)} />;
}

interface FormProps {
  readonly vacation: VacationResponse;
  readonly onSaved: (vacation: VacationResponse) => void;
}

function VacationForm({ vacation, onSaved }: FormProps) {
  const { sync } = useDesk();
  const { notices } = useApp();
  const { settings, vacation: texts } = useTexts();
  const away = useSignal<Away>(awayOf(vacation));
  const isWrong = useSignal(false);
  const { isOn, firstDay, lastDay, subject, text } = away.value;
  const change = (part: Partial<Away>): void => {
    away.value = { ...away.value, ...part };
    isWrong.value = false;
  };
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    isWrong.value = firstDay !== '' && lastDay !== '' && lastDay < firstDay;
    if (isWrong.value) return;
    try {
      await saveVacation(sync.client, away.value);
      const saved = await loadVacation(sync.client);
      if (saved !== undefined) onSaved(saved);
      notices.show({ text: texts.saved });
    } catch {
      notices.show({ text: settings.notSaved, isWrong: true });
    }
  };
  // What another program wrote has a form of its own, which cannot be shown.
  const isElsewhere = vacation.isEnabled && vacation.textBody === null && vacation.htmlBody === null;
  return (
    <form class="settings-form away" onSubmit={submit}>
      <p class="hint" role="status">
        {isElsewhere ? texts.elsewhere : <AwayWord vacation={vacation} />}
      </p>
      <SwitchSetting
        name={texts.isOn}
        means={texts.isOnMeans}
        isOn={isOn}
        onChange={(is) => change({ isOn: is })}
      />
      <Days away={away.value} isWrong={isWrong.value} onChange={change} />
      <label class="field">
        <span>{texts.subject}</span>
        <input
          class="input"
          maxLength={300}
          placeholder={texts.subjectHint}
          value={subject}
          onInput={(event) => change({ subject: event.currentTarget.value })}
        />
      </label>
      <label class="field">
        <span>{texts.text}</span>
        <textarea
          class="input"
          rows={7}
          maxLength={10_000}
          placeholder={texts.textHint}
          value={text}
          onInput={(event) => change({ text: event.currentTarget.value })}
        />
      </label>
      {isWrong.value ? (
        <p class="notice wrong" role="alert">
          {texts.wrongDays}
        </p>
      ) : null}
      <button type="submit" class="button primary">
        {settings.save}
      </button>
    </form>
  );
}

interface DaysProps {
  readonly away: Away;
  readonly isWrong: boolean;
  readonly onChange: (part: Partial<Away>) => void;
}

function Days({ away: { firstDay, lastDay }, isWrong, onChange }: DaysProps) {
  const { vacation: texts } = useTexts();
  return (
    <div class="away-days">
      <label class="field">
        <span>{texts.from}</span>
        <input
          class="input"
          type="date"
          value={firstDay}
          onInput={(event) => onChange({ firstDay: event.currentTarget.value })}
        />
        <small class="hint">{texts.fromNow}</small>
      </label>
      <label class="field">
        <span>{texts.to}</span>
        <input
          class="input"
          type="date"
          value={lastDay}
          aria-invalid={isWrong}
          onInput={(event) => onChange({ lastDay: event.currentTarget.value })}
        />
        <small class="hint">{texts.toEver}</small>
      </label>
    </div>
  );
}

/** In a few words whether it answers now. */
export function AwayWord({ vacation }: { readonly vacation: VacationResponse }) {
  const { formats } = useApp();
  const { vacation: texts } = useTexts();
  const day = (iso: string | null, back = 0): string => formats.value.day(Date.parse(iso ?? '') - back);
  switch (stateOf(vacation, new Date())) {
    case 'off':
      return <>{texts.off}</>;
    case 'on':
      return <>{texts.onSince}</>;
    case 'until':
      return <>{texts.onUntil(day(vacation.toDate, 1))}</>;
    case 'from':
      return <>{texts.onFrom(day(vacation.fromDate))}</>;
    case 'over':
      return <>{texts.over}</>;
  }
}
